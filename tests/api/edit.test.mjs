// Staff edit products: drafts, words, attributes, options, variants, pictures;
// as a program does, and on the pages. Nothing typed is lost.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, customer, sql, staff, until, variant } from './client.mjs';

const visitor = new Client(), boss = await staff();
const fields = answer => answer.body.errors.map(e => [e.field, e.code]);
const euros = amount => ({ amount, currency: 'EUR' });
const source = async id => (await boss.api('GET', `/catalog/products/${id}/source`)).body;
const change = (id, body, match = '*') => boss.api('PATCH', `/catalog/products/${id}`, body, { 'if-match': match });
const vary = (id, body) => boss.api('PATCH', `/catalog/variants/${id}`, body, { 'if-match': '*' });

let made = 0;
async function create(more = {}) {
	const n = ++made;
	const { status, body } = await boss.api('POST', '/catalog/products', {
		texts: [{ lang: 'es', slug: `candil-${n}`, name: `Candil ${n}` }],
		variants: [{ sku: `CAN-${n}`, price: euros(4900) }], ...more });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}
// The values of a page's form, as a browser would send them.
function formOf(html, action) {
	const form = html.split('<form').find(part => part.includes(`method="post" action="${action}"`)).split('</form>')[0];
	const text = value => value.replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
	const pairs = [...form.matchAll(/<input([^>]*)>/g)].map(m => m[1]).filter(a => / name="/.test(a) &&
		(!/type="checkbox"/.test(a) || / checked/.test(a))).map(a => [/ name="([^"]*)"/.exec(a)[1], text(/ value="([^"]*)"/.exec(a)?.[1] ?? '')]);
	for (const [, name, body] of form.matchAll(/<textarea[^>]* name="([^"]*)"[^>]*>([^<]*)</g))
		pairs.push([name, text(body)]);
	for (const [, name, body] of form.matchAll(/<select[^>]* name="([^"]*)"[^>]*>(.*?)<\/select>/gs))
		pairs.push([name, (/value="([^"]*)" selected/.exec(body) ?? /value="([^"]*)"/.exec(body))[1]]);
	return pairs;
}
const page = async path => (await boss.fetch(path)).text();
async function fill(path, changes, action = path) {
	const pairs = formOf(await page(path), action).filter(([name]) => !(name in changes));
	return [...pairs, ...Object.entries(changes).flatMap(([name, value]) => [value].flat().map(v => [name, v]))];
}

test('a draft is not in the shop until it is; its prices before that are no history', async () => {
	const draft = await create({ status: 'draft' }), path = `/catalog/products/${draft.id}`;
	assert.deepEqual(draft.price, euros(4900));
	assert.equal((await visitor.api('GET', path)).status, 404);
	const listed = async status => (await boss.api('GET', `/catalog/unlisted?status=${status}`)).body.items.some(i => i.id === draft.id);
	assert.equal(await listed('draft'), true);
	assert.equal((await vary(draft.variants[0].id, { price: euros(5900) })).status, 200);
	assert.equal((await change(draft.id, { status: 'active' })).status, 200);
	assert.equal((await visitor.api('GET', path)).status, 200);
	assert.equal(await listed('draft'), false);
	assert.deepEqual(sql('catalog', `SELECT amount FROM price_history WHERE variant_id = '${draft.variants[0].id}'`), [{ amount: 5900 }]);
	assert.equal((await boss.api('DELETE', path, undefined, { 'if-match': '*' })).status, 204);
	assert.equal(await listed('archived'), true);
	assert.equal((await change(draft.id, { status: 'active' })).status, 200, 'and back');
	assert.equal((await visitor.api('GET', path)).status, 200);
});

