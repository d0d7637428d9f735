import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, customer, internal, sql, staff, until, variant } from './client.mjs';

const product = number => `0190a000-0000-7000-8001-${String(number).padStart(12, '0')}`;
const visitor = new Client();
const get = (path, headers) => visitor.api('GET', path, undefined, headers);
const prices = (ids, country = 'ES', lang = 'es') => internal('cart', 'POST', `/internal/catalog/prices?lang=${lang}`,
	{ variant_ids: ids, country });
const fields = answer => answer.body.errors.map(e => [e.field, e.code]);

let made = 0;
// A product of its own for each test.
function lamp(more = {}) {
	const n = ++made;
	return {
		brand: 'Faro', categories: ['luz'],
		texts: [{ lang: 'es', slug: `farol-${n}`, name: `Farol número ${n}`, description: 'Una línea.\nY otra.' }],
		options: [{ lang: 'es', values: ['Color', 'Talla'] }],
		variants: [
			{ sku: `F-${n}-1`, price: { amount: 4900, currency: 'EUR' }, options: [{ lang: 'es', values: ['Rojo', 'M'] }] },
			{ sku: `F-${n}-2`, price: { amount: 3900, currency: 'EUR' }, tax_class: 'reduced', weight_g: 700,
				options: [{ lang: 'es', values: ['Azul', 'L'] }, { lang: 'en', values: ['Blue', 'L'] }] },
		],
		images: [{ src: '/static/img/products/001.svg', texts: [{ lang: 'es', alt: 'Un farol' }] }],
		...more,
	};
}

async function create(client, more) {
	const answer = await client.api('POST', '/catalog/products', lamp(more));
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	return answer;
}

// All items of a list, page by page.
async function all(query, limit) {
	const items = [];
	let after = '';
	for (let pages = 0; pages < 200; pages++) {
		const { status, body } = await get(`/catalog/products?limit=${limit}&${query}${after}`);
		assert.equal(status, 200, JSON.stringify(body));
		assert.ok(body.items.length <= limit);
		items.push(...body.items);
		if (body.next === null)
			return items;
		after = `&after=${body.next}`;
	}
	throw new Error('the pages have no end');
}

test('the demo: eighty things in two languages, each with a picture that is there', async () => {
	const pictures = new Set();
	for (const lang of ['es', 'en']) {
		const items = await all(`lang=${lang}`, 100);
		assert.ok(items.length >= 80);
		for (const item of items.filter(i => i.image)) {
			const picture = await visitor.fetch(item.image);
			assert.equal(picture.status, 200, item.image);
			assert.equal(picture.headers.get('content-type'), 'image/webp');
			pictures.add(Buffer.from(await picture.arrayBuffer()).toString('latin1'));
		}
		assert.ok([...pictures].every(text => text.length < 12000));
		assert.equal(pictures.size, 88, 'each thing has a picture of its own');
	}
	const { body } = await get('/catalog/categories?lang=en');
	assert.equal(body.items.length, 9);
	assert.equal(body.items[0].slug, 'table');
});

test('a product answers to its id and to its slug in either language', async () => {
	const byId = await get(`/catalog/products/${product(1)}?lang=en`);
	assert.equal(byId.status, 200);
	assert.equal(byId.body.name, 'Alba clay mug');
	assert.deepEqual(Object.keys(byId.body).sort(), ['attributes', 'brand', 'categories', 'description', 'id', 'images',
		'name', 'options', 'price', 'seo_description', 'seo_title', 'slug', 'variants', 'version']);
	assert.equal(byId.body.variants[0].id, variant(1));
	assert.deepEqual(byId.body.price, { amount: 1450, currency: 'EUR' });
	assert.match(byId.headers.get('etag'), /^(W\/)?"\d+"$/);
	for (const slug of ['alba-clay-mug', 'taza-de-barro-alba'])
		assert.deepEqual((await get(`/catalog/products/${slug}?lang=en`)).body, byId.body);
	assert.equal((await get('/catalog/products/no-such-thing')).status, 404);
	assert.equal((await get(`/catalog/products/${product(999)}`)).status, 404);
});

