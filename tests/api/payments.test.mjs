// Payments beside the purchase: what is offered, staff's hands, and the words
// of a provider that nobody may forge.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, customer, owner, sql, staff, until, variant } from './client.mjs';

const address = { name: 'Ana', line1: 'Calle 1', postcode: '28013', city: 'Madrid', country: 'ES' };

async function order(payment_method) {
	const client = new Client();
	await client.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 });
	const [line] = (await client.api('GET', '/cart')).body.lines;
	const { status, body } = await client.idempotent('POST', '/orders', { email: 'pay@example.com', shipping_address: address,
		payment_method, expected_total: line.unit.amount + 495 });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}
const paymentOf = id => sql('payments', `SELECT id, status, amount, captured, refunded FROM payment WHERE order_id = '${id}'`)[0];

test('ways to pay: what is set up, where it makes sense', async () => {
	const names = async query => (await new Client().api('GET', `/payments/methods${query}`)).body.items.map(m => m.provider);
	assert.deepEqual(await names(''), ['bank_transfer', 'cash_on_delivery', 'demo_card']);
	assert.deepEqual(await names('?country=FR'), ['bank_transfer', 'demo_card']);
	assert.deepEqual(await names('?currency=USD'), []);
	assert.equal((await new Client().api('GET', '/payments/methods?country=Spain')).status, 422);
});

test('the account for transfers is a setting; without one nobody is asked to transfer', async () => {
	const boss = await owner(), visitor = new Client();
	const offered = async () => (await visitor.api('GET', '/payments/methods')).body.items.some(m => m.provider === 'bank_transfer');
	const { body: before } = await boss.api('GET', '/system/settings');
	let answer = await boss.api('PATCH', '/system/settings', { transfer_iban: '' });
	assert.equal(answer.status, 200);
	assert.deepEqual(answer.body, { ...before, transfer_iban: '' });
	await until(async () => !await offered(), 'payments to hear of it');
	answer = await boss.api('PATCH', '/system/settings', { transfer_iban: 'ES12 3456', transfer_holder: 'Zoco SL' });
	assert.equal(answer.body.shop_name, before.shop_name, 'what was not given stays');
	await until(offered, 'payments to hear of the new one');
	const { payment } = await order('bank_transfer');
	assert.deepEqual([payment.iban, payment.holder], ['ES12 3456', 'Zoco SL']);
	assert.equal((await boss.api('PATCH', '/system/settings', { transfer_iban: 'x'.repeat(51) })).body.errors[0].field, 'transfer_iban');
	assert.equal((await (await staff()).api('PATCH', '/system/settings', { transfer_iban: '' })).status, 403);
	assert.equal((await visitor.api('GET', '/system/settings')).status, 401);
});

test('money that came, money given back: exact, once, by those who may', async () => {
	const { id, total } = await order('bank_transfer'), payment = paymentOf(id), boss = await staff(), buyer = await customer();
	const path = `/payments/${payment.id}`;
	assert.equal((await boss.api('GET', path)).body.status, 'pending');
	assert.equal((await buyer.api('GET', path)).status, 403);
	assert.equal((await new Client().api('GET', path)).status, 401);
	assert.equal((await boss.api('GET', `/payments/${randomUUID()}`)).status, 404);
	assert.equal((await boss.idempotent('POST', `${path}/refunds`, { amount: 1, reason: 'x' })).status, 409, 'nothing to give back');
	const key = randomUUID();
	const answers = await Promise.all(Array.from({ length: 5 }, () => boss.idempotent('POST', `${path}/capture`, {}, key)));
	assert.ok(answers.every(a => [200, 409].includes(a.status)));
	assert.equal(paymentOf(id).captured, total.amount);
	assert.equal((await boss.idempotent('POST', `${path}/refunds`, { amount: total.amount + 1, reason: 'x' })).status, 409);
	assert.equal((await boss.idempotent('POST', `${path}/refunds`, { amount: 0, reason: 'x' })).status, 422);
	const back = await Promise.all(Array.from({ length: 4 }, () => boss.idempotent('POST', `${path}/refunds`, { amount: total.amount - 100, reason: 'broken' })));
	assert.deepEqual(back.map(a => a.status).sort(), [201, 409, 409, 409], JSON.stringify(back.map(a => a.body)));
	assert.equal(paymentOf(id).refunded, total.amount - 100);
	assert.ok((await boss.api('GET', '/payments?limit=1')).body.next);
});