test('all parts of a product change, each only if given; the source tells them', async () => {
	const other = await create(), third = await create(), { id } = await create();
	const attribute = sql('catalog', `SELECT t.facet || '=' || t.code AS name FROM tag t JOIN attribute a ON a.code = t.facet
		ORDER BY t.id LIMIT 1`)[0].name;
	const parts = { brand: 'Alba', categories: ['luz'], attributes: [attribute],
		options: [{ lang: 'es', values: ['Tamaño'] }, { lang: 'en', values: ['Size'] }],
		similar: [other.slug, third.id], together: [other.variants[0].sku],
		texts: [{ lang: 'en', slug: `lamp-${id.slice(-8)}`, name: 'Lamp', seo_title: 'A lamp', seo_description: 'Bright' }] };
	assert.equal((await change(id, parts)).status, 200);
	const stored = await source(id);
	assert.deepEqual([stored.brand, stored.attributes, stored.options, stored.similar, stored.together],
		['Alba', [attribute], [{ es: 'Tamaño', en: 'Size' }], [other.id, third.id], [other.id]]);
	assert.deepEqual([stored.texts.en.seo_title, stored.texts.es.name.startsWith('Candil')], ['A lamp', true]);
	assert.equal((await change(id, { brand: 'Otra' })).status, 200);
	assert.deepEqual({ ...await source(id), version: 0, brand: '' }, { ...stored, version: 0, brand: '' });
	assert.deepEqual(fields(await change(id, { attributes: ['no=such'], similar: [id, 'nobody'] })),
		[['attributes.0', 'choice'], ['similar.0', 'choice'], ['similar.1', 'choice']]);
	assert.equal((await change(id, { brand: 'X' }, `"${stored.version}"`)).status, 412);
	assert.equal((await boss.api('GET', `/catalog/products/${visitor_id()}/source`)).status, 404);
});

test('picks are shown beside a product, in their order, and with a cart: only what is in the shop', async () => {
	const [a, b, c, draft] = [await create(), await create(), await create(), await create({ status: 'draft' })];
	const { id, slug, variants } = await create({});
	assert.equal((await change(id, { similar: [b.id, a.id], together: [draft.id, c.id, a.id] })).status, 200);
	const ids = list => list.map(i => i.id);
	const { body } = await visitor.api('GET', `/catalog/products/${slug}/related?lang=es`);
	assert.deepEqual([ids(body.similar), ids(body.together)], [[b.id, a.id], [c.id, a.id]]);
	assert.deepEqual(body.similar[0].price, euros(4900));
	const html = await (await visitor.fetch(`/es/p/${slug}`)).text();
	assert.match(html, new RegExp(`Van bien juntos.*${c.slug}.*${a.slug}.*Parecidos.*${b.slug}.*${a.slug}`, 's'));
	assert.doesNotMatch(html, /misma estantería/, 'what is near stands in only for picks');
	const withCart = async list => ids((await visitor.api('GET', `/catalog/together?variants=${list}`)).body.items);
	assert.deepEqual(await withCart(variants[0].id), [c.id, a.id]);
	assert.deepEqual(await withCart(`${variants[0].id},${c.variants[0].id}`), [a.id], 'but not what is in it');
	assert.deepEqual(fields(await visitor.api('GET', '/catalog/together?variants=x')), [['variants', 'id']]);
	assert.equal((await visitor.api('GET', `/catalog/products/${visitor_id()}/related`)).status, 404);
	const shopper = new Client();
	assert.equal((await shopper.api('POST', '/cart/items', { variant_id: variant(22) })).status, 201);
	assert.match(await (await shopper.fetch('/en/cart')).text(), /Goes well with.*\/en\/p\/geranio-pot/s);
});
const visitor_id = () => '0190a000-0000-7000-8001-000000000999';

test('a variant: SKU, barcode, weight, tax, content, price before; what is not given stays', async () => {
	const product = await create(), [{ id }] = product.variants, other = await create();
	const { status, body } = await vary(id, { sku: `NEW-${made}`, barcode: '4006381333931', weight_g: 250, tax_class: 'reduced',
		content: 250, content_unit: 'g', compare_at_price: euros(6000), price: euros(3000) });
	assert.equal(status, 200, JSON.stringify(body));
	const shown = body.variants[0];
	assert.deepEqual([shown.barcode, shown.weight_g, shown.compare_at_price, shown.unit_price],
		['4006381333931', 250, euros(6000), { ...euros(12000), unit: 'kg' }]);
	assert.equal((await vary(id, { price: euros(2000) })).body.variants[0].barcode, '4006381333931');
	const bare = (await vary(id, { compare_at_price: euros(0), content: 0, barcode: '' })).body.variants[0];
	assert.deepEqual([bare.barcode, bare.compare_at_price, bare.unit_price], [undefined, undefined, undefined]);
	assert.deepEqual(fields(await vary(id, { barcode: '4006381333932' })), [['barcode', 'barcode']]);
	assert.deepEqual(fields(await vary(id, { price: euros(10), compare_at_price: euros(10) })), [['compare_at_price', 'range']]);
	assert.deepEqual(fields(await vary(id, { content: 3 })), [['content_unit', 'required']]);
	assert.equal((await vary(id, { compare_at_price: euros(1) })).status, 422);
	assert.equal((await vary(id, { sku: other.variants[0].sku })).status, 409);
	assert.deepEqual(fields(await vary(id, { is_active: false })), [['is_active', 'last-variant']]);
	const [event] = sql('catalog', `SELECT data FROM outbox WHERE subject = '${product.id}' ORDER BY number DESC LIMIT 1`);
	assert.deepEqual(event.data, { id, barcode: '', content: 0, compare_at_price: euros(0) });
});

