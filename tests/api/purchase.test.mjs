// The main job, as programs see it: from a cart to a paid and shipped order.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, mails, owner, sql, staff, until, url, variant } from './client.mjs';

const address = { name: 'Ana Pérez', line1: 'Calle Sol 1', postcode: '28013', city: 'Madrid', country: 'ES' };

async function cartWith(lines) {
	const client = new Client();
	for (const [id, quantity] of lines) {
		const answer = await client.api('POST', '/cart/items', { variant_id: id, quantity });
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
	}
	return client;
}

async function order(client, { email = `ana-${randomUUID()}@example.com`, method = 'bank_transfer', total, key } = {}) {
	const { body: cart } = await client.api('GET', '/cart');
	const { body: options } = await client.api('GET', '/orders/shipping-options?country=ES');
	const shipping = options.items?.find(o => o.code === 'standard').amount.amount ?? 0;
	return client.idempotent('POST', '/orders', {
		email, shipping_address: address, payment_method: method,
		expected_total: total ?? cart.totals.subtotal.amount + shipping,
	}, key);
}

const level = id => sql('inventory', `SELECT on_hand, reserved FROM level WHERE variant_id = '${id}'`)[0];
const shown = async (client, placed) => (await client.api('GET', `/orders/${placed.id}?token=${placed.token}`)).body;

test('a guest pays by transfer, staff captures and ships, both mails arrive once', async () => {
	const id = variant(1), before = level(id), email = `ana-${randomUUID()}@example.com`;
	const client = await cartWith([[id, 2]]);
	const { status, body } = await order(client, { email });
	assert.equal(status, 201, JSON.stringify(body));
	assert.match(body.number, /^Z\d{6}$/);
	assert.equal(body.status, 'awaiting_payment');
	assert.equal(body.total.amount, body.subtotal.amount + body.shipping.amount);
	assert.equal(body.payment.type, 'instructions');
	assert.equal(body.payment.reference, body.number);
	assert.deepEqual(level(id), { on_hand: before.on_hand, reserved: before.reserved + 2 });
	assert.equal((await client.api('GET', '/cart')).body.count, 0);

	const boss = await staff();
	const { body: payments } = await boss.api('GET', '/payments');
	const payment = payments.items.find(p => p.order_id === body.id);
	const captured = await boss.idempotent('POST', `/payments/${payment.id}/capture`, {});
	assert.equal(captured.status, 200, JSON.stringify(captured.body));
	assert.equal((await boss.idempotent('POST', `/payments/${payment.id}/capture`, {})).status, 409);
	await until(async () => (await shown(client, body)).status === 'confirmed', 'the order to be paid');
	await until(() => level(id).on_hand === before.on_hand - 2, 'the stock to be sold');
	const shipped = await boss.idempotent('POST', `/orders/${body.id}/shipments`, { tracking: 'ES123' });
	assert.equal(shipped.status, 201, JSON.stringify(shipped.body));
	assert.equal(shipped.body.status, 'completed');
	assert.deepEqual(level(id), { on_hand: before.on_hand - 2, reserved: before.reserved });
	await until(async () => (await mails(email)).length === 3, 'three mails', 20);
	const subjects = (await mails(email)).map(m => m.subject);
	assert.equal(subjects.filter(s => s.includes('Hemos recibido')).length, 1);
	assert.equal(subjects.filter(s => s.includes('en camino')).length, 1);
});

test('by card: declined, then paid; the same order and number; nothing charged twice', async () => {
	const client = await cartWith([[variant(2), 1]]);
	const { body } = await order(client, { method: 'demo_card' });
	assert.equal(body.payment.type, 'redirect');
	const page = new URL(body.payment.url).pathname;
	let answer = await client.form(page, { card: '4000 0000 0000 0002' });
	assert.equal(answer.status, 303);
	await until(async () => (await shown(client, body)).payment_status === 'failed', 'the decline');
	const again = await client.api('POST', `/orders/${body.id}/payments`, { payment_method: 'demo_card' },
		{ 'idempotency-key': randomUUID(), 'x-order-token': body.token });
	assert.equal(again.status, 200, JSON.stringify(again.body));
	assert.equal(again.body.number, body.number);
	answer = await client.form(new URL(again.body.payment.url).pathname, { card: '4000 0000 0000 1111' });
	assert.equal(answer.status, 303);
	const paid = await until(async () => { const o = await shown(client, body); return o.payment_status === 'paid' && o; }, 'the payment');
	assert.equal(paid.status, 'confirmed');
	await new Promise(resolve => setTimeout(resolve, 500));
	assert.deepEqual(sql('payments', `SELECT sum(captured) AS captured FROM payment WHERE order_id = '${body.id}'`),
		[{ captured: body.total.amount }]);
});

