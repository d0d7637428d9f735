// Products as CSV: in with faults told and left out, out and in again unchanged.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, customer, owner, sql } from './client.mjs';

const visitor = new Client();
let client;
test.before(async () => { client = await owner(); });

const take = (csv, query = '', who = client) => who.api('POST', `/catalog/imports${query && `?${query}`}`, csv, { 'content-type': 'text/csv' });
const counts = ({ body }) => [body.created, body.updated, body.unchanged, body.failed];
const product = async (slug, lang = 'es') => (await visitor.api('GET', `/catalog/products/${slug}?lang=${lang}`)).body;
const exported = async () => (await client.fetch('/api/v1/catalog/export.csv')).text();

test('only who may import and export does', async () => {
	assert.equal((await take('sku\nA', '', visitor)).status, 401);
	assert.equal((await take('sku\nA', '', await customer())).status, 403);
	assert.equal((await visitor.fetch('/api/v1/catalog/export.csv')).status, 401);
});

const file = `sku,product,name_es,name_en,slug_en,price,compare_at,brand,categories,options_es,options_en,weight_g,tax_class,description_es\r
I-1,silla-isla,Silla Isla,Isla chair,isla-chair,120.00,150,Isla,casa|jardin,Color=Rojo,Colour=Red,4000,standard,"Dice ""hola"",\ncon dos líneas"\r
I-2,silla-isla,Silla Isla,Isla chair,isla-chair,125.5,,Isla,casa|jardin,Color=Azul,Colour=Blue,4000,standard,"Dice ""hola"",\ncon dos líneas"\r
I-3,,Mesita Isla,,,80,,Isla,,,,,,=1+1\r
`;

test('new products with variants, in two languages, are in the shop', async () => {
	const answer = await take(file);
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	assert.deepEqual(counts(answer), [3, 0, 0, 0], JSON.stringify(answer.body));
	assert.equal(answer.body.state, 'finished');
	const chair = await product('silla-isla');
	assert.deepEqual(chair.variants.map(v => [v.sku, v.price.amount, v.options[0]]), [['I-1', 12000, 'Rojo'], ['I-2', 12550, 'Azul']]);
	assert.equal(chair.variants[0].compare_at_price.amount, 15000);
	assert.equal(chair.description, 'Dice "hola",\ncon dos líneas');
	assert.deepEqual(chair.categories.map(c => c.slug), ['jardin', 'casa']);
	assert.equal((await product('isla-chair', 'en')).variants[1].options[0], 'Blue');
	assert.equal((await visitor.api('GET', '/catalog/products?q=mesita+isla')).body.total, 1);
	assert.equal(sql('catalog', "SELECT count(*) AS n FROM outbox WHERE type = 'product.imported'")[0].n, 1);
});

test('the same again changes nothing; one price changes one product', async () => {
	const before = await product('silla-isla');
	assert.deepEqual(counts(await take(file)), [0, 0, 3, 0]);
	assert.deepEqual(await product('silla-isla'), before);
	assert.deepEqual(counts(await take('sku;price\nI-3;79,90\nI-1;120')), [0, 1, 1, 0]);
	assert.equal((await visitor.api('GET', '/catalog/products?q=mesita+isla')).body.items[0].price.amount, 7990);
	assert.equal((await product('silla-isla')).version, before.version);
});

test('a trial tells the same and changes nothing', async () => {
	const before = await exported();
	const answer = await take('sku,name_es,price\nT-1,Prueba,10\nI-1,,99\nT-2,Mala,x', 'dry_run=true');
	assert.deepEqual(counts(answer), [1, 1, 0, 1]);
	assert.equal(await exported(), before);
	assert.equal((await visitor.api('GET', '/catalog/products?q=prueba')).body.items.some(i => i.name === 'Prueba'), false);
});

test('a broken row is told by line, column and reason, and stops nobody', async () => {
	const rows = [];
	for (let i = 0; i < 40; i++)
		rows.push(`B-${i},barca-${i},Barca ${i},${100 + i}`);
	rows[3] = 'B-3,barca-3,Barca 3,gratis';
	rows[7] = 'B-7,Barca Siete,Barca 7,10';
	rows[11] = ',barca-11,Barca 11,10';
	rows[13] = 'B-13,barca-13,,10';
	rows[17] = 'B-17,barca-17,Barca 17,';
	rows[19] = 'B-18,barca-18,Barca otra,10';
	rows[23] = 'B-23,barca-23,Barca \u0007,10';
	const answer = await take(`sku,product,name_es,price\n${rows.join('\n')}\n`);
	assert.deepEqual(counts(answer), [33, 0, 0, 7], JSON.stringify(answer.body.rows.slice(0, 9)));
	assert.deepEqual(answer.body.rows.filter(r => r.result === 'failed').map(r => [r.line, r.field]),
		[[5, 'price'], [9, 'product'], [13, 'sku'], [15, 'name_es'], [19, 'price'], [21, 'sku'], [25, 'name_es']]);
	assert.ok(answer.body.rows.filter(r => r.result === 'failed').every(r => r.message.length > 3));
	for (const n of [3, 7, 13, 17, 23])
		assert.equal(sql('catalog', `SELECT count(*) AS n FROM variant WHERE sku = 'B-${n}'`)[0].n, 0);
});

