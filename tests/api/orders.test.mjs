// orders: what a checkout refuses, how an order ends, and what its finisher
// repairs. The way from cart to parcel is in purchase.test.mjs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import test, { before } from 'node:test';
import { Client, customer, internal, mails, sql, staff, until, url, variant } from './client.mjs';

const home = { name: 'Ana Pérez', line1: 'Calle Sol 1', postcode: '28013', city: 'Madrid', country: 'ES' };
const CHEAP = 11, DEAR = 6;	// 12.90 and 0.783 kg; 79.00

async function put(client, product, quantity = 1) {
	const answer = await client.api('POST', '/cart/items', { variant_id: variant(product), quantity });
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	return client;
}

const cartWith = (product, quantity) => put(new Client(), product, quantity);

async function bodyFor(client, changes = {}) {
	const { body: cart } = await client.api('GET', '/cart');
	const country = changes.shipping_address?.country ?? 'ES';
	const { body: options } = await client.api('GET', `/orders/shipping-options?country=${country}`);
	const option = options.items.find(o => o.code === (changes.shipping_option ?? 'standard'));
	return { email: `ana-${randomUUID()}@example.com`, shipping_address: home, payment_method: 'bank_transfer',
		expected_total: cart.totals.subtotal.amount + option.amount.amount, ...changes };
}

async function place(client, changes) {
	const answer = await client.idempotent('POST', '/orders', await bodyFor(client, changes));
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
	return answer.body;
}

const bearing = order => ({ 'x-order-token': order.token, 'idempotency-key': randomUUID() });
const shown = async order => (await new Client().api('GET', `/orders/${order.id}`, undefined, bearing(order))).body;
const kinds = async order => (await shown(order)).timeline.map(e => e.kind);
const level = product => sql('inventory', `SELECT on_hand, reserved FROM level WHERE variant_id = '${variant(product)}'`)[0];
const holdOf = async order => (await internal('orders', 'GET', `/internal/inventory/holds/${order.id}`)).body;
const paymentsOf = order => sql('payments', `SELECT id, attempt, status, captured, refunded FROM payment
	WHERE order_id = '${order.id}' ORDER BY attempt`);
const card = (order, number) => new Client().form(new URL(order.payment.url).pathname, { card: number });

async function setStock(product, available) {
	const { on_hand, reserved } = level(product), delta = available - (on_hand - reserved);
	if (delta === 0)
		return;
	const answer = await (await staff()).idempotent('POST', '/inventory/adjustments',
		{ variant_id: variant(product), delta, reason: 'count' });
	assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

async function capture(order, amount) {
	const [payment] = paymentsOf(order);
	const answer = await (await staff()).idempotent('POST', `/payments/${payment.id}/capture`, amount ? { amount } : {});
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

// What only time or a crash can do to a row.
function alter(domain, statement) {
	execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST,
		'-U', `zoco_${domain}_owner`, '-d', `zoco_${domain}`, '-c', statement]);
}
const age = (order, interval) => alter('orders',
	`UPDATE shop_order SET placed_at = placed_at - interval '${interval}', checked_at = NULL WHERE id = '${order.id}'`);
const outlive = order => alter('orders', `UPDATE shop_order SET expires_at = now() - interval '1 second' WHERE id = '${order.id}'`);
const crashAfterHold = order => alter('orders', `UPDATE shop_order SET status = 'placing', payment_status = 'none' WHERE id = '${order.id}'`);

// Also while cron's own run has the lock.
async function finisher() {
	await until(() => {
		const { status, stderr } = spawnSync(process.env.ZOCO_INSTANCE, ['job', process.env.ZOCO_DIR, 'expire_orders']);
		assert.ok([0, 75].includes(status), `${status} ${stderr}`);
		return status === 0;
	}, 'the finisher');
}

before(() => setStock(CHEAP, 500));

