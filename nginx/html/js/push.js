// The button that subscribes this browser to Web Push; hidden where it cannot.
const place = document.getElementById('push');
const api = '/api/v1/notifications/';
if (place && 'serviceWorker' in navigator && 'PushManager' in window) {
	const button = place.querySelector('button');
	const registration = await navigator.serviceWorker.register('/static/js/push-worker.js');
	const show = on => { button.textContent = on ? button.dataset.off : button.dataset.on; };
	show(await registration.pushManager.getSubscription());
	place.hidden = false;
	const send = (method, body) => fetch(`${api}push-subscriptions`, {
		method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
	button.addEventListener('click', async () => {
		const old = await registration.pushManager.getSubscription();
		if (old) {
			await send('DELETE', { endpoint: old.endpoint });
			await old.unsubscribe();
			return show(false);
		}
		const { public_key } = await (await fetch(`${api}push-key`)).json();
		const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: public_key });
		const { endpoint, keys } = made.toJSON();
		const answer = await send('POST', { endpoint, p256dh: keys.p256dh, auth: keys.auth });
		show(answer.ok);
	});
}