test('a promise of the schema that a row breaks leaves out that row only', async () => {
	const answer = await take('sku,product,name_es,name_en,slug_en,price,compare_at\n'
		+ 'P-1,pala-1,Pala 1,,,10,\nP-2,pala-2,Pala 2,Spade,isla-chair,10,\nP-3,pala-3,Pala 3,,,10,5\nP-4,pala-4,Pala 4,,,10,12\n');
	assert.deepEqual(counts(answer), [2, 0, 0, 2], JSON.stringify(answer.body.rows));
	assert.deepEqual(answer.body.rows.filter(r => r.result === 'failed').map(r => [r.sku, r.field]),
		[['P-2', 'product'], ['P-3', 'compare_at']]);
	assert.equal(sql('catalog', "SELECT count(*) AS n FROM product_text WHERE slug IN ('pala-2', 'pala-3')")[0].n, 0);
});

test('columns can be named by who sends them; odd files are told, never a defect', async () => {
	assert.deepEqual(counts(await take('X-1;Cosa;no;3,50\n', 'columns=sku,name_es,-,price')), [1, 0, 0, 0]);
	for (const [csv, field] of [['nombre,precio\na,1', 'sku'], ['sku,name_es\n"A,b\nc', ''], ['\u0000', 'sku'],
		[`sku,name_es,price\nL,${'x'.repeat(300)},1`, 'name_es']]) {
		const answer = await take(csv);
		assert.equal(answer.status, 201, csv.slice(0, 20));
		assert.equal(answer.body.rows[0].field, field, JSON.stringify(answer.body));
	}
	assert.equal((await take('')).status, 422);
});

test('an import is read again, page by page', async () => {
	const { body } = await take('sku,name_es,price\nG-1,Uno,1\nG-2,,2\nG-3,Tres,3\n');
	const first = (await client.api('GET', `/catalog/imports/${body.id}?limit=2`)).body;
	assert.deepEqual(first.rows.map(row => [row.sku, row.result]), [['G-2', 'failed'], ['G-1', 'created']]);
	const next = (await client.api('GET', `/catalog/imports/${body.id}?limit=2&after=${first.next}`)).body;
	assert.deepEqual([next.rows.map(row => row.sku), next.next], [['G-3'], null]);
	assert.equal((await client.api('GET', `/catalog/imports/${'0'.repeat(8)}-0000-7000-8000-000000000000`)).status, 404);
	assert.equal((await client.api('GET', `/catalog/imports/${body.id}?after=nonsense`)).status, 422);
});

test('out, in, out: every byte is the same', async () => {
	const first = await exported();
	assert.ok(first.split('\r\n').length > 180);
	assert.match(first, /,=1\+1,/, 'cells are as they are');
	const answer = await take(first);
	assert.equal(answer.body.failed, 0, JSON.stringify(answer.body.rows[0]));
	assert.deepEqual([answer.body.created, answer.body.updated], [0, 0]);
	assert.equal(await exported(), first);
});

test('the page: pasted rows, and what became of them', async () => {
	const answer = await client.form('/es/admin/imports', { text: 'sku,name_es,price\r\nW-1,Web,5\r\nW-2,,5', columns: '' });
	assert.equal(answer.status, 303);
	const html = await (await client.fetch(answer.headers.get('location'))).text();
	assert.match(html, /W-2.*name_es/s);
	assert.match(await (await client.fetch('/es/admin/imports')).text(), /Terminada/);
	assert.equal((await client.form('/es/admin/imports', { text: '' })).status, 422);
});

const items = new URL('../../../shared/data/recommendations/online_retail/items.tsv', import.meta.url);
test('a retailer\'s real catalogue', { skip: existsSync(items) ? false : 'skipped: no data' }, async t => {
	const lines = readFileSync(items, 'utf8').trim().split('\n').slice(1).map(l => l.split('\t'));
	const quote = s => `"${s.replaceAll('"', '""')}"`;
	const csv = 'sku,price,name_es\r\n' + lines.map(([sku, price, name]) => [`R-${sku}`, price, name || sku].map(quote).join(','))
		.join('\r\n') + '\r\n';
	const start = Date.now(), answer = await take(csv);
	assert.equal(answer.status, 201, JSON.stringify(answer.body).slice(0, 300));
	t.diagnostic(`${lines.length} items in ${Date.now() - start} ms`);
	assert.equal(answer.body.created + answer.body.failed, lines.length);
	assert.ok(answer.body.failed < 20, JSON.stringify(answer.body.rows.slice(0, 5)));
	assert.deepEqual(counts(await take(csv)).slice(0, 2), [0, 0]);
});