test('deliveries of the present cart: by country, weight and worth', async () => {
	const amounts = async (client, country) =>
		Object.fromEntries((await client.api('GET', `/orders/shipping-options?country=${country}&postcode=1`)).body.items
			.map(o => [o.code, o.amount.amount]));
	const light = await cartWith(CHEAP);
	assert.deepEqual(await amounts(light, 'ES'), { standard: 495, express: 995 });
	assert.deepEqual(await amounts(light, 'PT'), { standard: 1295 });
	assert.deepEqual(await amounts(light, 'US'), {});
	assert.deepEqual(await amounts(await cartWith(CHEAP, 3), 'FR'), { standard: 1995 });
	assert.deepEqual(await amounts(await cartWith(DEAR), 'ES'), { standard: 0, express: 995 });
	assert.equal((await new Client().api('GET', '/orders/shipping-options')).body.type, '/problems/cart-empty');
	assert.equal((await light.api('GET', '/orders/shipping-options?country=ESP')).status, 422);
});

test('a checkout says all faults at once, and what is not offered', async () => {
	const client = await cartWith(CHEAP), good = await bodyFor(client);
	const faults = async body => (await client.idempotent('POST', '/orders', body)).body.errors.map(e => e.field).sort();
	assert.deepEqual(await faults({ email: 'nobody', shipping_address: { name: 'A' }, expected_total: 1, colour: 'red' }),
		['colour', 'email', 'payment_method', 'shipping_address.city', 'shipping_address.country',
			'shipping_address.line1', 'shipping_address.postcode']);
	assert.deepEqual(await faults({ ...good, shipping_address: { ...home, country: 'US' } }), ['shipping_address.country']);
	assert.deepEqual(await faults({ ...good, shipping_option: 'drone' }), ['shipping_option']);
	assert.deepEqual(await faults({ ...good, payment_method: 'pesetas' }), ['payment_method']);
	assert.deepEqual(await faults({ ...good, payment_method: 'cash_on_delivery',
		shipping_address: { ...home, country: 'FR' } }), ['payment_method']);
	assert.equal((await client.api('POST', '/orders', good)).body.type, '/problems/idempotency-key-missing');
	assert.deepEqual(sql('orders', `SELECT id FROM shop_order WHERE email = '${good.email}'`), []);
});

test('cash on delivery: confirmed at once, shipped, paid at the door, completed', async () => {
	const client = await cartWith(CHEAP, 2), boss = await staff();
	const order = await place(client, { payment_method: 'cash_on_delivery', note: 'Dos\nveces',
		billing_address: { ...home, name: 'Pérez SL' } });
	assert.deepEqual([order.status, order.payment_status], ['confirmed', 'authorized']);
	assert.equal(order.subtotal.amount, 2580);
	assert.equal(order.total.amount, 3075);
	assert.equal(order.tax.amount, 448 + 86);	// 21 % in each, rounded once
	assert.equal(order.billing_address.name, 'Pérez SL');
	assert.deepEqual(order.lines.map(l => [l.quantity, l.unit, l.total]), [[2, 1290, 2580]]);
	assert.ok(Date.parse((await holdOf(order)).until) > Date.now() + 29 * 86400e3);
	assert.equal((await client.idempotent('POST', `/orders/${order.id}/shipments`, {})).status, 401);
	const shipped = await boss.idempotent('POST', `/orders/${order.id}/shipments`, { carrier: 'Correos', tracking: 'ES1' });
	assert.equal(shipped.status, 201, JSON.stringify(shipped.body));
	assert.deepEqual([shipped.body.status, shipped.body.fulfilment_status], ['confirmed', 'fulfilled']);
	assert.deepEqual(shipped.body.shipments.map(s => [s.carrier, s.tracking]), [['Correos', 'ES1']]);
	assert.equal((await boss.idempotent('POST', `/orders/${order.id}/shipments`, {})).body.type, '/problems/not-shippable');
	assert.equal((await client.api('POST', `/orders/${order.id}/cancel`, {}, bearing(order))).body.type, '/problems/not-cancellable');
	await capture(order);
	await until(async () => (await shown(order)).status === 'completed', 'the order to be complete');
	assert.deepEqual(await kinds(order), ['placed', 'shipped', 'paid']);
});

