// Stock in full: locations and allocation, transfers, counts, thresholds, the
// ledger at a past time, files.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, internal, owner, sql, staff, until, variant } from './client.mjs';

const boss = await owner();
const soon = () => new Date(Date.now() + 3600e3).toISOString();
const hold = (id, lines) => internal('orders', 'PUT', `/internal/inventory/holds/${id}`, { lines, until: soon() });
const level = (product, location = 'main') => sql('inventory', `SELECT v.* FROM level v JOIN location l
	ON l.id = v.location_id WHERE variant_id = '${variant(product)}' AND l.code = '${location}'`)[0];
const adjust = (product, fields) => boss.idempotent('POST', '/inventory/adjustments', { variant_id: variant(product), ...fields });
const lows = product => sql('inventory', `SELECT data FROM outbox WHERE type = 'stock.low' AND subject = '${variant(product)}'`);
const sku = product => sql('catalog', `SELECT sku FROM variant WHERE id = '${variant(product)}'`)[0].sku;

// The ledger's sums are the levels, in each of the three states.
function invariants() {
	assert.deepEqual(sql('inventory', `SELECT v.variant_id FROM level v LEFT JOIN LATERAL (SELECT coalesce(sum(delta), 0) AS h,
		coalesce(sum(damaged), 0) AS d, coalesce(sum(incoming), 0) AS i FROM movement m WHERE m.variant_id = v.variant_id
			AND m.location_id = v.location_id) AS s ON true
		WHERE (on_hand, damaged, incoming) <> (s.h, s.d, s.i) OR least(on_hand, damaged, incoming, reserved) < 0`), []);
}

test('a location is made once, and sold from in the order of priorities', async () => {
	const made = await boss.idempotent('POST', '/inventory/locations', { code: 'tienda', name: 'Tienda', priority: 5 });
	assert.equal(made.status, 201, JSON.stringify(made.body));
	assert.equal((await boss.idempotent('POST', '/inventory/locations', { code: 'tienda', name: 'x' })).status, 409);
	assert.equal((await new Client().api('POST', '/inventory/locations', { code: 'x', name: 'x' })).status, 401);
	await adjust(1, { set_to: 3, reason: 'count' });
	await adjust(1, { delta: 10, reason: 'received', location: 'tienda' });
	const id = randomUUID();
	assert.equal((await hold(id, [{ variant_id: variant(1), quantity: 5 }])).status, 200);
	assert.equal(level(1).reserved, 3);
	assert.equal(level(1, 'tienda').reserved, 2);
	await internal('orders', 'DELETE', `/internal/inventory/holds/${id}`);
	assert.equal((await boss.api('PATCH', '/inventory/locations/main', { priority: 9 })).status, 200);
	await hold(randomUUID(), [{ variant_id: variant(1), quantity: 5 }]);
	assert.equal(level(1, 'tienda').reserved, 5);
	assert.equal(level(1).reserved, 0);
	assert.equal((await boss.api('PATCH', '/inventory/locations/main', { priority: 0 })).status, 200);
	invariants();
});

test('from a location that is not in use nothing is sold', async () => {
	await adjust(2, { set_to: 0, reason: 'count' });
	await adjust(2, { delta: 4, reason: 'received', location: 'tienda' });
	await boss.api('PATCH', '/inventory/locations/tienda', { is_active: false });
	assert.equal((await hold(randomUUID(), [{ variant_id: variant(2), quantity: 1 }])).status, 409);
	const { body } = await new Client().api('GET', `/inventory/availability?variants=${variant(2)}`);
	assert.equal(body.items[0].state, 'out');
	await boss.api('PATCH', '/inventory/locations/tienda', { is_active: true });
	assert.equal((await hold(randomUUID(), [{ variant_id: variant(2), quantity: 1 }])).status, 200);
});

