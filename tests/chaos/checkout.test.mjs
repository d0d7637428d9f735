// SIGKILL of workers in the middle of checkouts: none is lost, none is doubled.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, owner, sql, staff, until, variant } from '../api/client.mjs';

const dir = process.env.ZOCO_DIR;
const CHECKOUTS = 200, AT_ONCE = 10, KILL_EVERY_MS = 150;
const seed = Number(process.env.SEED ?? Date.now() % 1e9);

// Small, seeded, so that a run can be repeated (mulberry32).
let state = seed;
function random(n) {
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) % n;
}

function workers(program) {
	const mine = new Map();
	for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
		try {
			if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${dir}/bin/${program}\0`))
				mine.set(pid, readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]);
		} catch { /* it has just ended */ }
	return [...mine].filter(([, parent]) => mine.has(parent)).map(([pid]) => Number(pid));
}

const address = { name: 'Ana', line1: 'Calle 1', postcode: '28013', city: 'Madrid', country: 'ES' };

// Like a careful client: the same key again until there is a clear answer.
async function insist(send) {
	for (let i = 0; i < 100; i++) {
		const answer = await send().catch(() => ({ status: 599 }));
		if (answer.status < 500 && answer.body?.type !== '/problems/in-progress')
			return answer;
		await new Promise(resolve => setTimeout(resolve, 100));
	}
	throw new Error('no clear answer in ten seconds');
}

async function checkout(product) {
	const client = new Client(), id = variant(product);
	const added = await insist(() => client.api('POST', '/cart/items', { variant_id: id, quantity: 1 }));
	assert.equal(added.status, 201);
	const { body: cart } = await insist(() => client.api('GET', '/cart'));
	const total = cart.lines[0].unit.amount * cart.lines[0].quantity;	// an answer lost may have added twice
	const key = randomUUID();
	return insist(() => client.idempotent('POST', '/orders', { email: 'chaos@example.com', shipping_address: address,
		payment_method: 'bank_transfer', expected_total: total + (total >= 5000 ? 0 : 495) }, key));
}

test(`200 checkouts under kills, seed ${seed}`, async () => {
	const boss = await staff();
	for (const product of [11, 12, 13])
		await boss.idempotent('POST', '/inventory/adjustments', { variant_id: variant(product), delta: 1000, reason: 'received' });
	const programs = ['zoco-orders', 'zoco-payments', 'zoco-inventory'];
	let kills = 0;
	const killer = setInterval(() => {
		const list = workers(programs[random(programs.length)]);
		if (list.length > 0)
			try {
				process.kill(list[random(list.length)], 'SIGKILL');
				kills++;
			} catch { /* gone meanwhile */ }
	}, KILL_EVERY_MS);
	const answers = [];
	let left = CHECKOUTS;
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (left-- > 0)
			answers.push(await checkout(11 + random(3)));
	})).finally(() => clearInterval(killer));
	assert.ok(kills > 10, `${kills} kills`);
	assert.deepEqual(answers.filter(a => a.status !== 201).map(a => [a.status, a.body?.type]), []);

	// I4: every acknowledged order exists, no key made two.
	const acknowledged = answers.map(a => a.body.id);
	assert.equal(new Set(acknowledged).size, CHECKOUTS);
	const there = new Set(sql('orders', `SELECT id FROM shop_order WHERE status = 'awaiting_payment'`).map(o => o.id));
	assert.deepEqual(acknowledged.filter(id => !there.has(id)), []);
	assert.deepEqual(sql('orders', `SELECT caller FROM shop_order WHERE email = 'chaos@example.com' AND status <> 'void'
		GROUP BY caller HAVING count(*) > 1`), []);
	// I1: the ledger, the holds, and what is promised agree.
	assert.deepEqual(sql('inventory', `SELECT variant_id FROM level v WHERE on_hand < 0
		OR on_hand <> (SELECT coalesce(sum(delta), 0) FROM movement m WHERE m.variant_id = v.variant_id)
		OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM hold_line l WHERE l.is_live AND l.variant_id = v.variant_id)`), []);
	// I2 and I3: each order has one payment of its total.
	assert.deepEqual(sql('payments', `SELECT order_id FROM payment GROUP BY order_id HAVING count(*) > 1`), []);
	const held = new Set(sql('inventory', `SELECT order_id FROM hold WHERE state = 'held'`).map(h => h.order_id));
	assert.deepEqual(acknowledged.filter(id => !held.has(id)), []);
	// I7, I8: all events arrive, each once, and the chain is whole.
	const emitted = sql('orders', `SELECT count(*) AS n FROM outbox`)[0].n;
	await until(() => sql('audit', `SELECT count(*) AS n FROM entry WHERE source = 'orders'`)[0].n === emitted, 'the audit', 30);
	const { body } = await insist(async () => (await owner()).api('GET', '/audit/verify'));
	assert.equal(body.is_whole, true);
	assert.deepEqual(body.missing, []);
	await until(() => sql('notifications', `SELECT count(*) AS n FROM message WHERE kind = 'order_placed'`)[0].n >= CHECKOUTS, 'the mails', 30);
	assert.equal(sql('notifications', `SELECT count(*) AS n FROM message WHERE kind = 'order_placed'`)[0].n, CHECKOUTS);
});
