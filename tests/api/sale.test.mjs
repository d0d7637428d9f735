// Prices by the calendar: what is asked, what it was, the lowest of thirty days.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { Client, internal, sql, staff } from './client.mjs';

const visitor = new Client();
const eur = amount => ({ amount, currency: 'EUR' });
const inMs = ms => new Date(Date.now() + ms).toISOString();
const job = () => execFileSync(process.env.ZOCO_INSTANCE ?? new URL('../instance', import.meta.url).pathname,
	['job', process.env.ZOCO_DIR, 'change_prices']);
let client, n = 0;
test.before(async () => { client = await staff(); });

async function thing(amount) {
	n++;
	const { body } = await client.api('POST', '/catalog/products', { texts: [{ lang: 'es', slug: `ganga-${n}`, name: `Ganga ${n}` }],
		variants: [{ sku: `G-${n}`, price: eur(amount) }] });
	return { id: body.id, variant: body.variants[0].id };
}
const shown = async id => (await visitor.api('GET', `/catalog/products/${id}?lang=es`)).body.variants[0];
const asked = async id => (await internal('cart', 'POST', '/internal/catalog/prices?lang=es', { variant_ids: [id] })).body.items[0].unit_gross;
const sale = (id, body) => client.api('POST', `/catalog/variants/${id}/sales`, body, { 'if-match': '*' });

test('a sale that runs is asked, shown beside what it was, and found', async () => {
	const { id, variant } = await thing(5000);
	await client.api('PATCH', `/catalog/variants/${variant}`, { price: eur(4000) }, { 'if-match': '*' });
	await client.api('PATCH', `/catalog/variants/${variant}`, { price: eur(6000) }, { 'if-match': '*' });
	const answer = await sale(variant, { price: eur(4500), ends_at: inMs(3600000) });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	const v = await shown(id);
	assert.deepEqual([v.price.amount, v.compare_at_price.amount, v.lowest_price_30d.amount], [4500, 6000, 4000]);
	assert.equal(await asked(variant), 4500);
	const { body } = await visitor.api('GET', '/catalog/products?q=ganga&reduced=true');
	assert.deepEqual(body.items.map(i => [i.price.amount, i.compare_at_price.amount]), [[4500, 6000]]);
	assert.equal((await client.api('DELETE', `/catalog/variants/${variant}/sales`, undefined, { 'if-match': '*' })).status, 200);
	assert.equal((await shown(id)).price.amount, 6000);
	assert.deepEqual(sql('catalog', `SELECT amount FROM price_history WHERE variant_id = '${variant}' ORDER BY at`)
		.map(r => r.amount), [5000, 4000, 6000, 4500, 6000]);
});

test('a sale begins and ends by the clock: asked at once, shown by the job', async () => {
	const { id, variant } = await thing(2000);
	await sale(variant, { price: eur(1500), starts_at: inMs(1500), ends_at: inMs(6000) });
	assert.equal((await shown(id)).price.amount, 2000);
	while (await asked(variant) !== 1500)
		await new Promise(resolve => setTimeout(resolve, 100));
	job();
	const during = (await shown(id)).price.amount;
	while (await asked(variant) !== 2000)
		await new Promise(resolve => setTimeout(resolve, 100));
	job();
	assert.ok(during === 1500 || during === 2000);
	assert.equal((await shown(id)).price.amount, 2000);
	assert.equal(sql('catalog', 'SELECT count(*) AS n FROM products_with_other_price(10)')[0].n, 0);
});

test('what is no sale is refused', async () => {
	const { variant } = await thing(1000);
	for (const [body, field] of [[{ price: eur(1000), ends_at: inMs(1000000) }, 'price'], [{ price: eur(500), ends_at: inMs(-1000) }, 'ends_at'],
		[{ price: { amount: 5, currency: 'USD' }, ends_at: inMs(1000000) }, 'price'], [{ price: eur(500) }, 'ends_at']]) {
		const answer = await sale(variant, body);
		assert.equal(answer.status, 422);
		assert.equal(answer.body.errors[0].field, field);
	}
	assert.equal((await sale(variant, { price: eur(500), starts_at: inMs(20000), ends_at: inMs(10000) })).status, 422);
	assert.equal((await client.api('POST', `/catalog/variants/${variant}/sales`, { price: eur(500), ends_at: inMs(10000) })).status, 428);
});

test('two letters that changed places are found', async () => {
	const { body } = await visitor.api('GET', '/catalog/products?q=tetrea&lang=es');
	assert.equal(body.corrected, 'tetera');
});