test('a payment that nobody waits for is given up; money that comes even so is not lost', async () => {
	const { id } = await order('bank_transfer'), payment = paymentOf(id), boss = await staff();
	assert.equal((await boss.idempotent('POST', `/payments/${payment.id}/cancel`, {})).body.status, 'cancelled');
	assert.equal((await boss.idempotent('POST', `/payments/${payment.id}/capture`, {})).body.status, 'captured');
	assert.equal((await boss.idempotent('POST', `/payments/${payment.id}/cancel`, {})).status, 409);
});

test('a webhook counts with its signature, now, once', async () => {
	const { id, total } = await order('demo_card'), payment = paymentOf(id);
	const secret = `demo_card:${readFileSync(`${process.env.ZOCO_DIR}/etc/keys/payments.key`, 'utf8').trim()}`;
	const word = (more = {}) => JSON.stringify({ id: randomUUID(), payment_id: payment.id, type: 'payment.paid',
		amount: total.amount, currency: 'EUR', ...more });
	const send = (body, { at = Math.floor(Date.now() / 1000), key = secret, header } = {}) => new Client().api(
		'POST', '/payments/webhooks/demo_card', body, { 'content-type': 'application/json',
			'demo-card-signature': header ?? `t=${at},v1=${createHmac('sha256', key).update(`${at}.${body}`).digest('hex')}` });
	for (const [options, what] of [[{ key: 'guess' }, 'another key'], [{ at: Math.floor(Date.now() / 1000) - 4000 }, 'an old one'],
		[{ header: 't=1' }, 'half a header'], [{ header: '' }, 'none'], [{ header: 't=99999999999999999999,v1=00' }, 'nonsense']])
		assert.equal((await send(word(), options)).status, 403, what);
	assert.equal(paymentOf(id).status, 'pending');
	assert.equal((await send('{"nothing":1}')).status, 400);
	const body = word();
	const answers = await Promise.all(Array.from({ length: 5 }, () => send(body)));
	assert.deepEqual(answers.map(a => a.status), [204, 204, 204, 204, 204]);
	assert.equal(paymentOf(id).captured, total.amount);
	await until(() => sql('orders', `SELECT payment_status FROM shop_order WHERE id = '${id}'`)[0].payment_status === 'paid', 'the order to be paid');
	assert.equal(sql('payments', `SELECT 1 FROM outbox WHERE type = 'payment.captured' AND data ->> 'order_id' = '${id}'`).length, 1);
	// Too little is kept in the books, and pays no order.
	const other = await order('demo_card');
	assert.equal((await send(word({ payment_id: paymentOf(other.id).id, amount: 1 }))).status, 204);
	await until(() => sql('orders', `SELECT 1 FROM order_entry WHERE order_id = '${other.id}' AND kind = 'paid_other'`).length > 0, 'the note');
	assert.equal(paymentOf(other.id).captured, 1);
	assert.notEqual(sql('orders', `SELECT payment_status FROM shop_order WHERE id = '${other.id}'`)[0].payment_status, 'paid');
	assert.equal((await new Client().api('POST', '/payments/webhooks/nobody', {})).status, 404);
});

test('mails: staff see each, and send one once more', async () => {
	const { id } = await order('bank_transfer'), boss = await staff();
	const list = await until(async () => {
		const { body } = await boss.api('GET', '/notifications/deliveries');
		return body.items.length > 0 && body.items;
	}, 'the mail of the order');
	const first = list[0];
	const again = await boss.idempotent('POST', `/notifications/deliveries/${first.id}/resend`, {});
	assert.equal(again.status, 200, JSON.stringify(again.body));
	assert.equal(again.body.status, 'queued');
	assert.equal((await boss.idempotent('POST', `/notifications/deliveries/${randomUUID()}/resend`, {})).status, 404);
	assert.equal((await (await customer()).api('GET', '/notifications/deliveries')).status, 403);
	assert.ok(id);
});