test('what is not paid is not shipped', async () => {
	const order = await place(await cartWith(CHEAP));
	const answer = await (await staff()).idempotent('POST', `/orders/${order.id}/shipments`, {});
	assert.equal(answer.body.type, '/problems/not-shippable');
	assert.equal((await (await staff()).idempotent('POST', `/orders/${randomUUID()}/shipments`, {})).status, 404);
});

test('out of stock: the lines are named, the order is void, the key is free again', async () => {
	await setStock(8, 5);
	const client = await put(await cartWith(8, 3), CHEAP), key = randomUUID(), body = await bodyFor(client);
	await setStock(8, 2);
	const held = level(CHEAP).reserved;
	const refused = await client.idempotent('POST', '/orders', body, key);
	assert.equal(refused.status, 409);
	assert.equal(refused.body.type, '/problems/out-of-stock');
	assert.deepEqual(refused.body.lines.map(l => [l.variant_id, l.quantity, l.available]), [[variant(8), 3, 2]]);
	assert.ok(refused.body.lines[0].name.length > 0);
	assert.deepEqual(sql('orders', `SELECT status, number FROM shop_order WHERE email = '${body.email}'`), [{ status: 'void', number: null }]);
	assert.equal(level(CHEAP).reserved, held);	// all or none
	await setStock(8, 3);
	const placed = await client.idempotent('POST', '/orders', body, key);
	assert.equal(placed.status, 201, JSON.stringify(placed.body));
});

test('a crash after any step: the same key goes on with the same order', async () => {
	const client = await cartWith(CHEAP), key = randomUUID(), body = await bodyFor(client);
	const { body: order } = await client.idempotent('POST', '/orders', body, key);
	const reserved = level(CHEAP).reserved;
	crashAfterHold(order);
	assert.equal((await client.api('GET', `/orders/${order.id}`, undefined, bearing(order))).status, 404);
	const { status, body: again } = await client.idempotent('POST', '/orders', body, key);
	assert.equal(status, 201);
	assert.deepEqual([again.id, again.number, again.status], [order.id, order.number, 'awaiting_payment']);
	assert.equal(level(CHEAP).reserved, reserved);
	assert.equal(paymentsOf(order).length, 1);
	assert.equal((await client.api('GET', '/cart')).body.count, 0);
});

test('the finisher undoes what nobody came back for, not sooner', async () => {
	const reserved = level(12).reserved, order = await place(await cartWith(12));
	crashAfterHold(order);
	await finisher();
	const status = () => sql('orders', `SELECT status FROM shop_order WHERE id = '${order.id}'`)[0].status;
	assert.equal(status(), 'placing');
	age(order, '3 minutes');
	await finisher();
	assert.equal(status(), 'void');
	assert.equal(level(12).reserved, reserved);
	assert.equal((await holdOf(order)).state, 'released');
	assert.equal(paymentsOf(order)[0].status, 'cancelled');
});

test('the finisher makes the payment that a crash left out, and applies what was paid', async () => {
	const order = await place(await cartWith(CHEAP), { payment_method: 'demo_card' });
	const [{ id }] = paymentsOf(order);
	alter('payments', `DELETE FROM demo_card_session WHERE payment_id = '${id}'; DELETE FROM payment WHERE id = '${id}'`);
	age(order, '2 minutes');
	await finisher();
	assert.equal(paymentsOf(order).length, 1);
	const { payment } = await shown(order);
	await card({ payment }, '4000 0000 0000 0259');	// says it late, and sends nothing
	const status = () => sql('orders', `SELECT status FROM shop_order WHERE id = '${order.id}'`)[0].status;
	await new Promise(resolve => setTimeout(resolve, 4500));
	age(order, '2 minutes');
	outlive(order);		// paid beats expired
	await finisher();
	assert.equal(status(), 'confirmed');
});

