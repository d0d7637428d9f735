// Nothing here is needed: pages work without it. A form is sent once, and the
// first field with a fault gets the focus.
for (const form of document.querySelectorAll('form[method="post"]'))
	form.addEventListener('submit', event => {
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