test('pages of a list meet without gap or repetition, in every order', async () => {
	for (const [sort, key] of [['newest', i => i.id], ['price', i => i.price.amount], ['-price', i => i.price.amount],
		['name', i => i.name]]) {
		const whole = await all(`sort=${sort}`, 100), parts = await all(`sort=${sort}`, 5);
		assert.deepEqual(parts, whole, sort);
		assert.equal(new Set(whole.map(i => i.id)).size, whole.length);
		const keys = whole.map(key), down = sort === '-price' || sort === 'newest';
		for (let i = 1; i < keys.length; i++)
			assert.ok(down ? keys[i - 1] >= keys[i] : keys[i - 1] <= keys[i], `${sort}: ${keys[i - 1]}, ${keys[i]}`);
	}
});

test('a cursor that is not one of ours is a fault of the field', async () => {
	const cursor = text => Buffer.from(text).toString('base64url');
	for (const [sort, after] of [['price', `99999999999999999999|${product(1)}`], ['price', `|${product(1)}`],
		['newest', `1|${product(1)}`], ['name', `zz|${product(1)}`], ['name', `ff|${product(1)}`],
		['name', `00|${product(1)}`], ['price', '1|2'], ['price', '1']]) {
		const answer = await get(`/catalog/products?sort=${sort}&after=${cursor(after)}`);
		assert.equal(answer.status, 422, `${sort} ${after}`);
		assert.deepEqual(fields(answer), [['after', 'cursor']]);
	}
});

test('names with any character can be paged', async () => {
	const client = await staff();
	for (const name of ['A|B|C', 'A' + '|ñ€😀'.repeat(49)])
		await create(client, { texts: [{ lang: 'es', slug: `barra-${name.length}`, name }] });
	assert.deepEqual(await all('sort=name', 1), await all('sort=name', 100));
});

test('search: all words, their beginnings, whatever accents and case', async () => {
	for (const q of ['alba', 'TAZA barro', 'taza alb', 'úbeda', 'ubeda', 'Úb'])
		assert.equal((await get(`/catalog/products?q=${encodeURIComponent(q)}`)).body.items
			.filter(i => i.id === product(1)).length, 1, q);
	for (const q of ['zzz', '&|!:*', "'", '%', '()', '\\'])
		assert.deepEqual((await get(`/catalog/products?q=${encodeURIComponent(q)}`)).body.items, [], q);
	assert.ok((await get('/catalog/products?q=mug&lang=en')).body.items.length > 0);
});

test('a category by id or slug in either language; an unknown one is not there', async () => {
	const ids = async query => (await all(query, 100)).map(i => i.id);
	const mesa = await ids('category=mesa');
	assert.ok(mesa.includes(product(1)) && mesa.length < 24);
	assert.deepEqual(await ids('category=table&lang=en'), mesa);
	assert.deepEqual(await ids('category=mesa&lang=en'), mesa);
	assert.deepEqual(await ids('category=0190a000-0000-7000-8003-000000000001'), mesa);
	assert.equal((await get('/catalog/products?category=nothing')).status, 404);
});

test('only who may write does, and what was refused changes nothing', async () => {
	const before = sql('catalog', 'SELECT id, version FROM product ORDER BY id');
	const buyer = await customer();
	const tries = [['POST', '/catalog/products', lamp()], ['PATCH', `/catalog/products/${product(1)}`, { brand: 'X' }],
		['DELETE', `/catalog/products/${product(1)}`, undefined],
		['POST', `/catalog/products/${product(1)}/variants`, lamp().variants[0]],
		['PATCH', `/catalog/variants/${variant(1)}`, { price: { amount: 1, currency: 'EUR' } }]];
	for (const [method, path, body] of tries) {
		assert.equal((await visitor.api(method, path, body, { 'if-match': '*' })).status, 401, `${method} ${path}`);
		assert.equal((await buyer.api(method, path, body, { 'if-match': '*' })).status, 403, `${method} ${path}`);
	}
	assert.deepEqual(sql('catalog', 'SELECT id, version FROM product ORDER BY id'), before);
});

test('a new product is in the shop at once, its missing words in Spanish', async () => {
	const client = await staff(), { body, headers } = await create(client);
	assert.equal(body.version, 2);
	assert.match(headers.get('etag'), /"2"$/);
	assert.deepEqual(body.price, { amount: 3900, currency: 'EUR' });
	assert.deepEqual(body.categories, [{ slug: 'luz', name: 'Luz' }]);
	assert.deepEqual(body.options, ['Color', 'Talla']);
	assert.deepEqual(body.variants.map(v => v.options), [['Rojo', 'M'], ['Azul', 'L']]);
	assert.deepEqual(body.images, [{ src: '/static/img/products/001.svg', alt: 'Un farol', width: 640, height: 640, srcset: '' }]);
	const english = (await get(`/catalog/products/${body.id}?lang=en`)).body;
	assert.equal(english.name, body.name);
	assert.deepEqual(english.options, ['Color', 'Talla']);
	assert.deepEqual(english.variants.map(v => v.options), [['Rojo', 'M'], ['Blue', 'L']]);
	assert.deepEqual(english.categories, [{ slug: 'light', name: 'Light' }]);
	assert.equal((await all('category=luz', 100))[0].id, body.id);
	assert.equal(sql('catalog', `SELECT 1 FROM outbox WHERE type = 'product.changed' AND subject = '${body.id}'`).length, 1);
});

