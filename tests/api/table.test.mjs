// Staff's table of orders: filters, orders, pages, CSV, views, many at once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, customer, owner, sql, staff, variant } from './client.mjs';

const boss = await staff(), visitor = new Client();
async function order(email, name, quantity = 1, method = 'cash_on_delivery') {
	const client = new Client();
	await client.api('POST', '/cart/items', { variant_id: variant(1), quantity });
	const { status, body } = await client.idempotent('POST', '/orders', { email, payment_method: method,
		shipping_address: { name, line1: 'Calle Sol 2', postcode: '11001', city: 'Cádiz', country: 'ES' },
		expected_total: quantity * 1450 + (quantity * 1450 >= 5000 ? 0 : 495) });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}
const orders = [];
test.before(async () => {
	for (const [i, name] of ['Ana Gil', '=SUM(A1)', 'Óscar 100%', 'Ana Mar', 'Bea Sol'].entries())
		orders.push(await order(`table-${i}@example.com`, name, i % 3 + 1, i === 4 ? 'bank_transfer' : 'cash_on_delivery'));
});
const list = async query => {
	const { status, body } = await boss.api('GET', `/orders?${query}`);
	assert.equal(status, 200, JSON.stringify(body));
	return body;
};
const numbers = async query => (await list(query)).items.map(o => o.number);
const page = async (path, who = boss) => (await who.fetch(path)).text();

test('filters: status, payment, fulfilment, dates, number, parts of address and name', async () => {
	const [first, , percent, , transfer] = orders;
	assert.deepEqual(await numbers(`q=${first.number}`), [first.number]);
	assert.deepEqual(await numbers(`q=${first.number.slice(1)}`), [first.number]);
	assert.deepEqual(await numbers('q=table-2@EXAMPLE'), [percent.number]);
	assert.deepEqual(await numbers('q=100%25'), [percent.number], 'a % is a %');
	assert.deepEqual(await numbers('q=10_%25'), []);
	assert.equal((await numbers('q=ana')).length >= 2, true);
	assert.deepEqual(await numbers('q=table-&payment=pending'), [transfer.number]);
	assert.equal((await numbers('q=table-&payment=authorized&status=confirmed&fulfilment=unfulfilled')).length, 4);
	assert.deepEqual(await numbers('q=table-&fulfilment=fulfilled'), []);
	const today = new Date().toISOString().slice(0, 10), day = n => new Date(Date.now() + n * 86400e3).toISOString().slice(0, 10);
	assert.equal((await numbers(`q=table-&from=${day(-1)}&to=${day(1)}`)).length, 5);
	assert.equal((await numbers(`q=table-&to=${day(-2)}`)).length, 0);
	assert.equal((await numbers(`q=table-&from=${day(2)}`)).length, 0);
	for (const bad of ['from=heute', 'to=2026-13-01', 'sort=name', 'status=lost', 'after=x', `from=${today}T00:00`])
		assert.equal((await boss.api('GET', `/orders?${bad}`)).status, 422, bad);
});

test('every order of the rows: pages meet without gap or repetition', async () => {
	for (const [sort, key] of [['newest', o => o.id], ['oldest', o => o.id], ['total', o => o.total.amount], ['-total', o => o.total.amount]]) {
		const whole = (await list(`sort=${sort}&limit=100`)).items, parts = [];
		for (let after = ''; ;) {
			const { items, next } = await list(`sort=${sort}&limit=2${after}`);
			parts.push(...items);
			if (next === null)
				break;
			after = `&after=${next}`;
		}
		assert.deepEqual(parts.map(o => o.id), whole.map(o => o.id), sort);
		const keys = whole.map(key), down = sort === 'newest' || sort === '-total';
		for (let i = 1; i < keys.length; i++)
			assert.ok(down ? keys[i - 1] >= keys[i] : keys[i - 1] <= keys[i], sort);
	}
});

test('a customer filters only what is theirs', async () => {
	const me = await customer();
	assert.deepEqual((await me.api('GET', '/orders?q=table-')).body.items, []);
	for (const path of ['/orders/export.csv', '/orders/views'])
		assert.equal((await me.fetch(`/api/v1${path}`)).status, 403, path);
	assert.equal((await me.fetch('/es/admin/orders')).status, 403);
});

test('the CSV has what the filters let through; a formula is text', async () => {
	const answer = await boss.fetch('/api/v1/orders/export.csv?q=table-&sort=oldest'), text = await answer.text();
	assert.match(answer.headers.get('content-type'), /^text\/csv/);
	const lines = text.trimEnd().split('\r\n');
	assert.equal(lines.length, 6);
	assert.equal(lines[0], 'placed_at,number,status,payment_status,fulfilment_status,name,email,total,currency');
	assert.match(lines[2], new RegExp(`^\\d{4}-[^,]*,"${orders[1].number}","confirmed","authorized","unfulfilled","'=SUM\\(A1\\)","table-1@example.com",33.95,EUR$`));
});

