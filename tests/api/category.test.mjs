// Categories and synonyms, changed by staff: the tree, names, rules; what lists
// and pages of products say of them follows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, customer, sql, staff, owner, until } from './client.mjs';

const boss = await staff(), visitor = new Client(), euros = amount => ({ amount, currency: 'EUR' });
const any = { 'if-match': '*' };
const fields = answer => answer.body.errors.map(e => [e.field, e.code]);
const texts = (slug, name = slug) => [{ lang: 'es', slug, name }, { lang: 'en', slug: `${slug}-en`, name: `${name} EN` }];
const add = async (slug, more = {}) => {
	const answer = await boss.api('POST', '/catalog/categories', { texts: texts(slug), ...more });
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	return answer.body;
};
const change = (id, body, headers = any) => boss.api('PATCH', `/catalog/categories/${id}`, body, headers);
const slugs = async (category, lang = 'es') => {
	const { status, body } = await visitor.api('GET', `/catalog/products?category=${category}&lang=${lang}&limit=100`);
	return status === 200 ? body.items.map(i => i.slug).sort() : status;
};
let made = 0;
async function product(categories, more = {}) {
	const slug = `cosa-${++made}`, { status, body } = await boss.api('POST', '/catalog/products', { categories, brand: 'Rama',
		texts: [{ lang: 'es', slug, name: slug }], variants: [{ sku: slug, price: euros(1000 * made) }], ...more });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}
const page = async path => (await boss.fetch(path)).text();

test('a tree: below another, moved, renamed; products follow, old names do not', async () => {
	const top = await add('raiz'), below = await add('rama', { parent_id: top.id, position: 3 }), other = await add('otra');
	const thing = await product(['rama']);
	assert.deepEqual([await slugs('raiz'), await slugs('rama'), await slugs('otra')], [[thing.slug], [thing.slug], []]);
	assert.equal((await change(below.id, { parent_id: other.id })).status, 200);
	assert.deepEqual([await slugs('raiz'), await slugs('otra')], [[], [thing.slug]]);
	assert.deepEqual(fields(await change(other.id, { parent_id: below.id })), [['parent_id', 'choice']], 'no circle');
	const renamed = await change(below.id, { texts: [{ lang: 'es', slug: 'ramita', name: 'Ramita' }] });
	assert.equal(renamed.body.texts.en.slug, 'rama-en', 'the other language stays');
	assert.deepEqual((await visitor.api('GET', `/catalog/products/${thing.id}`)).body.categories, [{ slug: 'ramita', name: 'Ramita' }]);
	assert.equal((await change(below.id, { texts: texts('raiz') })).status, 409);
	assert.equal((await change(below.id, { position: 1 }, { 'if-match': '"1"' })).status, 412);
	assert.equal((await change(below.id, {}, {})).status, 428);
	assert.equal((await change('0190a000-0000-7000-8003-000000000999', {})).status, 404);
	assert.equal((await boss.api('DELETE', `/catalog/categories/${other.id}`, undefined, any)).status, 409, 'something is below it');
	assert.equal((await boss.api('DELETE', `/catalog/categories/${below.id}`, undefined, any)).status, 204);
	assert.deepEqual([await slugs('ramita'), await slugs('otra')], [404, []]);
	assert.deepEqual((await visitor.api('GET', `/catalog/products/${thing.id}`)).body.categories, []);
	assert.equal((await boss.api('GET', `/catalog/categories/${below.id}`)).status, 404);
	assert.ok(sql('catalog', `SELECT 1 FROM outbox WHERE type = 'category.changed' AND subject = '${below.id}'`).length >= 4);
});

test('a collection: the products that a rule fits, now and later', async () => {
	const cheap = await product([], { brand: 'Quimera' }), dear = await product([], { brand: 'Quimera', variants: [{ sku: 'dear', price: euros(90000) }] });
	const rule = { tags: ['brand=quimera'], max_price: euros(50000) };
	const { id, version } = await add('ofertas', { rule });
	assert.deepEqual(await slugs('ofertas'), [cheap.slug]);
	const { body } = await boss.api('GET', `/catalog/categories/${id}`);
	assert.deepEqual([body.rule, body.version], [rule, version]);
	assert.equal((await boss.api('PATCH', `/catalog/variants/${dear.variants[0].id}`, { price: euros(100) }, any)).status, 200);
	assert.deepEqual(await slugs('ofertas'), [cheap.slug, dear.slug].sort());
	assert.deepEqual(fields(await change(id, { rule: { tags: ['no=such'] } })), [['rule.tags.0', 'choice']]);
	assert.equal((await change(id, { rule: { tags: ['brand=quimera'], days: 1, is_reduced: true } })).status, 200);
	assert.deepEqual(await slugs('ofertas'), []);
	assert.equal((await change(id, { rule: {} })).body.rule, null);
});