test('all faults of a product are named at once, and nothing of it is kept', async () => {
	const client = await staff(), bad = lamp({ categories: ['luz', 'nada'] });
	bad.variants[0].price.amount = -1;
	bad.variants[1].options = [{ lang: 'es', values: ['Azul'] }];
	let answer = await client.api('POST', '/catalog/products', bad);
	assert.equal(answer.status, 422);
	assert.deepEqual(fields(answer).sort(), [['categories.1', 'choice'], ['variants.0.price', 'range'],
		['variants.1.options.0.values', 'elements']]);
	for (const [change, field, code] of [
		[p => { p.variants[0].price.currency = 'USD'; }, 'variants.0.price', 'currency'],
		[p => { p.variants[0].tax_class = 'none'; }, 'variants.0.tax_class', 'choice'],
		[p => { p.variants[1].options = []; }, 'variants.1.options', 'required'],
		[p => { p.texts[0].lang = 'fr'; }, 'texts.0.lang', 'choice'],
		[p => { p.texts[0].slug = 'No Slug'; }, 'texts.0.slug', 'slug'],
		[p => { p.images[0].src = 'https://elsewhere.example/a.png'; }, 'images.0.src', 'format'],
		[p => { p.images[0].src = '/media/../etc'; }, 'images.0.src', 'format'],
		[p => { p.variants = []; }, 'variants', 'elements'],
		[p => { delete p.texts; }, 'texts', 'required'],
		[p => { p.options.push({ lang: 'en', values: ['Colour'] }); }, 'options.1.values', 'elements'],
	]) {
		const given = lamp();
		change(given);
		answer = await client.api('POST', '/catalog/products', given);
		assert.equal(answer.status, 422, field);
		assert.deepEqual(fields(answer), [[field, code]]);
	}
	const twice = lamp();
	twice.texts.push(twice.texts[0]);
	assert.equal((await client.api('POST', '/catalog/products', twice)).status, 422);
	assert.deepEqual(sql('catalog', "SELECT 1 FROM product_text WHERE slug LIKE 'farol-%' AND product_id NOT IN"
		+ ' (SELECT product_id FROM product_document)'), []);
});

test('an SKU and a slug exist once', async () => {
	const client = await staff(), { body } = await create(client);
	for (const given of [
		lamp({ variants: [{ sku: body.variants[0].sku, price: { amount: 1, currency: 'EUR' } }], options: [] }),
		lamp({ texts: [{ lang: 'es', slug: body.slug, name: 'Otro' }] }),
		lamp({ texts: [{ lang: 'en', slug: body.slug, name: 'Stands in for English too' }] }),
	]) {
		const answer = await client.api('POST', '/catalog/products', given);
		assert.equal(answer.status, 409, JSON.stringify(answer.body));
		assert.equal(answer.body.type, '/problems/already-exists');
	}
});

test('words change under If-Match: missing 428, stale 412, right 200', async () => {
	const client = await staff(), { body, headers } = await create(client);
	const path = `/catalog/products/${body.id}`, etag = headers.get('etag');
	const english = { lang: 'en', slug: `lantern-${body.slug}`, name: 'Lantern', description: 'Bright.' };
	assert.equal((await client.api('PATCH', path, { texts: [english] })).status, 428);
	assert.equal((await client.api('PATCH', path, { texts: [english] }, { 'if-match': '"1"' })).status, 412);
	const answer = await client.api('PATCH', path, { texts: [english], categories: [] }, { 'if-match': etag });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	assert.notEqual(answer.headers.get('etag'), etag);
	assert.deepEqual(answer.body.categories, []);
	assert.equal(answer.body.name, body.name);
	assert.equal((await get(`${path}?lang=en`)).body.name, 'Lantern');
	assert.equal((await client.api('PATCH', path, { brand: 'Otra' }, { 'if-match': etag })).status, 412);
	assert.equal((await get(path)).body.brand, 'Faro');
	const gone = await client.api('PATCH', `/catalog/products/${product(999)}`, {}, { 'if-match': '*' });
	assert.equal(gone.status, 404);
});

