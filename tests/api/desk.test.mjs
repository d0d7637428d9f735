// The staff's front page: what waits, and the sales as a picture made here.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, customer, staff, variant } from './client.mjs';

const desk = async client => (await client.fetch('/es/admin/')).text();
const number = (text, words) => Number(new RegExp(`<strong>(\\d+)</strong> ${words}`).exec(text)?.[1]);

test('an order to ship and its sum are on the desk; a customer sees neither', async () => {
	const boss = await staff(), before = await desk(boss);
	assert.equal(before.match(/<rect/g).length, 30);
	const client = new Client();
	await client.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 });
	const { status } = await client.idempotent('POST', '/orders', { email: 'desk@example.com', payment_method: 'cash_on_delivery',
		shipping_address: { name: 'Eva Ruiz', line1: 'Calle Sol 2', postcode: '11001', city: 'Cádiz', country: 'ES' },
		expected_total: 1450 + 495 });
	assert.equal(status, 201);
	const after = await desk(boss);
	assert.equal(number(after, 'por enviar'), number(before, 'por enviar') + 1);
	assert.ok(number(after, 'con pocas existencias') > 0);
	assert.match(after, /<rect x="580" y="0" width="16" height="120" rx="2"><title>[^<]+: 19,45\s€ \(1\)/);
	assert.doesNotMatch(await (await (await customer()).fetch('/fragments/orders/desk')).text(), /por enviar|to ship/);
});
