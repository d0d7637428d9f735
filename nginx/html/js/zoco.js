// Nothing here is needed: pages work without it. A form is sent once, the first
// field with a fault gets the focus, and the staff's menu shows where we are.
document.addEventListener('submit', event => {
	const form = event.target;
	if (form.method !== 'post' || event.defaultPrevented)
		return;
	if (form.classList.contains('is-sending'))
		event.preventDefault();
	form.classList.add('is-sending');
});
addEventListener('pageshow', () => {
	for (const form of document.querySelectorAll('.is-sending'))
		form.classList.remove('is-sending');
});
const fault = [...document.querySelectorAll('.field-error')].find(e => e.textContent.trim() !== '');
fault?.parentElement.querySelector('input, select, textarea')?.focus();
for (const link of document.querySelectorAll('.tabs a'))
	if (location.pathname === link.pathname)
		link.setAttribute('aria-current', 'page');
for (const link of document.querySelectorAll('.menu a'))
	if (location.pathname === link.pathname ||
	    (!link.pathname.endsWith('/') && location.pathname.startsWith(link.pathname + '/')))
		link.setAttribute('aria-current', 'page');
