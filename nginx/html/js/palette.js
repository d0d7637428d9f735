// Ctrl+K on the pages of staff: go to a page, an order or a product by typing.
// Nothing here is needed: the menu and the lists lead there too.
const menu = document.querySelector('.menu'), lang = document.documentElement.lang;
const dialog = document.createElement('dialog');
dialog.className = 'palette';
dialog.setAttribute('aria-label', menu.dataset.palette);
dialog.innerHTML = '<input type="search" role="combobox" aria-autocomplete="list" aria-expanded="true" aria-controls="palette-list" autocomplete="off" spellcheck="false"><ul class="suggest-list" role="listbox" id="palette-list"></ul>';
const [field, list] = dialog.children;
field.placeholder = menu.dataset.palette;
for (const part of dialog.children)
	part.setAttribute('aria-label', menu.dataset.palette);
const opener = document.createElement('button');
opener.className = 'button button-quiet';
opener.textContent = `${menu.dataset.palette} (Ctrl+K)`;
opener.addEventListener('click', () => open());
menu.append(opener);
document.body.append(dialog);

const fold = text => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
let chosen = 0, asked = 0;
function choose(n) {
	const items = list.children;
	chosen = items.length ? (n + items.length) % items.length : 0;
	[...items].forEach((item, i) => item.setAttribute('aria-selected', i === chosen));
	field.setAttribute('aria-activedescendant', items[chosen]?.id ?? '');
	items[chosen]?.scrollIntoView({ block: 'nearest' });
}
function show(found) {
	list.replaceChildren(...found.map(({ text, more, href }, i) => {
		const item = document.createElement('li');
		item.id = `palette-${i}`;
		item.setAttribute('role', 'option');
		item.dataset.href = href;
		item.append(text);
		if (more)
			item.append(Object.assign(document.createElement('span'), { className: 'muted', textContent: more }));
		return item;
	}));
	choose(0);
}
async function items(path) {
	const answer = await fetch(`/api/v1/${path}&lang=${lang}`).catch(() => null);
	return answer?.ok ? (await answer.json()).items : [];
}
async function look() {
	const typed = field.value.trim(), q = encodeURIComponent(typed), mine = ++asked;
	const pages = [...menu.querySelectorAll('a')].filter(a => fold(a.textContent).includes(fold(typed)))
		.map(a => ({ text: a.textContent, href: a.href }));
	show(pages);
	if (typed.length < 2)
		return;
	await new Promise(resolve => setTimeout(resolve, 150));
	if (mine !== asked)
		return;
	const [orders, products] = await Promise.all([items(`orders?limit=5&q=${q}`), items(`catalog/products?limit=5&facets=false&q=${q}`)]);
	if (mine === asked)
		show([...pages, ...orders.map(o => ({ text: o.number, more: o.name, href: `/${lang}/admin/orders/${o.id}` })),
			...products.map(p => ({ text: p.name, href: `/${lang}/admin/products/${p.id}` }))]);
}
function open() {
	field.value = '';
	dialog.showModal();
	look();
}
const go = item => item && location.assign(item.dataset.href);
field.addEventListener('input', look);
list.addEventListener('click', event => go(event.target.closest('li')));
field.addEventListener('keydown', event => {
	const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
	if (step)
		choose(chosen + step);
	else if (event.key === 'Enter')
		go(list.children[chosen]);
	else
		return;
	event.preventDefault();
});
addEventListener('keydown', event => {
	if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
		event.preventDefault();
		open();
	}
});
