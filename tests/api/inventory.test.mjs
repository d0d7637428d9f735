import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, internal, sql, variant } from './client.mjs';

const soon = () => new Date(Date.now() + 3600e3).toISOString();
const hold = (id, lines, until = soon()) =>
	internal('orders', 'PUT', `/internal/inventory/holds/${id}`, { lines, until });
const release = id => internal('orders', 'DELETE', `/internal/inventory/holds/${id}`);
const level = (product, number = 1) => sql('inventory',
	`SELECT on_hand, reserved FROM level WHERE variant_id = '${variant(product, number)}'`)[0];
const event = (type, subject) => internal('orders', 'POST', '/internal/inventory/events', {
	events: [{ id: randomUUID(), number: 1, type, source: 'orders', subject, actor: 'guest',
		request_id: '', time: new Date().toISOString(), data: {} }],
});

// on_hand is the ledger's sum, reserved the live lines' sum; never negative.
function invariants() {
	assert.deepEqual(sql('inventory', `SELECT v.variant_id FROM level v WHERE on_hand < 0
		OR on_hand <> (SELECT coalesce(sum(delta), 0) FROM movement m WHERE m.variant_id = v.variant_id
			AND m.location_id = v.location_id)
		OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM hold_line l WHERE l.is_live
			AND l.variant_id = v.variant_id AND l.location_id = v.location_id)`), []);
}

test('availability tells a state, and a number only when few are left', async () => {
	const { status, body } = await new Client().api('GET',
		`/inventory/availability?variants=${variant(1)},${variant(2)}`);
	assert.equal(status, 200);
	assert.equal(body.items.length, 2);
	for (const item of body.items) {
		assert.match(item.state, /^(in_stock|low|out|backorder)$/);
		assert.equal(item.left === null, item.state !== 'low');
	}
});

test('bad input names the field and changes nothing', async () => {
	const client = new Client();
	let answer = await client.api('GET', '/inventory/availability?variants=nonsense');
	assert.equal(answer.status, 422);
	assert.equal(answer.body.errors[0].field, 'variants');
	answer = await client.api('GET', '/inventory/availability?nothing=1');
	assert.deepEqual(answer.body.errors.map(e => [e.field, e.code]),
		[['nothing', 'unknown'], ['variants', 'required']]);
	answer = await client.api('POST', '/inventory/adjustments', {});
	assert.equal(answer.status, 401);
	answer = await client.api('DELETE', '/inventory/levels');
	assert.equal(answer.status, 405);
	assert.equal(answer.headers.get('allow'), 'GET');
});

test('a hold takes all lines or none, and comes twice without harm', async () => {
	const id = randomUUID(), before = level(3);
	let answer = await hold(id, [{ variant_id: variant(3), quantity: 2 }, { variant_id: variant(4), quantity: 99999 - 90000 }]);
	assert.equal(answer.status, 409);
	assert.equal(answer.body.type, '/problems/out-of-stock');
	assert.equal(answer.body.lines[0].variant_id, variant(4));
	assert.deepEqual(level(3), before);
	for (let i = 0; i < 2; i++) {
		answer = await hold(id, [{ variant_id: variant(3), quantity: 1 }, { variant_id: variant(3), quantity: 1 }]);
		assert.equal(answer.status, 200, JSON.stringify(answer.body));
		assert.equal(level(3).reserved, before.reserved + 2);
	}
	for (let i = 0; i < 2; i++)
		assert.equal((await release(id)).status, 204);
	assert.deepEqual(level(3), before);
	invariants();
});

test('a hundred buyers of the last units: exactly as many holds', async () => {
	const stock = level(5).on_hand;
	const ids = Array.from({ length: 100 }, () => randomUUID());
	const answers = await Promise.all(ids.map(id => hold(id, [{ variant_id: variant(5), quantity: 1 }])));
	const won = answers.filter(a => a.status === 200).length;
	assert.equal(answers.filter(a => a.status === 409).length, 100 - won);
	assert.equal(won, Math.min(stock, 100));
	invariants();
});

test('a hold lapses without a job, and its goods are free for the next', async () => {
	const first = randomUUID(), second = randomUUID(), { on_hand } = level(6);
	assert.equal((await hold(first, [{ variant_id: variant(6), quantity: on_hand }],
		new Date(Date.now() + 700).toISOString())).status, 200);
	assert.equal((await hold(second, [{ variant_id: variant(6), quantity: 1 }])).status, 409);
	await new Promise(resolve => setTimeout(resolve, 900));
	assert.equal((await hold(second, [{ variant_id: variant(6), quantity: on_hand }])).status, 200);
	invariants();
});

test('paid, a hold becomes a sale; cancelled, the goods come back; each once', async () => {
	const id = randomUUID(), before = level(7);
	await hold(id, [{ variant_id: variant(7), quantity: 2 }]);
	for (const type of ['order.paid', 'order.shipped']) {
		const { body } = await event(type, id);
		assert.equal(body.results[0].ok, true);
	}
	assert.deepEqual(level(7), { on_hand: before.on_hand - 2, reserved: before.reserved });
	for (let i = 0; i < 2; i++)
		await event('order.cancelled', id);
	assert.deepEqual(level(7), before);
	invariants();
});

test('two orders of the same things in opposite order never deadlock', async () => {
	const lines = [{ variant_id: variant(8), quantity: 1 }, { variant_id: variant(9), quantity: 1 }];
	const answers = await Promise.all(Array.from({ length: 60 }, (_, i) =>
		hold(randomUUID(), i % 2 ? lines : [...lines].reverse())));
	assert.deepEqual(answers.filter(a => ![200, 409].includes(a.status)), []);
	invariants();
});

test('another program, a wrong key or a browser gets nothing internal', async () => {
	assert.equal((await internal('audit', 'DELETE', `/internal/inventory/holds/${randomUUID()}`)).status, 404);
	const answer = await new Client().fetch('/internal/inventory/holds/1');
	assert.equal(answer.status, 404);
});