test('what has outlived a collection of the last days leaves it, by the job alone', async () => {
	const { execFileSync } = await import('node:child_process');
	const old = await product([], { brand: 'Efímera' }), fresh = await product([], { brand: 'Efímera' });
	await add('novedades', { rule: { tags: ['brand=efimera'], days: 30 } });
	const all = [old.slug, fresh.slug].sort();
	assert.deepEqual(await slugs('novedades'), all);
	execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST, '-U', 'zoco_catalog_owner', '-d', 'zoco_catalog',
		'-c', `UPDATE product SET created_at = now() - interval '31 days' WHERE id = '${old.id}'`]);
	execFileSync(process.env.ZOCO_INSTANCE, ['job', process.env.ZOCO_DIR, 'change_prices']);
	assert.deepEqual(await slugs('novedades'), [fresh.slug]);
});

test('many products follow by the job', async () => {
	const big = await add('grande');
	for (let i = 0; i < 101; i++)
		await product(['grande']);
	assert.equal((await change(big.id, { texts: texts('grande', 'Muy grande') })).status, 200);
	await until(() => sql('catalog', 'SELECT count(*)::int AS n FROM product_due')[0].n === 101, 'what waits');
	(await import('node:child_process')).execFileSync(process.env.ZOCO_INSTANCE, ['job', process.env.ZOCO_DIR, 'change_prices']);
	assert.equal(sql('catalog', 'SELECT 1 FROM product_due').length, 0);
	const { body } = await visitor.api('GET', `/catalog/products/cosa-${made}`);
	assert.deepEqual(body.categories, [{ slug: 'grande', name: 'Muy grande' }]);
});

test('pages: the tree, a new category, a conflict, and the end of one', async () => {
	const path = '/es/admin/categories';
	let answer = await boss.form(path, { 'es.name': 'Jardín <nuevo>', 'en.name': 'Backyard', position: '7', 'tags[]': 'brand=rama', max_price: '25' });
	assert.equal(answer.status, 303, await answer.text());
	const [, id] = /categories\/([0-9a-f-]{36})/.exec(answer.headers.get('location'));
	const edit = `${path}/${id}`, stored = async () => (await boss.api('GET', `/catalog/categories/${id}`)).body;
	assert.deepEqual([(await stored()).texts.es.slug, (await stored()).rule], ['jardin-nuevo', { tags: ['brand=rama'], max_price: euros(2500) }]);
	assert.match(await page(path), /Jardín &lt;nuevo&gt;/);
	const form = await page(edit);
	assert.match(form, /name="tags\[\]" value="brand=rama" checked/);
	assert.match(form, /name="max_price" value="25,00"/);
	answer = await boss.form(edit, { version: '99', 'es.name': 'Mío' });
	assert.equal(answer.status, 412);
	assert.match(await answer.text(), /name="es\.name" value="Mío"/);
	answer = await boss.form(edit, { version: String((await stored()).version), 'es.name': '', 'es.slug': 'x' });
	assert.equal(answer.status, 422);
	answer = await boss.form(edit, { version: String((await stored()).version), 'es.name': 'Jardín', remove: 'true' });
	assert.equal(answer.status, 303);
	assert.equal((await boss.fetch(edit)).status, 404);
	assert.equal((await (await customer()).fetch(path)).status, 403);
	assert.equal((await boss.fetch(`${path}/new`)).status, 200);
});

test('synonyms on their page: words with commas, and gone again', async () => {
	const who = await owner(), path = '/es/admin/synonyms';
	let answer = await who.form(path, { lang: 'es', text: 'cacharro' });
	assert.equal(answer.status, 422);
	assert.match(await answer.text(), /name="text" value="cacharro"/);
	answer = await who.form(path, { lang: 'es', text: ' cacharro, chisme ,, trasto' });
	assert.equal(answer.status, 303, await answer.text());
	const text = await (await who.fetch(path)).text();
	assert.match(text, /cacharro, chisme, trasto/);
	const drop = `/es/admin/${/action="(synonyms\/[^"]*\/drop)"/.exec(text)[1]}`;
	assert.equal((await who.form(drop, {})).status, 303);
	assert.doesNotMatch(await (await who.fetch(path)).text(), /cacharro, chisme/);
});