test('an unpaid order expires: stock and cart come back, a mail says so', async () => {
	const reserved = level(13).reserved, client = await cartWith(13), email = `late-${randomUUID()}@example.com`;
	const order = await place(client, { email });
	await finisher();
	assert.equal((await shown(order)).status, 'awaiting_payment');
	outlive(order);
	await finisher();
	assert.equal((await shown(order)).status, 'expired');
	assert.equal(paymentsOf(order)[0].status, 'cancelled');
	await until(() => level(13).reserved === reserved, 'the stock');
	await until(async () => (await client.api('GET', '/cart')).body.count === 1, 'the cart');
	await until(async () => (await mails(email)).length === 2, 'the mail', 20);

	// Money that comes even so goes back, and the order says it.
	await capture(order);
	await until(async () => (await shown(order)).payment_status === 'refunded', 'the refund');
	assert.equal((await shown(order)).status, 'expired');
	assert.deepEqual((await kinds(order)).slice(-2), ['paid_late', 'refunded']);
	const [payment] = paymentsOf(order);
	assert.deepEqual([payment.captured, payment.refunded], [order.total.amount, order.total.amount]);
	assert.equal(level(13).reserved, reserved);
});

test('money that does not fit is noted once, and does not confirm', async () => {
	const order = await place(await cartWith(CHEAP));
	await capture(order, 100);
	await until(async () => (await kinds(order)).includes('paid_other'), 'the note');
	await shown(order);
	assert.deepEqual(await kinds(order), ['placed', 'paid_other']);
	assert.equal((await shown(order)).status, 'awaiting_payment');
});

test('a paid order is cancelled: the money goes back', async () => {
	const order = await place(await cartWith(CHEAP), { payment_method: 'demo_card' });
	await card(order, '4242424242424242');
	await until(async () => (await shown(order)).status === 'confirmed', 'the payment');
	const cancelled = await (await staff()).idempotent('POST', `/orders/${order.id}/cancel`, {});
	assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body));
	await until(async () => (await shown(order)).payment_status === 'refunded', 'the refund');
	assert.equal(paymentsOf(order)[0].refunded, order.total.amount);
});

test('after a decline: another way to pay, with time and goods for it', async () => {
	const order = await place(await cartWith(CHEAP), { payment_method: 'demo_card' });
	const pay = (method, key = randomUUID()) => new Client().api('POST', `/orders/${order.id}/payments`,
		{ payment_method: method }, { ...bearing(order), 'idempotency-key': key });
	assert.equal((await pay('bank_transfer')).body.type, '/problems/conflict');	// the first may still be paid
	await card(order, '4000000000000002');
	await until(async () => (await shown(order)).payment_status === 'failed', 'the decline');
	assert.deepEqual((await pay('pesetas')).body.errors.map(e => e.field), ['payment_method']);
	const key = randomUUID(), { status, body } = await pay('bank_transfer', key);
	assert.equal(status, 200, JSON.stringify(body));
	assert.equal(body.payment.reference, order.number);
	assert.ok(Date.parse(body.expires_at) > Date.now() + 6 * 86400e3, body.expires_at);
	assert.ok(Date.parse((await holdOf(order)).until) > Date.parse(body.expires_at));
	assert.equal((await pay('bank_transfer', key)).body.payment_attempt, 2);
	assert.deepEqual(paymentsOf(order).map(p => p.status), ['failed', 'pending']);

	const other = await place(await cartWith(CHEAP), { payment_method: 'demo_card' });
	await card(other, '4000000000000002');
	await until(async () => (await shown(other)).payment_status === 'failed', 'the decline');
	const cash = await new Client().api('POST', `/orders/${other.id}/payments`, { payment_method: 'cash_on_delivery' }, bearing(other));
	assert.deepEqual([cash.status, cash.body.status, cash.body.payment_status], [200, 'confirmed', 'authorized']);
	outlive(other);
	await finisher();
	assert.equal((await shown(other)).status, 'confirmed');
});