test('what lies there goes before backorders, up to their limit', async () => {
	await adjust(3, { set_to: 1, reason: 'count' });
	await adjust(3, { delta: 2, reason: 'received', location: 'tienda' });
	assert.equal((await boss.api('PATCH', `/inventory/levels/${variant(3)}/main`, { backorder_limit: 5 })).status, 200);
	assert.equal((await hold(randomUUID(), [{ variant_id: variant(3), quantity: 9 }])).status, 409);
	assert.equal((await hold(randomUUID(), [{ variant_id: variant(3), quantity: 4 }])).status, 200);
	assert.equal(level(3, 'tienda').reserved, 2);
	assert.equal(level(3).reserved, 2);
	const { body } = await new Client().api('GET', `/inventory/availability?variants=${variant(3)}`);
	assert.equal(body.items[0].state, 'backorder');
});

test('reasons move goods between the states', async () => {
	await adjust(4, { set_to: 20, reason: 'count' });
	await adjust(4, { delta: 10, reason: 'expected' });
	assert.equal(level(4).incoming, 10);
	await adjust(4, { delta: 6, reason: 'received' });
	await adjust(4, { delta: -2, reason: 'damaged' });
	await adjust(4, { delta: -1, reason: 'scrapped' });
	const { on_hand, incoming, damaged } = level(4);
	assert.deepEqual({ on_hand, incoming, damaged }, { on_hand: 24, incoming: 4, damaged: 1 });
	assert.equal((await adjust(4, { delta: -5, reason: 'scrapped' })).status, 409);
	assert.equal((await adjust(4, { delta: -500, reason: 'lost' })).status, 409);
	assert.equal((await adjust(4, { delta: 1, set_to: 1, reason: 'count' })).status, 422);
	assert.equal((await adjust(4, { delta: 1, reason: 'found', location: 'nowhere' })).body.errors[0].field, 'location');
	const { body } = await boss.api('GET', `/inventory/movements?variant=${variant(4)}&limit=2`);
	assert.deepEqual(body.items.map(m => m.reason), ['scrapped', 'damaged']);
	const more = await boss.api('GET', `/inventory/movements?variant=${variant(4)}&limit=2&after=${encodeURIComponent(body.next)}`);
	assert.deepEqual(more.body.items.map(m => m.reason), ['received', 'expected']);
	invariants();
});

test('a transfer leaves one place, is incoming, and arrives in parts', async () => {
	await adjust(5, { set_to: 30, reason: 'count' });
	const promised = randomUUID();
	await hold(promised, [{ variant_id: variant(5), quantity: 25 }]);
	const send = (quantity, to = 'tienda') => boss.idempotent('POST', '/inventory/transfers',
		{ from: 'main', to, lines: [{ variant: sku(5), quantity }, { variant: variant(5), quantity: 1 }] });
	assert.equal((await send(5)).status, 409);	// what is promised stays
	assert.equal((await send(1, 'main')).status, 409);
	await internal('orders', 'DELETE', `/internal/inventory/holds/${promised}`);
	const sent = await send(9);
	assert.equal(sent.status, 201, JSON.stringify(sent.body));
	assert.equal(level(5).on_hand, 20);
	assert.equal(level(5, 'tienda').incoming, 10);
	assert.equal(level(5, 'tienda').on_hand, 0);
	assert.equal((await boss.api('GET', `/inventory/transfers/${sent.body.id}`)).body.id, sent.body.id);
	const receive = body => boss.idempotent('POST', `/inventory/transfers/${sent.body.id}/receive`, body);
	assert.equal((await receive({ lines: [{ variant: variant(5), quantity: 11 }] })).status, 409);
	let answer = await receive({ lines: [{ variant: variant(5), quantity: 7 }] });
	assert.equal(answer.body.state, 'sent');
	assert.equal(level(5, 'tienda').on_hand, 7);
	answer = await receive({ lines: [{ variant: variant(5), quantity: 1 }], is_closed: true });
	assert.equal(answer.body.state, 'received');
	const { on_hand, incoming } = level(5, 'tienda');
	assert.deepEqual({ on_hand, incoming }, { on_hand: 8, incoming: 0 });
	assert.equal((await receive({})).status, 409);
	const unknown = await boss.idempotent('POST', '/inventory/transfers', { from: 'main', to: 'tienda', lines: [{ variant: 'NONE', quantity: 1 }] });
	assert.equal(unknown.body.errors[0].field, 'lines.0.variant');
	invariants();
});