test('the page keeps its state in the address, and says how it is sorted', async () => {
	const text = await page('/es/admin/orders?q=table-&payment=authorized&sort=-total');
	assert.match(text, /name="q" type="search" value="table-"/);
	assert.match(text, /<option value="authorized" selected>/);
	assert.match(text, /aria-sort="descending"><a href="\/es\/admin\/orders\?payment=authorized&amp;q=table-&amp;sort=total">/);
	assert.match(text, /export\.csv\?payment=authorized&amp;q=table-&amp;sort=-total"/);
	assert.match(await page('/en/admin/orders?q=nobody-at-all'), /No order is like that/);
	assert.match(text, /formaction="\/es\/admin\/orders\/cancellations\/review"/);
});

test('views: kept by a person for themselves, by name, told to the audit', async () => {
	const add = (body, who = boss) => who.api('POST', '/orders/views', body);
	const { status, body } = await add({ name: 'Caros', query: 'sort=-total' });
	assert.equal(status, 201);
	assert.equal((await add({ name: 'Caros', query: '' })).status, 409);
	assert.equal((await add({ name: 'X', query: '"><script>' })).status, 422);
	assert.equal((await boss.api('GET', '/orders/views')).body.items.length, 1);
	assert.match(await page('/es/admin/orders?sort=-total'), /sort=-total" aria-current="true">Caros</);
	const other = await owner();
	assert.deepEqual((await other.api('GET', '/orders/views')).body.items, []);
	assert.equal((await other.api('DELETE', `/orders/views/${body.id}`)).status, 404);
	assert.equal((await boss.api('DELETE', `/orders/views/${body.id}`)).status, 204);
	assert.equal(sql('orders', `SELECT 1 FROM outbox WHERE type = 'view.changed' AND subject = '${body.id}'`).length, 2);
	const answer = await boss.form('/es/admin/orders/views', { name: 'Pendientes', query: 'payment=pending&sort=newest' });
	assert.equal(answer.headers.get('location'), '/es/admin/orders?payment=pending&sort=newest');
	const text = await page('/es/admin/orders?payment=pending&sort=newest');
	const drop = /action="(\/es\/admin\/orders\/views\/[^"]*\/drop)"/.exec(text)[1];
	assert.equal((await boss.form(drop, {})).status, 303);
	for (let i = 0; i < 20; i++)
		assert.equal((await add({ name: `v${i}`, query: '' })).status, 201);
	assert.equal((await add({ name: 'one more', query: '' })).status, 409);
});

test('many at once: a review, then each by itself, with what became of it', async () => {
	const some = [orders[0], orders[1], orders[4]], fields = new URLSearchParams(some.map(o => ['orders[]', o.id]));
	const post = (path, body) => boss.fetch(path, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
	const review = await (await post('/es/admin/orders/shipments/review', fields)).text();
	assert.match(review, /¿Enviar 2 pedidos\?/);
	assert.match(review, /Uno no puede ser/);
	assert.equal((await list(`q=${orders[0].number}`)).items[0].fulfilment_status, 'unfulfilled', 'nothing is done yet');
	assert.deepEqual([...review.matchAll(/name="orders\[\]" value="([^"]*)"/g)].map(m => m[1]), [orders[0].id, orders[1].id]);
	fields.set('carrier', 'Correos');
	const done = await post('/es/admin/orders/shipments', fields), text = await done.text();
	assert.equal(done.status, 200);
	assert.match(text, /2 pedidos enviados\. Uno no pudo ser\./);
	assert.equal((await list(`q=${orders[0].number}`)).items[0].fulfilment_status, 'fulfilled');
	assert.equal(sql('orders', `SELECT 1 FROM outbox WHERE type = 'order.shipped' AND subject IN ('${orders[0].id}', '${orders[1].id}')`).length, 2);
	assert.match(await (await post('/es/admin/orders/shipments', fields)).text(), /0 pedidos enviados/, 'a second time does nothing');
	const none = await post('/es/admin/orders/shipments/review', '');
	assert.equal(none.status, 422);
	assert.match(await none.text(), /Elige antes/);
	const cancel = await boss.idempotent('POST', '/orders/cancellations', { orders: [orders[3].id, orders[0].id] });
	assert.deepEqual(cancel.body.items.map(i => i.is_done), [false, true]);
	assert.equal((await list(`q=${orders[3].number}`)).items[0].status, 'cancelled');
	const ship = await boss.idempotent('POST', '/orders/shipments', { orders: [orders[2].id], carrier: 'SEUR' });
	assert.deepEqual(ship.body.items.map(i => [i.number, i.is_done]), [[orders[2].number, true]]);
	assert.equal((await boss.idempotent('POST', '/orders/shipments', { orders: ['x', randomUUID()] })).status, 422);
	assert.equal((await visitor.idempotent('POST', '/orders/cancellations', { orders: [randomUUID()] })).status, 401);
});