test('sold but broken meanwhile: staff read it on the order', async () => {
	await setStock(14, 2);
	const order = await place(await cartWith(14, 2));
	const { on_hand } = level(14);
	await (await staff()).idempotent('POST', '/inventory/adjustments', { variant_id: variant(14), delta: 1 - on_hand, reason: 'damaged' });
	await capture(order);
	await until(async () => (await kinds(order)).includes('stock_short'), 'the note');
	assert.equal((await shown(order)).status, 'confirmed');
});

test('whose orders one sees: own, all as staff, page by page', async () => {
	const me = await customer(), orders = [];
	await me.api('DELETE', '/cart');
	for (let i = 0; i < 3; i++)
		orders.unshift((await place(await put(me, CHEAP))).id);
	const first = (await me.api('GET', '/orders?limit=2')).body, second = (await me.api('GET', `/orders?limit=1&after=${first.next}`)).body;
	assert.deepEqual([...first.items, ...second.items].map(o => o.id), orders);
	const guests = await place(await cartWith(CHEAP));
	assert.ok(!(await me.api('GET', '/orders?limit=100')).body.items.some(o => o.id === guests.id));
	assert.equal((await me.api('GET', `/orders/${guests.id}`)).status, 404);
	assert.equal((await me.api('GET', `/orders/${orders[0]}`)).status, 200);
	assert.equal((await new Client().api('GET', `/orders/${orders[0]}`, undefined, bearing(guests))).status, 404);
	assert.equal((await new Client().api('GET', '/orders')).status, 401);
	const all = (await (await staff()).api('GET', '/orders?status=awaiting_payment')).body.items;
	assert.ok(all.some(o => o.id === guests.id) && all.every(o => o.status === 'awaiting_payment'));
	assert.equal((await me.api('GET', '/orders?after=x')).status, 422);
	const page = await (await me.fetch('/es/account/orders')).text();
	assert.ok(page.includes(orders[0]) && !page.includes(guests.id));
});

test('paid by two attempts: the second is noted, its refund leaves the order paid', async () => {
	const order = await place(await cartWith(CHEAP), { payment_method: 'demo_card' }), boss = await staff();
	await card(order, '4000000000000002');
	await until(async () => (await shown(order)).payment_status === 'failed', 'the decline');
	await new Client().api('POST', `/orders/${order.id}/payments`, { payment_method: 'bank_transfer' }, bearing(order));
	const [declined, transfer] = paymentsOf(order);
	for (const { id } of [transfer, declined])
		assert.equal((await boss.idempotent('POST', `/payments/${id}/capture`, {})).status, 200);
	await until(async () => (await kinds(order)).includes('paid_twice'), 'the note');
	assert.equal((await boss.idempotent('POST', `/payments/${declined.id}/refunds`, { reason: 'twice' })).status, 201);
	const [{ id }] = sql('payments', `SELECT id FROM outbox WHERE subject = '${order.id}' AND type = 'payment.refunded'`);
	await until(() => sql('orders', `SELECT event_id FROM inbox WHERE event_id = '${id}'`).length === 1, 'the news of the refund');
	assert.deepEqual((({ status, payment_status }) => [status, payment_status])(await shown(order)), ['confirmed', 'paid']);
});

test('what is no longer sold is out of stock; the page leads to the cart', async () => {
	const client = await cartWith(15), body = await bodyFor(client);
	alter('catalog', `UPDATE variant SET is_active = false WHERE id = '${variant(15)}'`);
	try {
		const refused = await client.idempotent('POST', '/orders', body);
		assert.equal(refused.body.type, '/problems/out-of-stock');
		assert.deepEqual(refused.body.lines, [{ variant_id: variant(15), quantity: 1, available: 0 }]);
		for (const answer of [await client.fetch('/es/checkout'), await client.form('/es/checkout', formOf({}, 1))])
			assert.deepEqual([answer.status, answer.headers.get('location')?.replace(url, '')], [303, '/es/cart']);
	} finally {
		alter('catalog', `UPDATE variant SET is_active = true WHERE id = '${variant(15)}'`);
	}
});