test('a count corrects the books, and what is sold meanwhile counts once', async () => {
	await adjust(6, { set_to: 10, reason: 'count' });
	const { body: count } = await boss.idempotent('POST', '/inventory/counts', { location: 'main' });
	assert.equal((await boss.api('GET', `/inventory/counts/${count.id}`)).body.id, count.id);
	let answer = await boss.api('PUT', `/inventory/counts/${count.id}/lines`, { variant: sku(6), counted: 8 });
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	assert.deepEqual(answer.body.lines.map(l => l.difference), [-2]);
	await adjust(6, { delta: -3, reason: 'lost' });		// after the shelf was counted
	answer = await boss.idempotent('POST', `/inventory/counts/${count.id}/close`, {});
	assert.equal(answer.status, 200, JSON.stringify(answer.body));
	assert.equal(level(6).on_hand, 5);
	assert.equal((await boss.idempotent('POST', `/inventory/counts/${count.id}/close`, {})).status, 409);
	assert.equal((await boss.api('PUT', `/inventory/counts/${count.id}/lines`, { variant: sku(6), counted: 1 })).status, 409);
	invariants();
});

test('a threshold is the variant\'s, else its category\'s, else the shop\'s', async () => {
	const category = sql('catalog', `SELECT c.slug FROM product_category p JOIN category_text c ON c.category_id = p.category_id
		AND c.lang = 'es' JOIN variant v ON v.product_id = p.product_id WHERE v.id = '${variant(7)}'`)[0].slug;
	await boss.idempotent('POST', '/inventory/transfers', { from: 'main', to: 'tienda', lines: [{ variant: sku(7), quantity: 1 }] });
	assert.equal(level(7).threshold, 5);	// the demo shop's
	assert.equal((await boss.api('PUT', '/inventory/thresholds', { category, threshold: 8 })).status, 200);
	assert.equal(level(7).threshold, 8);
	await boss.api('PATCH', `/inventory/levels/${variant(7)}/main`, { threshold: 2 });
	assert.equal(level(7).threshold, 2);
	await boss.api('PATCH', `/inventory/levels/${variant(7)}/main`, { inherits: true });
	assert.equal(level(7).threshold, 8);
	await boss.api('PUT', '/inventory/thresholds', { category, threshold: -1 });
	assert.equal(level(7).threshold, 5);
});

test('one event at the crossing, and again only after recovery', async () => {
	await adjust(8, { set_to: 8, reason: 'count' });
	await boss.api('GET', '/inventory/levels?limit=1');
	for (const [set_to, count] of [[5, 1], [4, 1], [0, 1], [6, 1], [5, 2], [3, 2]]) {
		await adjust(8, { set_to, reason: 'count' });
		assert.equal(lows(8).length, count, `${set_to} on hand`);
	}
	await adjust(9, { set_to: 9, reason: 'count' });
	const id = randomUUID();
	await hold(id, [{ variant_id: variant(9), quantity: 4 }]);
	assert.equal(lows(9).length, 1);
	assert.equal(lows(9)[0].data.available, 5);
	await internal('orders', 'DELETE', `/internal/inventory/holds/${id}`);
	await hold(randomUUID(), [{ variant_id: variant(9), quantity: 6 }]);
	assert.equal(lows(9).length, 2);
	await adjust(10, { set_to: 7, reason: 'count' });
	await boss.api('PATCH', `/inventory/levels/${variant(10)}/main`, { threshold: 9 });
	assert.equal(lows(10).length, 1, 'a threshold that rises past the stock');
});

test('a hundred sales at once cross the threshold once', async () => {
	await adjust(11, { set_to: 100, reason: 'count' });
	const before = lows(11).length;
	await Promise.all(Array.from({ length: 100 }, () => hold(randomUUID(), [{ variant_id: variant(11), quantity: 1 }])));
	assert.equal(level(11).reserved, 100);
	assert.equal(lows(11).length, before + 1);
});