test('3-D Secure asks once more; a late answer is found by asking', async () => {
	const client = await cartWith([[variant(3), 1]]);
	const { body } = await order(client, { method: 'demo_card' });
	const page = new URL(body.payment.url).pathname;
	const answer = await client.form(page, { card: '4000000000003220' });
	assert.equal(answer.headers.get('location').replace(url, ''), page);
	await client.form(page, { card: 'confirm' });
	await until(async () => (await shown(client, body)).payment_status === 'paid', 'the payment');
	const other = await cartWith([[variant(3), 1]]);
	const { body: late } = await order(other, { method: 'demo_card' });
	await other.form(new URL(late.payment.url).pathname, { card: '4000000000000259' });
	assert.equal((await shown(other, late)).payment_status, 'pending');
	await until(async () => (await shown(other, late)).payment_status === 'paid', 'the late payment');
});

test('the same key twenty times at once is one order', async () => {
	const client = await cartWith([[variant(4), 1]]), key = randomUUID();
	const { body: cart } = await client.api('GET', '/cart');
	const body = { email: 'a@example.com', shipping_address: address, payment_method: 'cash_on_delivery',
		expected_total: cart.totals.subtotal.amount + (cart.totals.subtotal.amount >= 5000 ? 0 : 495) };
	const answers = await Promise.all(Array.from({ length: 20 }, () => client.idempotent('POST', '/orders', body, key)));
	const good = answers.filter(a => a.status === 201);
	assert.ok(good.length >= 1, JSON.stringify(answers[0].body));
	assert.equal(new Set(good.map(a => a.body.id)).size, 1);
	assert.deepEqual(answers.filter(a => ![201, 409].includes(a.status)).map(a => a.status), []);
	const replay = await client.idempotent('POST', '/orders', body, key);
	assert.equal(replay.status, 201);
	assert.equal(replay.body.id, good[0].body.id);
	assert.equal((await client.idempotent('POST', '/orders', { ...body, note: 'x' }, key)).status, 422);
});

test('a hundred buyers of ten: ten orders, ninety clear refusals', async () => {
	const id = variant(10), boss = await staff();
	const { on_hand, reserved } = level(id);
	const set = await boss.idempotent('POST', '/inventory/adjustments',
		{ variant_id: id, delta: 10 - (on_hand - reserved), reason: 'count' });
	assert.equal(set.status, 201, JSON.stringify(set.body));
	const clients = await Promise.all(Array.from({ length: 100 }, () => cartWith([[id, 1]])));
	const { body: cart } = await clients[0].api('GET', '/cart');
	const total = cart.totals.subtotal.amount + (cart.totals.subtotal.amount >= 5000 ? 0 : 495);
	const answers = await Promise.all(clients.map((client, i) => client.idempotent('POST', '/orders', {
		email: `buyer${i}@example.com`, shipping_address: address, payment_method: 'cash_on_delivery', expected_total: total })));
	const statuses = answers.map(a => a.status);
	assert.equal(statuses.filter(s => s === 201).length, 10, JSON.stringify(statuses));
	assert.equal(statuses.filter(s => s === 409).length, 90, JSON.stringify(statuses));
	assert.ok(answers.filter(a => a.status === 409).every(a => a.body.type === '/problems/out-of-stock'));
	const after = level(id);
	assert.equal(after.on_hand - after.reserved, 0);
});

test('what was shown is charged, or it is said', async () => {
	const client = await cartWith([[variant(5), 1]]);
	const { status, body } = await order(client, { total: 1 });
	assert.equal(status, 409);
	assert.equal(body.type, '/problems/total-changed');
	assert.ok(body.totals.total.amount > 1);
	const empty = await order(new Client(), { total: 1 });
	assert.equal(empty.body.type, '/problems/cart-empty');
});

test('an order is its owner\'s and the token\'s; to others it does not exist', async () => {
	const client = await cartWith([[variant(6), 1]]);
	const { body } = await order(client);
	assert.equal((await new Client().api('GET', `/orders/${body.id}`)).status, 404);
	assert.equal((await new Client().api('GET', `/orders/${body.id}?token=nonsense`)).status, 404);
	assert.equal((await new Client().idempotent('POST', `/orders/${body.id}/cancel`, {})).status, 404);
	const page = await new Client().fetch(`/es/orders/${body.id}?token=${body.token}`);
	assert.equal(page.status, 303);
	assert.equal(page.headers.get('location').replace(url, ''), `/es/orders/${body.id}`);
});

test('a cancelled order gives back stock and cart', async () => {
	const id = variant(7), before = level(id), client = await cartWith([[id, 3]]);
	const { body } = await order(client);
	const cancelled = await client.api('POST', `/orders/${body.id}/cancel`, {},
		{ 'idempotency-key': randomUUID(), 'x-order-token': body.token });
	assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
	await until(() => level(id).reserved === before.reserved, 'the stock');
	await until(async () => (await client.api('GET', '/cart')).body.count === 3, 'the cart');
});

test('the audit chain is whole, and knows of the orders', async () => {
	const boss = await owner();
	await until(async () => (await boss.api('GET', '/audit/entries?action=order.placed')).body.items.length > 0, 'entries');
	const { body } = await boss.api('GET', '/audit/verify');
	assert.equal(body.is_whole, true, JSON.stringify(body));
	assert.deepEqual(body.missing, []);
	assert.equal((await (await staff()).api('GET', '/audit/verify')).status, 403);
});