test('bought again: what is still sold goes into the cart, what is not is named', async () => {
	const me = await customer(), ids = [variant(15), variant(CHEAP)];
	await me.api('DELETE', '/cart');
	for (const variant_id of ids)
		assert.equal((await me.api('POST', '/cart/items', { variant_id, quantity: 2 })).status, 201);
	const order = await place(me);
	await until(async () => (await me.api('GET', '/cart')).body.count === 0, 'the lines to leave the cart');
	assert.equal((await new Client().api('POST', `/orders/${order.id}/again`, {})).status, 401);
	assert.equal((await (await staff()).api('POST', `/orders/${order.id}/again`, {})).status, 404, 'nobody else\'s');
	alter('catalog', `UPDATE variant SET is_active = false WHERE id = '${ids[0]}'`);
	try {
		for (let i = 0; i < 2; i++) {	// twice is as once
			const { status, body } = await me.api('POST', `/orders/${order.id}/again`, {});
			assert.equal(status, 200, JSON.stringify(body));
			assert.deepEqual([body.added.map(l => l.variant_id), body.gone.map(l => l.variant_id)], [[ids[1]], [ids[0]]]);
			assert.deepEqual((await me.api('GET', '/cart')).body.lines.map(l => [l.variant_id, l.quantity]), [[ids[1], 2]]);
		}
		assert.match(await (await me.fetch('/en/checkout')).text(), /id="line1"[^>]* value="Calle Sol 1"/, 'as it was sent last');
		assert.match(await (await me.fetch(`/es/orders/${order.id}`)).text(), /action="\/es\/orders\/[^"]+\/again"/);
		const page = await (await me.form(`/en/orders/${order.id}/again`, {})).text();
		assert.match(page, /No longer sold.*2 × .*In your cart.*2 × .*href="\/en\/cart"/s);
	} finally {
		alter('catalog', `UPDATE variant SET is_active = true WHERE id = '${ids[0]}'`);
		await me.api('DELETE', '/cart');
	}
	assert.equal((await internal('orders', 'POST', '/internal/cart/again', { cart_key: 'no customer', lines: [{ variant_id: ids[1], quantity: 1 }] })).status, 404);
});

// --- Pages, as a browser without JavaScript uses them.

const formOf = (changes, total) => ({
	email: 'ana@example.com', 'shipping_address.name': home.name, 'shipping_address.line1': home.line1,
	'shipping_address.postcode': home.postcode, 'shipping_address.city': home.city, 'shipping_address.country': 'ES',
	shipping_option: 'standard', payment_method: 'bank_transfer', expected_total: total, idempotency_key: randomUUID(), ...changes });
const totalOn = page => Number(page.match(/id="total" value="(\d+)"/)[1]);
const keyOn = page => page.match(/name="idempotency_key" value="([^"]+)"/)[1];
const wayOf = answer => answer.headers.get('location')?.replace(url, '');

test('the checkout page: totals of another country, what was typed stays', async () => {
	const client = await cartWith(CHEAP);
	assert.equal(totalOn(await (await client.fetch('/es/checkout')).text()), 1290 + 495);
	assert.equal(totalOn(await (await client.fetch('/es/checkout?country=XX&shipping_option=drone')).text()), 1290 + 495);
	const draft = { email: 'half', 'shipping_address.country': 'PT', 'shipping_address.phone': '+34 600', expected_total: '1', payment_method: 'demo_card' };
	const answer = await client.form('/es/checkout/totals', draft), page = await answer.text();
	assert.equal(answer.status, 200);
	assert.equal(totalOn(page), 1290 + 1295);
	assert.match(page, /name="email"[^>]*value="half"/);
	assert.match(page, /value="\+34 600"/);
	assert.match(page, /<option value="PT" selected>/);
	assert.equal((await client.form('/es/checkout/totals', { email: 'x'.repeat(300) })).status, 422);
});