test('the ledger knows what lay there at any time', async () => {
	await adjust(12, { set_to: 40, reason: 'count' });
	const then = sql('inventory', 'SELECT clock_timestamp() AS t')[0].t;
	await adjust(12, { delta: -15, reason: 'damaged' });
	const at = async time => (await boss.api('GET', `/inventory/stock?at=${encodeURIComponent(time)}&variant=${variant(12)}`)).body.items[0];
	assert.equal((await at(new Date(then).toISOString().replace(/Z$/, '999Z'))).on_hand, 40);
	assert.deepEqual([(await at(soon())).on_hand, (await at(soon())).damaged], [25, 15]);
	assert.equal((await at('2001-01-01T00:00:00Z')).on_hand, 0);
	assert.equal((await boss.api('GET', '/inventory/stock')).body.errors[0].field, 'at');
});

test('a file goes out and comes back; a bad row books nothing', async () => {
	const answer = await boss.fetch('/api/v1/inventory/levels.csv');
	assert.match(answer.headers.get('content-type'), /^text\/csv/);
	const lines = (await answer.text()).trim().split('\r\n');
	assert.equal(lines[0], 'sku,name,location,on_hand,reserved,available,damaged,incoming,threshold,backorder_limit');
	assert.equal(lines.length - 1, sql('inventory', 'SELECT count(*) AS n FROM level')[0].n);
	const load = text => boss.idempotent('POST', '/inventory/imports', { text });
	const head = 'sku,location,on_hand,threshold,backorder_limit\n';
	let result = await load(`${head}"${sku(13)}",main,77,3,\n${sku(14)},tienda,5,,2\n`);
	assert.equal(result.status, 200, JSON.stringify(result.body));
	assert.deepEqual(result.body, { rows: 2, changed: 2 });
	assert.deepEqual([level(13).on_hand, level(13).own_threshold], [77, 3]);
	assert.deepEqual([level(14, 'tienda').on_hand, level(14, 'tienda').backorder_limit], [5, 2]);
	for (const bad of [`${head}${sku(13)},main,x,,\n`, `${head}NONE,main,1,,\n`, `${head}${sku(13)},nowhere,1,,\n`, 'on_hand\n1\n', `${head}${sku(13)},main,70,,\n${sku(13)},main,-1,,\n`])
		assert.equal((await load(bad)).status, 422, bad);
	assert.equal(level(13).on_hand, 77);
	assert.equal((await load(lines.join('\n'))).body.changed, 1);	// as it was before
	invariants();
});

test('staff see names and days left, find an article and correct it in pages', async () => {
	const worker = await staff();
	await adjust(15, { set_to: 28, reason: 'count' });
	const order = randomUUID();
	await hold(order, [{ variant_id: variant(15), quantity: 14 }]);
	await internal('orders', 'POST', '/internal/inventory/events', { events: [{ id: randomUUID(), number: 1, type: 'order.paid',
		source: 'orders', subject: order, actor: 'guest', request_id: '', time: new Date().toISOString(), data: {} }] });
	let page = await (await worker.fetch(`/es/admin/stock?q=${sku(15)}`)).text();
	assert.match(page, new RegExp(sku(15)));
	assert.match(page, /<td class="number">28<\/td><\/tr>/);	// 14 left, 14 sold in 28 days
	const path = `/es/admin/stock/${variant(15)}`;
	page = await (await worker.fetch(path)).text();
	assert.match(page, /Movimientos/);
	const answer = await worker.form(path, { idempotency_key: randomUUID(), delta: '3', reason: 'found' });
	assert.equal(answer.status, 303, await answer.text());
	assert.equal(answer.headers.get('location'), path);
	assert.equal(level(15).on_hand, 17);
	const bad = await worker.form(path, { idempotency_key: randomUUID(), delta: 'x', reason: 'found' });
	assert.equal(bad.status, 422);
	assert.match(await bad.text(), /field-error" id="delta-error">./);
	const sent = await worker.form('/es/admin/stock/transfers', { idempotency_key: randomUUID(), from: 'main', to: 'tienda', text: `${sku(15)} 2\n` });
	assert.equal(sent.status, 303, await sent.text());
	assert.match(await (await worker.fetch(sent.headers.get('location'))).text(), new RegExp(sku(15)));
	for (const name of ['', '/transfers', '/counts', '/locations', '/file', '?low=true', '?q=taza'])
		assert.equal((await worker.fetch(`/en/admin/stock${name}`)).status, 200, name);
	invariants();
});