test('a new price reaches product, list, prices for the cart and the audit', async () => {
	const client = await staff(), { body } = await create(client);
	const [first, second] = body.variants, path = `/catalog/variants/${second.id}`;
	for (const [price, code] of [[{ amount: -5, currency: 'EUR' }, 'range'], [{ amount: 5, currency: 'USD' }, 'currency'],
		[{ amount: 1.5, currency: 'EUR' }, 'money']])
		assert.deepEqual(fields(await client.api('PATCH', path, { price }, { 'if-match': '*' })), [['price', code]]);
	const price = { amount: 2500, currency: 'EUR' };
	assert.equal((await client.api('PATCH', path, { price })).status, 428);
	const answer = await client.api('PATCH', path, { price }, { 'if-match': `"${body.version}"` });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	assert.deepEqual(answer.body.price, price);
	assert.deepEqual((await all('category=luz', 100)).find(i => i.id === body.id).price, price);
	const items = (await prices([first.id, second.id])).body.items;
	assert.equal(items.find(i => i.variant_id === second.id).unit_gross, 2500);
	const [event] = sql('catalog', `SELECT data, actor FROM outbox WHERE subject = '${body.id}' ORDER BY number DESC LIMIT 1`);
	assert.deepEqual(event.data, { id: second.id, price });
	assert.match(event.actor, /^user:/);
});

test('a further variant; one that lacks a value or a product is refused', async () => {
	const client = await staff(), { body } = await create(client), path = `/catalog/products/${body.id}/variants`;
	const further = { sku: `${body.variants[0].sku}-B`, price: { amount: 100, currency: 'EUR' } };
	assert.deepEqual(fields(await client.api('POST', path, further)), [['options', 'required']]);
	further.options = [{ lang: 'es', values: ['Verde', 'S'] }];
	const answer = await client.api('POST', path, further);
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	assert.deepEqual(answer.body.variants.at(-1).options, ['Verde', 'S']);
	assert.equal(answer.body.price.amount, 100);
	assert.equal((await client.api('POST', path, further)).status, 409);
	assert.equal((await client.api('POST', `/catalog/products/${product(999)}/variants`, further)).status, 404);
});

test('archived, a product is out of the shop, the list, and the cart', async () => {
	const client = await staff(), { body } = await create(client), path = `/catalog/products/${body.id}`;
	assert.equal((await client.api('DELETE', path)).status, 428);
	assert.equal((await client.api('DELETE', path, undefined, { 'if-match': `"${body.version}"` })).status, 204);
	assert.equal((await get(path)).status, 404);
	assert.equal((await all('', 100)).filter(i => i.id === body.id).length, 0);
	assert.deepEqual((await prices([body.variants[0].id])).body.items, []);
	assert.equal((await client.api('DELETE', path, undefined, { 'if-match': '*' })).status, 404);
	assert.equal((await client.api('PATCH', `/catalog/variants/${body.variants[0].id}`,
		{ price: { amount: 1, currency: 'EUR' } }, { 'if-match': '*' })).status, 404);
	assert.equal(sql('catalog', `SELECT 1 FROM variant WHERE product_id = '${body.id}'`).length, 2);
});

test('forty changes at once: each is whole, the read model tells the last', async () => {
	const client = await staff(), { body } = await create(client);
	const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => client.api('PATCH',
		`/catalog/variants/${body.variants[i % 2].id}`, { price: { amount: 1000 + i, currency: 'EUR' } }, { 'if-match': '*' })));
	assert.deepEqual(answers.map(a => a.status).filter(s => s !== 200), []);
	const now = (await get(`/catalog/products/${body.id}`)).body;
	assert.equal(now.version, body.version + 40);
	const stored = sql('catalog', `SELECT variant_id, amount FROM price WHERE variant_id IN
		('${body.variants[0].id}', '${body.variants[1].id}')`);
	for (const { variant_id, amount } of stored)
		assert.equal(now.variants.find(v => v.id === variant_id).price.amount, amount);
	// Of two who read the same version, one wins.
	const race = await Promise.all([1, 2].map(amount => client.api('PATCH', `/catalog/variants/${body.variants[0].id}`,
		{ price: { amount, currency: 'EUR' } }, { 'if-match': `"${now.version}"` })));
	assert.deepEqual(race.map(a => a.status).sort(), [200, 412]);
});

