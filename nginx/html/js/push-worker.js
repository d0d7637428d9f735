// Shows what the shop pushes, and opens the page that it is about.
self.addEventListener('push', event => {
	const { title, url, tag } = event.data.json();
	event.waitUntil(self.registration.showNotification(title, { tag, data: url, icon: '/static/img/favicon.svg' }));
});
self.addEventListener('notificationclick', event => {
	event.notification.close();
	event.waitUntil(self.clients.openWindow(event.notification.data));
});
