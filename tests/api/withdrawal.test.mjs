// A guest finds an order by its number and address, and withdraws from it.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, mails, until, variant } from './client.mjs';

async function place() {
	const client = new Client(), email = `eva-${randomUUID()}@example.com`;
	await client.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 });
	const { status, body } = await client.idempotent('POST', '/orders', { email, payment_method: 'bank_transfer',
		shipping_address: { name: 'Eva Ruiz', line1: 'Calle Sol 2', postcode: '11001', city: 'Cádiz', country: 'ES' },
		expected_total: 1450 + 495 });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}

const page = async answer => ({ status: answer.status, text: await answer.text(), location: answer.headers.get('location') });

test('number and address show an order; one of them alone tells nothing', async () => {
	const order = await place(), other = await place();
	for (const fields of [{ number: order.number, email: other.email }, { number: 'Z999999', email: order.email }]) {
		const { status, text } = await page(await new Client().form('/es/orders', fields));
		assert.equal(status, 422);
		assert.match(text, /No encontramos un pedido/);
		assert.match(text, new RegExp(`value="${fields.number}"`));
	}
	const guest = new Client();
	const { status, location } = await page(await guest.form('/en/orders', { number: ` ${order.number.toLowerCase()} `, email: order.email.toUpperCase() }));
	assert.deepEqual([status, location], [303, `/en/orders/${order.id}`]);
	assert.match(await (await guest.fetch(location)).text(), new RegExp(order.number));
	assert.equal((await new Client().fetch(location)).status, 404);
});

test('a withdrawal in two steps: the first changes nothing, the second is noted and mailed once', async () => {
	const order = await place(), guest = new Client();
	const fields = { number: order.number, email: order.email, note: 'Solo la taza <b>azul</b>' };
	const review = await page(await guest.form('/es/withdrawal/review', fields));
	assert.equal(review.status, 200);
	assert.match(review.text, /Solo la taza &lt;b&gt;azul/);
	const bearer = { 'x-order-token': order.token };
	const withdrawn = async () => (await guest.api('GET', `/orders/${order.id}`, undefined, bearer)).body.timeline
		.filter(entry => entry.kind === 'withdrawn');
	assert.equal((await withdrawn()).length, 0);
	for (let i = 0; i < 2; i++)
		assert.equal((await page(await guest.form('/es/withdrawal', fields))).location, '/es/withdrawal/received');
	assert.deepEqual((await withdrawn()).map(entry => entry.detail), [fields.note]);
	await until(async () => (await mails(order.email)).some(mail => /desistimiento/.test(mail.subject)), 'the receipt', 20);
	assert.equal((await mails(order.email)).filter(mail => /desistimiento/.test(mail.subject)).length, 1);
});

test('the interface takes it from the owner, and from nobody else', async () => {
	const order = await place(), guest = new Client(), path = `/orders/${order.id}/withdrawal`;
	assert.equal((await guest.api('POST', path, { note: '' }, { 'idempotency-key': randomUUID() })).status, 404);
	const headers = { 'x-order-token': order.token, 'idempotency-key': randomUUID() };
	const { status, body } = await guest.api('POST', path, { note: 'todo' }, headers);
	assert.equal(status, 201);
	assert.ok(body.timeline.some(entry => entry.kind === 'withdrawn' && entry.detail === 'todo'));
	await guest.api('POST', `/orders/${order.id}/cancel`, {}, { ...headers, 'idempotency-key': randomUUID() });
	assert.equal((await guest.api('POST', path, { note: 'más' }, { ...headers, 'idempotency-key': randomUUID() })).status, 409);
});