test('prices: net and tax of the country add up to the gross; words of the language', async () => {
	const unknown = variant(999), ids = [variant(1), variant(2), unknown, 'nonsense'];
	for (const [country, rate] of [['ES', 2100], ['DE', 1900], ['US', 0]]) {
		const { status, body } = await prices(ids, country);
		assert.equal(status, 200);
		assert.equal(body.shipping_tax_rate, rate);
		assert.equal(body.prices_include_tax, true);
		assert.deepEqual(body.items.map(i => i.variant_id).sort(), [variant(1), variant(2)]);
		for (const item of body.items) {
			assert.equal(item.unit_net + item.unit_tax, item.unit_gross);
			assert.equal(item.tax_rate, rate);
			assert.equal(item.unit_net, Math.round(item.unit_gross / (1 + rate / 10000)));
			assert.equal(item.currency, 'EUR');
			assert.ok(item.is_available && item.weight_g > 0);
		}
	}
	const [spanish] = (await prices([variant(1)])).body.items;
	assert.deepEqual([spanish.name, spanish.options, spanish.sku, spanish.slug],
		['Taza de barro Alba', 'Rojo', 'ZC-001-01', 'taza-de-barro-alba']);
	assert.equal((await internal('payments', 'POST', '/internal/catalog/prices', { variant_ids: [] })).status, 404);
});

test('pages: home, category, search and product, in two languages', async () => {
	const page = async (path, status = 200) => {
		const answer = await visitor.fetch(path), text = await answer.text();
		assert.equal(answer.status, status, path);
		if (status === 200) {
			assert.equal(text.match(/<h1[ >]/g)?.length, 1, `${path}: h1`);
			assert.doesNotMatch(text, /style="| on\w+="|\{\{/, path);
		}
		return { text, location: answer.headers.get('location') };
	};
	for (const path of ['/es/', '/en/', '/es/c/mesa', '/en/c/table', '/es/search?q=taza', '/es/search', '/en/p/alba-clay-mug'])
		await page(path);
	const { text } = await page('/es/p/taza-de-barro-alba');
	assert.match(text, /Taza de barro Alba/);
	assert.match(text, /14,50\s€/);
	assert.match(text, new RegExp(`name="variant_id" value="${variant(1)}" checked`));
	assert.match(text, /action="\/es\/cart\/items"/);
	assert.match(text, /class="availability"/);
	const single = (await page('/es/p/tijeras-de-podar')).text;
	assert.match(single, new RegExp(`<input type="hidden" name="variant_id" value="${variant(23)}">`));
	assert.doesNotMatch(single, /type="radio"/);
	assert.match((await page('/es/search?q=zzzz')).text, /No hemos encontrado/);
	assert.equal((await page('/en/p/taza-de-barro-alba', 303)).location, '/en/p/alba-clay-mug');
	assert.equal((await page('/en/c/mesa', 303)).location, '/en/c/table');
	await page('/es/p/nothing', 404);
	await page('/es/c/nothing', 404);
	const hostile = '"><script>alert(1)</script>&after=x';
	assert.doesNotMatch((await page(`/es/search?q=${encodeURIComponent(hostile)}`)).text, /<script>alert/);
});

test('the way to more of a list keeps words that look like a query', async () => {
	const client = await staff();
	for (let i = 0; i < 21; i++)
		await create(client, { brand: 'Rojo & Quimera' });
	const text = await (await visitor.fetch(`/es/search?q=${encodeURIComponent('rojo & quimera')}`)).text();
	const href = text.match(/href="([^"]*)" rel="next"/)[1].replaceAll('&amp;', '&');
	const next = await (await visitor.fetch(href)).text();
	assert.equal(next.match(/class="product-card"/g).length, 1);
	assert.match(next, /value="rojo &amp; quimera"/);
});

test('a page out of the cache does not wait for the client\'s delayed ACK', async () => {
	const took = [];
	for (let i = 0; i < 21; i++) {
		const start = performance.now();
		await (await visitor.fetch('/es/p/taza-de-barro-alba', { headers: { 'accept-encoding': 'identity' } })).text();
		took.push(performance.now() - start);
	}
	took.sort((a, b) => a - b);
	assert.ok(took[13] < 35, `${took.map(Math.round)} ms`);
});
