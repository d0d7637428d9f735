// Nothing here is needed: pages work without it. A form is sent once, the first
// field with a fault gets the focus, and the staff's menu shows where we are.
document.addEventListener('submit', event => {
	const form = event.target;
	if (form.method !== 'post' || event.defaultPrevented || event.submitter?.formTarget)
		return;
	if (form.classList.contains('is-sending'))
		event.preventDefault();
	form.classList.add('is-sending');
});
addEventListener('pageshow', () => {
	for (const form of document.querySelectorAll('.is-sending'))
		form.classList.remove('is-sending');
});
// Leaving a form of staff that was changed and not sent is asked about.
const guarded = document.querySelector('form[data-guard]');
if (guarded) {
	const state = () => JSON.stringify([...new FormData(guarded)]);
	const before = document.querySelector('.notice-error') ? '' : state();
	addEventListener('beforeunload', event => {
		if (!guarded.classList.contains('is-sending') && state() !== before)
			event.preventDefault();
	});
}
const fault = [...document.querySelectorAll('.field-error')].find(e => e.textContent.trim() !== '');
fault?.parentElement.querySelector('input, select, textarea')?.focus();
for (const link of document.querySelectorAll('.tabs a'))
	if (location.pathname === link.pathname)
		link.setAttribute('aria-current', 'page');
for (const link of document.querySelectorAll('.menu a'))
	if (location.pathname === link.pathname ||
	    (!link.pathname.endsWith('/') && location.pathname.startsWith(link.pathname + '/')))
		link.setAttribute('aria-current', 'page');

// Live stock. A stream says what has changed; whenever it opens, the present
// state is asked for, since what happened before is not in it. An answer may be
// older than a message that comes before it: then it is asked for once more.
function listen(path, catchUp, onMessage) {
	const stream = new EventSource(path);
	let isAsking = false, again = false;
	const refresh = async () => {
		again = true;
		if (isAsking)
			return;
		isAsking = true;
		while (again) {
			again = false;
			await catchUp().catch(() => {});	// gone? the next message asks again
		}
		isAsking = false;
	};
	stream.addEventListener('open', refresh);
	stream.addEventListener('message', event => {
		again = isAsking;
		onMessage(JSON.parse(event.data), refresh);
	});
	addEventListener('pagehide', () => stream.close());
}
async function replace(path, selector, place) {
	const answer = await fetch(path);
	const made = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector(selector);
	if (made && made.innerHTML !== place.innerHTML)
		place.replaceChildren(...made.childNodes);
}
function show(cell, value) {
	if (!cell || cell.textContent === String(value))
		return;
	cell.textContent = value;
	cell.classList.remove('is-changed');
	void cell.offsetWidth;		// so that it moves again
	cell.classList.add('is-changed');
}
const levels = document.querySelector('table[data-live=stock]');
if (levels)
	listen('/live/staff/stock', () => replace(location.href, 'table[data-live=stock] tbody', levels.tBodies[0]), changed => {
		for (const level of changed) {
			const row = levels.querySelector(`[data-level="${level.variant_id}/${level.location}"]`);
			for (const cell of row?.querySelectorAll('[data-field]') ?? [])
				show(cell, level[cell.dataset.field]);
			const available = row?.querySelector('[data-field=available]');
			for (const name of ['badge', 'badge-low'])
				available?.classList.toggle(name, level.available <= level.threshold);
		}
	});
const availability = document.querySelector('[data-live=availability]');
if (availability) {
	const { variants, labels } = availability.dataset, lang = document.documentElement.lang;
	const catchUp = () => replace(`/fragments/inventory/availability?lang=${lang}&variants=${variants}&labels=${encodeURIComponent(labels)}`, '[data-live=availability]', availability);
	listen(`/live/shop?v=${variants}`, catchUp, (changed, refresh) => {
		const badge = availability.querySelector(`[data-variant="${changed.variant_id}"] .badge`);
		if (badge && !badge.classList.contains('badge-out') && changed.state !== 'out') {
			show(badge, changed[lang]);
			badge.className = `badge badge-${changed.state} is-changed`;
		} else if (badge || changed.state !== 'in_stock') {
			setTimeout(refresh, Math.random() * 500);	// another shape: not all at once
		}
	});
}

// A product: the chosen variant shows its picture, its price, and whether it is
// there; the bar at the foot of a phone goes while the button itself is seen.
const buy = document.querySelector('#buy');
if (buy) {
	const picks = [...buy.querySelectorAll('.pick input')];
	const mark = () => {
		for (const pick of picks) {
			const state = availability?.querySelector(`[data-variant="${pick.value}"]`);
			pick.parentElement.classList.toggle('is-out', Boolean(state?.querySelector('.badge-out')));
			if (state)
				state.hidden = !pick.checked;
		}
	};
	buy.addEventListener('change', ({ target }) => {
		if (target.name !== 'variant_id')
			return;
		mark();
		for (const price of document.querySelectorAll('#price, .buy-bar .price'))
			price.textContent = target.dataset.price;
		const gallery = document.querySelector('#gallery'), picture = gallery.children[target.dataset.picture - 1];
		if (picture)
			gallery.scrollTo({ left: picture.offsetLeft - gallery.offsetLeft });
	});
	mark();
	if (availability)
		new MutationObserver(mark).observe(availability, { childList: true, subtree: true, attributeFilter: ['class'] });
	const bar = document.querySelector('.buy-bar');
	new IntersectionObserver(([entry]) => bar.classList.toggle('is-away', entry.isIntersecting))
		.observe(buy.querySelector('.button'));
}