test('the checkout page: a step after the other, each with its address, kept until the order', async () => {
	const client = await cartWith(CHEAP), { shipping_option, payment_method, idempotency_key, ...details } = formOf({}, 1);
	delete details.expected_total;
	assert.match(await (await client.fetch('/en/checkout?step=payment')).text(), /action="\/en\/checkout\/details"/, 'not before the first');
	let answer = await client.form('/en/checkout/details', { ...details, email: 'nobody' });
	assert.equal(answer.status, 422);
	let page = await answer.text();
	assert.match(page, /id="email-error">[^<]+</);
	assert.match(page, /value="Calle Sol 1"/);
	answer = await client.form('/en/checkout/details', { ...details, 'shipping_address.country': 'PT' });
	assert.equal(wayOf(answer), '/en/checkout?step=delivery');
	page = await (await client.fetch(wayOf(answer))).text();
	assert.equal(totalOn(page), 1290 + 1295);
	assert.match(page, /ana@example\.com<br>[^<]*Portugal/);
	assert.doesNotMatch(page, /id="email"/, 'what is done is a line');
	assert.equal((await client.form('/en/checkout/details', details)).status, 303);
	assert.equal(wayOf(await client.form('/en/checkout/delivery', { shipping_option: 'express' })), '/en/checkout?step=payment');
	assert.equal((await client.form('/en/checkout/delivery', {})).status, 422);
	page = await (await client.fetch('/en/checkout?step=payment')).text();
	assert.equal(totalOn(page), 1290 + 995);
	assert.match(await (await client.fetch('/en/checkout')).text(), /id="line1"[^>]* value="Calle Sol 1"/, 'Back');
	const fields = Object.fromEntries([...page.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(f => [f[1], f[2]]));
	const twice = await Promise.all([1, 2].map(() => client.form('/en/checkout', { ...fields, payment_method: 'bank_transfer' })));
	const ways = twice.filter(a => a.status === 303).map(wayOf);
	assert.match(ways[0], /^\/en\/orders\//);
	assert.equal(new Set(ways).size, 1, 'sent twice is bought once');
	assert.equal(sql('orders', `SELECT id FROM shop_order WHERE key = '${fields.idempotency_key}'`).length, 1);
	assert.deepEqual(sql('orders', `SELECT cart_key FROM checkout_draft d WHERE EXISTS (SELECT FROM shop_order o
		WHERE o.cart_key = d.cart_key AND o.key = '${fields.idempotency_key}')`), [], 'nothing is kept');
	for (const [step, typed] of Object.entries({ details, delivery: { shipping_option: 'standard' } }))
		assert.match(wayOf(await new Client().form(`/en/checkout/${step}`, typed)), /^\/en\/(cart|checkout)$/, step);
});

test('the cart shows the total with its delivery, before any address', async () => {
	const client = await cartWith(CHEAP);
	assert.match(await (await client.fetch('/en/cart')).text(), /Delivery to Spain<\/dt><dd>€4\.95<.*€17\.85/s);
});

test('the checkout page: faults beside their fields, a new total before the charge, then the order', async () => {
	const client = await cartWith(CHEAP);
	let answer = await client.form('/es/checkout', formOf({ email: 'nobody', 'shipping_address.city': '' }, 1785));
	let page = await answer.text();
	assert.equal(answer.status, 422);
	assert.match(page, /id="email-error">[^<]+</);
	assert.match(page, /id="city-error">[^<]+</);
	assert.match(page, /id="name-error"></);
	answer = await client.form('/es/checkout', formOf({ shipping_option: 'express' }, 1785));
	page = await answer.text();
	assert.equal(answer.status, 409);
	assert.equal(totalOn(page), 1290 + 995);
	assert.match(page, /value="Calle Sol 1"/);
	answer = await client.form('/es/checkout', formOf({ shipping_option: 'express' }, totalOn(page)));
	assert.equal(answer.status, 303);
	assert.match(wayOf(answer), /^\/es\/orders\/[0-9a-f-]{36}$/);
	assert.match(answer.headers.getSetCookie().find(c => c.includes('zoco_order_')), /HttpOnly; SameSite=Lax/);
	page = await (await client.fetch(wayOf(answer))).text();
	assert.match(page, /IBAN/);
	assert.match(page, /22,85/);
	assert.equal((await new Client().fetch(wayOf(answer))).status, 404);

	const again = await client.form('/es/checkout', formOf({}, 1785));	// from a tab left open
	assert.deepEqual([again.status, wayOf(again)], [303, '/es/cart']);
	assert.equal(wayOf(await client.fetch('/en/checkout')), '/en/cart');

	const cancelled = await client.form(wayOf(answer) + '/cancel', { idempotency_key: randomUUID() });
	assert.equal(wayOf(cancelled), wayOf(answer));
	assert.match(await (await client.fetch(wayOf(answer))).text(), /badge-cancelled/);
});

test('the checkout page names what is out of stock', async () => {
	await setStock(16, 2);
	const client = await cartWith(16, 2), page = await (await client.fetch('/es/checkout')).text();
	await setStock(16, 1);
	const answer = await client.form('/es/checkout', formOf({}, totalOn(page))), again = await answer.text();
	assert.equal(answer.status, 409);
	const { name } = (await client.api('GET', '/cart')).body.lines[0];
	assert.ok(again.match(/role="alert">.*?<\/div>/s)[0].includes(`${name}: `));
});

test('a declined card on the order\'s page: choose another way there', async () => {
	const client = await cartWith(CHEAP), page = await (await client.fetch('/en/checkout')).text();
	let answer = await client.form('/en/checkout', formOf({ payment_method: 'demo_card' }, totalOn(page)));
	assert.match(wayOf(answer), /^\/en\/pay\//);
	answer = await client.form(wayOf(answer), { card: '4000000000000002' });
	const order = wayOf(answer);
	assert.match(order, /^\/en\/orders\//);
	const failed = await (await client.fetch(order)).text();
	assert.match(failed, /value="demo_card" required checked/);
	assert.equal((await client.form(order + '/pay', { idempotency_key: keyOn(failed) })).status, 422);
	answer = await client.form(order + '/pay', { payment_method: 'bank_transfer', idempotency_key: keyOn(failed) });
	assert.equal(wayOf(answer), order);
	assert.match(await (await client.fetch(order)).text(), /IBAN/);
});

test('a mailed link swaps its token for a cookie', async () => {
	const order = await place(await cartWith(CHEAP)), visitor = new Client();
	const answer = await visitor.fetch(`/es/orders/${order.id}?token=${order.token}`);
	assert.equal(wayOf(answer), `/es/orders/${order.id}`);
	assert.equal((await visitor.fetch(wayOf(answer))).status, 200);
	assert.equal((await visitor.fetch(`/es/orders/${randomUUID()}`)).status, 404);
	assert.equal((await visitor.fetch(`/es/admin/orders/${order.id}`)).status, 303);
});

test('staff\'s pages: the list by status, ship, cancel', async () => {
	const boss = await staff(), order = await place(await cartWith(CHEAP), { payment_method: 'cash_on_delivery', note: 'Ring <twice>' });
	const list = async status => (await boss.fetch(`/es/admin/orders?status=${status}`)).text();
	assert.ok((await list('confirmed')).includes(order.number));
	assert.ok(!(await list('expired')).includes(order.number));
	assert.match(await list('expired'), /value="expired" selected/);
	let page = await (await boss.fetch(`/es/admin/orders/${order.id}`)).text();
	assert.match(page, /Ring &lt;twice&gt;/);
	const shipped = await boss.form(`/es/admin/orders/${order.id}/ship`, { carrier: 'Correos', tracking: 'ES7', idempotency_key: randomUUID() });
	assert.equal(wayOf(shipped), `/es/admin/orders/${order.id}`);
	page = await (await boss.fetch(`/es/admin/orders/${order.id}`)).text();
	assert.match(page, /Correos <strong>ES7/);
	assert.doesNotMatch(page, /\/ship"/);
	const late = await boss.form(`/es/admin/orders/${order.id}/cancel`, { idempotency_key: randomUUID() });
	assert.equal(late.status, 409);
	assert.equal((await (await customer()).fetch('/es/admin/orders')).status, 403);
});
