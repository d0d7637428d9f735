// Finding: words, facets with their counts, stock, suggestions; and the pages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, internal, owner, sql, staff, until, variant } from './client.mjs';

const visitor = new Client();
const get = (path, lang = 'es') => visitor.api('GET', `${path}${path.includes('?') ? '&' : '?'}lang=${lang}`);
const find = async (query, lang) => {
	const { status, body } = await get(`/catalog/products?${query}`, lang);
	assert.equal(status, 200, JSON.stringify(body));
	return body;
};
const names = body => body.items.map(i => i.name);
const facet = (body, code) => body.facets.find(f => f.code === code)?.values ?? [];
const count = (body, code, value) => facet(body, code).find(v => v.code === value)?.n;
const page = async path => (await visitor.fetch(path)).text();

// Six shirts: three colours, two brands, of which one is cheap.
let client;
test.before(async () => {
	client = await staff();
	let n = 0;
	for (const [brand, colours, price] of [['Norte', ['Añil', 'Carmesí'], 2000], ['Norte', ['Añil'], 3000],
		['Norte', ['Ocre'], 4000], ['Poniente', ['Añil', 'Ocre'], 5000], ['Poniente', ['Carmesí'], 6000],
		['Poniente', ['Ocre'], 7000]]) {
		n++;
		const answer = await client.api('POST', '/catalog/products', {
			brand, categories: ['casa'],
			texts: [{ lang: 'es', slug: `camisola-${n}`, name: `Camisola Brisa ${n}`, description: 'De quitapón.' },
				{ lang: 'en', slug: `smock-${n}`, name: `Brisa smock ${n}` }],
			options: [{ lang: 'es', values: ['Tinte'] }, { lang: 'en', values: ['Dye'] }],
			variants: colours.map((c, i) => ({ sku: `CAM-${n}-${i}`, price: { amount: price, currency: 'EUR' },
				options: [{ lang: 'es', values: [c] }] })),
		});
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
	}
});

test('words are found by their stems, beginnings, SKUs, whatever accents', async () => {
	for (const q of ['camisola', 'camisolas', 'CAMISOLÁ', 'camis', 'brisa camisol', 'CAM-1-0', 'camisola de la brisa'])
		assert.ok(names(await find(`q=${encodeURIComponent(q)}`)).some(n => n.startsWith('Camisola')), q);
	for (const q of ['smocks', 'smoc'])
		assert.equal((await find(`q=${q}`, 'en')).total, 6, q);
	const first = await find('q=camisola');
	assert.equal(first.corrected, null);
	assert.equal(first.is_nearest, false);
	assert.ok(names(await find('q=quitapon')).length === 6, 'words of the description count');
});

test('what is in the name comes before what is elsewhere', async () => {
	await client.api('POST', '/catalog/products', {
		texts: [{ lang: 'es', slug: 'percha', name: 'Percha Viento', description: 'Para una camisola.' }],
		variants: [{ sku: 'PER', price: { amount: 100, currency: 'EUR' } }] });
	const found = names(await find('q=camisola'));
	assert.equal(found.length, 7);
	assert.equal(found[6], 'Percha Viento');
});

test('mistyped words are corrected and it is said; else what is nearest', async () => {
	const typo = await find('q=camisoal');
	assert.equal(typo.corrected, 'camisola');
	assert.ok(typo.total >= 6);
	const near = await find('q=camisola+submarina');
	assert.equal(near.is_nearest, true);
	assert.ok(names(near).every(n => /Camisola|Percha/.test(n)) && near.items.length >= 6);
	const html = await page('/es/search?q=camisoal');
	assert.match(html, /Esto es lo que hay con «camisola»/);
	const none = await page('/es/search?q=xyzzyx');
	assert.match(none, /No hemos encontrado/);
	assert.match(none, /href="\/es\/c\/mesa"/, 'a way on');
});

test('facets count what would be left, and ignore their own choice', async () => {
	const all = await find('q=camisola+brisa');
	assert.equal(all.total, 6);
	assert.deepEqual(['anil', 'ocre', 'carmesi'].map(v => count(all, 'attr.tinte', v)), [3, 3, 2]);
	assert.deepEqual(['norte', 'poniente'].map(v => count(all, 'brand', v)), [3, 3]);
	const north = await find('q=camisola+brisa&brand=norte');
	assert.equal(north.total, 3);
	assert.deepEqual(['norte', 'poniente'].map(v => count(north, 'brand', v)), [3, 3]);
	assert.deepEqual(['anil', 'ocre', 'carmesi'].map(v => count(north, 'attr.tinte', v)), [2, 1, 1]);
	const both = await find('q=camisola+brisa&brand=norte&attr.tinte=anil,ocre');
	assert.equal(both.total, 3);
	assert.deepEqual(['norte', 'poniente'].map(v => count(both, 'brand', v)), [3, 2]);
	assert.deepEqual(['anil', 'ocre', 'carmesi'].map(v => count(both, 'attr.tinte', v)), [2, 1, 1]);
	assert.equal((await find('attr.tinte=nunca')).total, 0);
	assert.equal(facet(all, 'attr.tinte').find(v => v.code === 'anil').name, 'Añil');
	assert.equal((await find('q=smock', 'en')).facets.find(f => f.code === 'attr.tinte').name, 'Dye');
});