test('pictures in another order, with other words, and fewer', async () => {
	const image = n => ({ src: `/static/img/products/00${n}.svg`, texts: [{ lang: 'es', alt: `Foto ${n}` }] });
	const { id } = await create({ images: [image(1), image(2), image(3)] });
	const put = (images, match = '*') => boss.api('PUT', `/catalog/products/${id}/images`, { images }, { 'if-match': match });
	const texts = [{ lang: 'es', alt: 'De lado' }, { lang: 'en', alt: 'From the side' }];
	const { status, body } = await put([{ n: 3, texts }, { n: 1, texts }]);
	assert.equal(status, 200, JSON.stringify(body));
	assert.deepEqual(body.images.map(i => [i.src, i.alt]), [[image(3).src, 'De lado'], [image(1).src, 'De lado']]);
	assert.deepEqual(fields(await put([{ n: 7, texts }])), [['images', 'choice']]);
	assert.deepEqual(fields(await put([{ n: 1, texts }, { n: 1, texts }])), [['images', 'choice']]);
	assert.equal((await put([], '"1"')).status, 412);
	assert.equal((await put([])).body.images.length, 0);
});

test('a new product from the admin: a draft, then words, categories and the shop', async () => {
	const path = '/es/admin/products/new', action = '/es/admin/products';
	let answer = await boss.form(action, await fill(path, { sku: 'ADM-1', price: 'gratis', 'es.name': '<Fanal> & "luz"' }, action));
	let text = await answer.text();
	assert.equal(answer.status, 422);
	assert.match(text, /name="es\.name" value="&lt;Fanal&gt; &amp; &quot;luz&quot;"/);
	assert.match(text, /id="price-error">[^<]/);
	answer = await boss.form(action, await fill(path, { sku: 'ADM-1', price: '19,90', 'es.name': 'Fanal' }, action));
	assert.equal(answer.status, 303, await answer.text());
	const [, id] = /products\/([0-9a-f-]{36})\?saved=true$/.exec(answer.headers.get('location'));
	const edit = `/es/admin/products/${id}`, stored = await source(id);
	assert.deepEqual([stored.status, stored.texts.es.slug, stored.variants[0].price], ['draft', 'fanal', euros(1990)]);
	assert.match(await page(`${edit}?saved=true`), /role="status">Guardado/);
	const luz = sql('catalog', `SELECT category_id AS id FROM category_text WHERE slug = 'luz'`)[0].id;
	answer = await boss.form(edit, await fill(edit, { status: 'active', 'categories[]': [luz], 'en.name': 'Lantern',
		'en.slug': 'lantern-adm', 'options.0.es': 'Color', 'similar[]': 'CAN-1' }));
	assert.equal(answer.status, 303, await answer.text());
	const after = await source(id);
	assert.deepEqual([after.categories, after.options, after.similar.length], [[luz], [{ es: 'Color', en: 'Color' }], 1]);
	assert.match(await page(edit), new RegExp(`value="${luz}" checked`));
	await until(async () => (await (await visitor.fetch('/en/p/lantern-adm')).text()).includes('Lantern'), 'the page');
	answer = await boss.form(edit, await fill(edit, { 'es.slug': 'candil-1' }));
	assert.equal(answer.status, 422);
	assert.match(await answer.text(), /id="es-slug-error">[^<]/);
});

