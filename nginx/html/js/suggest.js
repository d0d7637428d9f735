// What may be meant, while it is being typed: a listbox below the search field.
// Down and Up move, Enter goes there, Escape closes. Without it the form does.
const field = document.querySelector('.search input[type=search]');
const box = document.createElement('div');
let options = [], at = -1, asked = 0;

function close() {
	box.hidden = true;
	options = [];
	at = -1;
	field.setAttribute('aria-expanded', 'false');
	field.removeAttribute('aria-activedescendant');
}

function choose(n) {
	options[at]?.setAttribute('aria-selected', 'false');
	at = (n + options.length + 1) % (options.length + 1);
	if (at === options.length)
		at = -1;
	options[at]?.setAttribute('aria-selected', 'true');
	if (at < 0)
		field.removeAttribute('aria-activedescendant');
	else
		field.setAttribute('aria-activedescendant', options[at].id);
}

async function ask() {
	const q = field.value.trim(), mine = ++asked;
	if (q.length < 2)
		return close();
	const lang = document.documentElement.lang;
	const answer = await fetch(`/fragments/catalog/suggest?lang=${lang}&q=${encodeURIComponent(q)}`)
		.catch(() => ({ ok: false }));
	if (!answer.ok || mine !== asked)
		return;
	const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
	if (mine !== asked || document.activeElement !== field)
		return;
	box.replaceChildren(...page.body.children);
	options = [...box.querySelectorAll('[role=option]')];
	at = -1;
	box.hidden = options.length === 0;
	field.setAttribute('aria-expanded', String(!box.hidden));
}

if (field) {
	let timer;
	box.className = 'suggest';
	box.hidden = true;
	field.parentElement.append(box);
	for (const [name, value] of [['role', 'combobox'], ['autocomplete', 'off'], ['aria-autocomplete', 'list'],
		['aria-expanded', 'false'], ['aria-controls', 'suggestions']])
		field.setAttribute(name, value);
	field.addEventListener('input', () => {
		clearTimeout(timer);
		timer = setTimeout(ask, 120);
	});
	field.addEventListener('keydown', event => {
		if (event.key === 'Escape' && !box.hidden) {
			event.preventDefault();
			close();
		} else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && options.length > 0) {
			event.preventDefault();
			choose(at + (event.key === 'ArrowDown' ? 1 : at < 0 ? 0 : -1));
		} else if (event.key === 'Enter' && at >= 0) {
			event.preventDefault();
			location.assign(options[at].dataset.href);
		}
	});
	field.addEventListener('blur', close);
	box.addEventListener('pointerdown', event => event.preventDefault());
	box.addEventListener('click', event => {
		const option = event.target.closest('[role=option]');
		if (option)
			location.assign(option.dataset.href);
	});
}