test('the kept counts of a category are those of counting, also after changes', async () => {
	const check = async () => {
		for (const category of ['', 'category=casa&', 'category=mesa&']) {
			const kept = await find(category), counted = await find(`${category}min_price=0`);
			assert.equal(kept.total, counted.total);
			assert.deepEqual(kept.facets, counted.facets);
		}
	};
	await check();
	const { body } = await get('/catalog/products/camisola-6');
	await client.api('PATCH', `/catalog/products/${body.id}`, { brand: 'Levante', categories: ['mesa'] },
		{ 'if-match': '*' });
	await check();
	assert.equal(count(await find('category=mesa'), 'brand', 'levante'), 1);
	assert.deepEqual(sql('catalog', 'SELECT count(*) AS n FROM tag_count WHERE n < 0')[0].n, 0);
});

test('prices between, in every order, page by page', async () => {
	const body = await find('q=camisola&min_price=30&max_price=60.00&sort=price');
	assert.deepEqual(body.items.map(i => i.price.amount), [3000, 4000, 5000, 6000]);
	const seen = [];
	for (let after = ''; after !== null;) {
		const part = await find(`q=camisola&limit=2${after && `&after=${after}`}`);
		seen.push(...part.items.map(i => i.id));
		after = part.next;
	}
	assert.deepEqual(seen, (await find('q=camisola&limit=100')).items.map(i => i.id));
	assert.equal((await get('/catalog/products?min_price=x')).body.errors[0].field, 'min_price');
	assert.equal((await get('/catalog/products?colour=x')).status, 422);
});

test('lists know what can be bought, by the events of inventory', async () => {
	const { body } = await get('/catalog/products/camisola-2'), id = body.variants[0].id;
	const tell = (type, number, data) => internal('inventory', 'POST', '/internal/catalog/events', { events: [{
		id: `0190a000-0000-7000-9000-${String(number).padStart(12, '0')}`, type, number,
		source: 'inventory', subject: id, actor: 'job:test', request_id: 'x', time: '2026-01-01T00:00:00Z', data }] });
	const state = async () => (await find('q=camisola&limit=100')).items.find(i => i.id === body.id).is_in_stock;
	const place = '0190a000-0000-7000-8002-000000000001';
	assert.equal(await state(), true, 'what inventory never spoke of is there');
	const answer = await tell('stock.changed', 900001, { variant_id: id, location_id: place, available: 0, backorder_limit: 0 });
	assert.equal(answer.body?.results?.[0].ok, true, JSON.stringify(answer));
	assert.equal(await state(), false);
	assert.ok(!(await find('q=camisola&in_stock=true&limit=100')).items.some(i => i.id === body.id));
	await tell('stock.released', 900003, { order_id: id, lines: [{ variant_id: id, location_id: place, available: 2 }] });
	assert.equal(await state(), true);
	await tell('stock.held', 900002, { order_id: id, lines: [{ variant_id: id, location_id: place, available: 0 }] });
	assert.equal(await state(), true, 'an older event that comes late changes nothing');
});

test('suggestions: products, categories, brands, while one types', async () => {
	const { body } = await get('/catalog/suggest?q=camiso');
	assert.ok(body.products.length > 0 && body.products.length <= 6);
	assert.ok(body.products.every(p => p.name.startsWith('Camisola')));
	assert.deepEqual((await get('/catalog/suggest?q=coc')).body.categories.map(c => c.slug), ['mesa']);
	assert.deepEqual((await get('/catalog/suggest?q=ponien')).body.brands, [{ slug: 'poniente', name: 'Poniente' }]);
	assert.deepEqual((await get('/catalog/suggest?q=%25')).body, { products: [], categories: [], brands: [] });
	const html = await page('/fragments/catalog/suggest?lang=es&q=camiso');
	assert.match(html, /role="option"[^>]*data-href="\/es\/p\/camisola-/);
});

test('the page: links choose and undo, the form keeps what was chosen', async () => {
	const html = await page('/es/search?q=camisola&brand=norte');
	assert.match(html, /href="\/es\/search\?q=camisola" rel="nofollow" aria-current="true"><span>Norte/);
	assert.match(html, /href="\/es\/search\?brand=norte,poniente&amp;q=camisola"/);
	assert.match(html, /<input type="hidden" name="brand" value="norte">/);
	assert.match(html, /3 productos/);
	assert.doesNotMatch(await page('/es/search?q=%3Cscript%3Ealert(1)'), /<script>alert/);
});

test('what the merchant says means the same finds the same', async () => {
	assert.equal((await find('q=blusones')).total, 0);
	const chief = await owner();
	const made = await chief.api('POST', '/catalog/synonyms', { lang: 'es', words: ['camisola', 'blusón'] });
	assert.equal(made.status, 201, JSON.stringify(made.body));
	assert.ok((await find('q=blusones')).total >= 6);
	assert.equal((await chief.api('GET', '/catalog/synonyms')).body.items[0].text, 'camisola, blusón');
	assert.equal((await visitor.api('POST', '/catalog/synonyms', { lang: 'es', words: ['a', 'b'] })).status, 401);
	assert.equal((await chief.api('POST', '/catalog/synonyms', { lang: 'es', words: ['a'] })).status, 422);
	assert.equal((await chief.api('DELETE', `/catalog/synonyms/${made.body.id}`)).status, 204);
	assert.equal((await find('q=blusones')).total, 0);
});

test('an old slug leads on to the product', async () => {
	const { body } = await get('/catalog/products/camisola-5');
	await client.api('PATCH', `/catalog/products/${body.id}`,
		{ texts: [{ lang: 'es', slug: 'camisola-nueva', name: 'Camisola Brisa 5' }] }, { 'if-match': '*' });
	const answer = await visitor.fetch('/es/p/camisola-5');
	assert.equal(answer.status, 303);
	assert.equal(answer.headers.get('location'), '/es/p/camisola-nueva');
});