test('two edit at once: the second sees both, loses nothing, and may go on', async () => {
	const { id } = await create({ brand: 'Uno' }), path = `/es/admin/products/${id}`;
	const mine = await fill(path, { 'es.description': 'Lo mío,\r\ncon "comillas".', brand: 'Mía' });
	assert.equal((await boss.form(path, await fill(path, { 'es.description': 'Lo suyo.', brand: 'Suya' }))).status, 303);
	const refused = await boss.form(path, mine), text = await refused.text();
	assert.equal(refused.status, 412);
	assert.match(text, />Lo mío,\ncon &quot;comillas&quot;\.</);
	assert.match(text, /name="brand" value="Mía"/);
	assert.match(text, /Ahora: Lo suyo\./);
	assert.match(text, /Ahora: Suya/);
	assert.equal((await source(id)).brand, 'Suya');
	const again = formOf(text, path);
	assert.equal((await boss.form(path, again)).status, 303);
	assert.deepEqual([(await source(id)).brand, (await source(id)).texts.es.description], ['Mía', 'Lo mío,\ncon "comillas".']);
	assert.equal((await boss.form(path, again)).status, 412, 'once');
	const invalid = [...again.filter(([name]) => name !== 'es.slug' && name !== 'version'), ['version', String((await source(id)).version)], ['es.slug', 'No Slug']];
	const old = formOf(await (await boss.form(path, invalid)).text(), path);
	assert.deepEqual(old.find(([name]) => name === 'es.slug'), ['es.slug', 'No Slug']);
});

test('variants on their page: prices as people type them, options, a further one', async () => {
	const { id } = await create({ options: [{ lang: 'es', values: ['Color'] }, { lang: 'en', values: ['Colour'] }],
		variants: [{ sku: `ROJO-${made}`, price: euros(4900), options: [{ lang: 'es', values: ['Rojo'] }] }] });
	const list = `/es/admin/products/${id}/variants`, [{ id: first }] = (await source(id)).variants, path = `${list}/${first}`;
	assert.match(await page(list), /49,00/);
	assert.match(await page(path), /name="price" value="49,00"/);
	for (const price of ['gratis', '1.234,5', '-1', '19,999']) {
		const answer = await boss.form(path, await fill(path, { price })), text = await answer.text();
		assert.equal(answer.status, 422, price);
		assert.match(text, new RegExp(`name="price" value="${price}"`));
		assert.match(text, /id="price-error">[^<]/);
	}
	const old = await fill(path, { price: '1,00' });
	let answer = await boss.form(path, await fill(path, { price: '45,50', compare_at_price: '60', barcode: '96385074', 'options.0.en': 'Red' }));
	assert.equal(answer.status, 303, await answer.text());
	const [stored] = (await source(id)).variants;
	assert.deepEqual([stored.price, stored.compare_at_price, stored.barcode, stored.options], [euros(4550), euros(6000), '96385074', [{ es: 'Rojo', en: 'Red' }]]);
	answer = await boss.form(path, old);
	assert.equal(answer.status, 412);
	assert.match(await answer.text(), /Ahora: 45,50/);
	const fresh = { sku: `AZUL-${made}`, price: '10' };
	answer = await boss.form(list, await fill(`${list}/new`, fresh, list));
	assert.equal(answer.status, 422);
	assert.match(await answer.text(), /id="option-0-error">[^<]/);
	answer = await boss.form(list, await fill(`${list}/new`, { ...fresh, 'options.0.es': 'Azul' }, list));
	assert.equal(answer.status, 303, await answer.text());
	assert.deepEqual((await source(id)).variants.map(v => v.options[0].es), ['Rojo', 'Azul']);
	assert.equal((await boss.fetch(`${list}/${visitor_id()}`)).status, 404);
});

test('pictures on their page; who may only read gets no buttons', async () => {
	const { id } = await create({ images: [1, 2].map(n => ({ src: `/static/img/products/00${n}.svg`, texts: [{ lang: 'es', alt: `Foto ${n}` }, { lang: 'en', alt: `Picture ${n}` }] })) });
	const path = `/es/admin/products/${id}/images`;
	let answer = await boss.form(path, await fill(path, { 'images.0.position': '2', 'images.1.position': '1', 'images.1.es': 'Otra' }));
	assert.equal(answer.status, 303, await answer.text());
	assert.deepEqual((await source(id)).images.map(i => i.alt.es), ['Otra', 'Foto 1']);
	answer = await boss.form(path, await fill(path, { 'images.0.remove': 'true', 'images.1.en': '' }));
	assert.equal(answer.status, 422);
	answer = await boss.form(path, await fill(path, { 'images.0.remove': 'true' }));
	assert.equal(answer.status, 303, await answer.text());
	assert.deepEqual((await source(id)).images.map(i => i.alt.es), ['Foto 1']);
	assert.equal((await (await customer()).fetch(path)).status, 403);
	assert.equal((await visitor.fetch(path)).status, 303);
	assert.match(await page('/es/admin/unlisted'), /Borrador/);
});

test('attributes: names and values in order, on products, in facets; a value in use stays', async () => {
	const put = (code, body) => boss.api('PUT', `/catalog/attributes/${code}`, body), words = (es, en = es) => [{ lang: 'es', name: es }, { lang: 'en', name: en }];
	const made = await put('materia', { names: words('Materia', 'Matter'), values: [{ code: 'corcho', names: words('Corcho', 'Cork') }, { code: 'lana', names: words('Lana', 'Wool') }] });
	assert.equal(made.status, 200, JSON.stringify(made.body));
	assert.deepEqual(made.body.values.map(v => v.names.en), ['Cork', 'Wool']);
	const { id } = await create({ attributes: ['materia=corcho'] });
	const shown = async () => (await visitor.api('GET', `/catalog/products/${id}?lang=en`)).body.attributes;
	assert.deepEqual(await shown(), [{ code: 'materia', name: 'Matter', values: ['Cork'] }]);
	assert.equal((await put('materia', { names: words('Materia', 'Material'), values: [{ code: 'lana', names: [] }] })).body.values.length, 1);
	assert.deepEqual(await shown(), [{ code: 'materia', name: 'Material', values: ['Cork'] }], 'products follow');
	assert.equal((await put('materia', { names: words('M'), values: [{ code: 'corcho', names: [] }] })).status, 409);
	assert.equal((await boss.api('DELETE', '/catalog/attributes/materia')).status, 409);
	assert.equal((await put('brand', { names: words('X') })).status, 422);
	assert.match(await page(`/es/admin/products/${id}`), /name="attributes\[\]" value="materia=corcho" checked/);
	assert.equal((await change(id, { attributes: [] })).status, 200);
	assert.equal((await boss.api('DELETE', '/catalog/attributes/materia')).status, 204);
	assert.equal((await boss.api('GET', '/catalog/attributes/materia')).status, 404);
	assert.ok((await boss.api('GET', '/catalog/attributes')).body.items.some(a => a.selects));
	assert.equal((await boss.api('DELETE', '/catalog/attributes/color')).status, 409);
	const path = '/es/admin/attributes';
	const answer = await boss.form(path, await fill(`${path}/new`, { es: 'Acabado', en: 'Finish', 'rows.0.es': 'Mate', 'rows.1.es': 'Brillo', 'rows.1.en': 'Gloss' }, path));
	assert.equal(answer.headers.get('location'), `${path}/acabado`, await answer.text());
	assert.deepEqual((await boss.api('GET', '/catalog/attributes/acabado')).body.values.map(v => [v.code, v.names.en]), [['mate', 'Mate'], ['brillo', 'Gloss']]);
	assert.equal((await boss.form(`${path}/acabado`, await fill(`${path}/acabado`, { 'rows.0.es': '', 'rows.0.en': '' }))).status, 303);
	assert.deepEqual((await boss.api('GET', '/catalog/attributes/acabado')).body.values.map(v => v.code), ['brillo']);
});

test('another price is on the cached page within 5 s, and in the cart at once', async () => {
	const { variants: [{ id }], slug } = await create(), guest = new Client();
	const page = async () => {
		const answer = await visitor.fetch(`/es/p/${slug}`);
		return [answer.headers.get('x-cache'), (await answer.text()).includes('31,70')];
	};
	await page();
	await until(async () => (await page())[0] === 'HIT', 'the cache');
	const from = Date.now();
	assert.equal((await vary(id, { price: euros(3170) })).status, 200);
	const cart = await guest.api('POST', '/cart/items', { variant_id: id });
	assert.equal(cart.body.lines[0].unit.amount, 3170);
	await until(async () => (await page())[1], 'the price on the page', 5);
	assert.ok(Date.now() - from < 5500);
});
