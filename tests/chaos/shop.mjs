// What the fault tests share: a client that insists, the workers to kill, and
// the invariants that hold after any abuse.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Client, owner, sql, staff, until, variant } from '../api/client.mjs';

export const dir = process.env.ZOCO_DIR;
export const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// Small, seeded, so that a run can be repeated (mulberry32): random(n) < n.
export function seeded(seed) {
	let state = seed;
	return n => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) % n;
	};
}

// The processes of a program of this shop: pid -> parent.
export function processes(program) {
	const mine = new Map();
	for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
		try {
			if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${dir}/bin/${program}\0`))
				mine.set(Number(pid), Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1]));
		} catch { /* it has just ended */ }
	return mine;
}

export function workers(program) {
	const mine = processes(program);
	return [...mine].filter(([, parent]) => mine.has(parent)).map(([pid]) => pid);
}

// Changes the shop's settings, and waits until the last of the program's workers
// that had the old ones has gone. (While the master is exec'ed there is none.)
export async function set(program, ...pairs) {
	const old = workers(program);
	execFileSync(process.env.ZOCO_INSTANCE, ['set', dir, ...pairs], { stdio: 'ignore' });
	await until(() => {
		const now = workers(program);
		return now.length > 0 && !now.some(pid => old.includes(pid));
	}, 'new workers', 90);
}

export function kill(pid, signal = 'SIGKILL') {
	try {
		return process.kill(pid, signal);
	} catch {
		return false;	// gone meanwhile
	}
}

// Like a careful client: the same again until there is a clear answer.
export async function insist(send, seconds = 40) {
	const end = Date.now() + seconds * 1000;
	while (Date.now() < end) {
		const answer = await send().catch(() => ({ status: 599 }));
		if (answer.status < 500 && answer.body?.type !== '/problems/in-progress')
			return answer;
		await sleep(100);
	}
	throw new Error(`no clear answer in ${seconds} seconds`);
}

const signedIn = who => until(() => who().catch(() => null), 'the sign-in');

export async function stockUp(products, delta = 1000) {
	const boss = await signedIn(staff);
	for (const product of products)
		await boss.idempotent('POST', '/inventory/adjustments', { variant_id: variant(product), delta, reason: 'received' });
}

const address = { name: 'Ana', line1: 'Calle 1', postcode: '28013', city: 'Madrid', country: 'ES' };

// A cart with one thing; place() sends its order, always with the same key.
export async function fullCart(product, payment_method = 'bank_transfer') {
	const client = new Client(), key = randomUUID();
	const added = await insist(() => client.api('POST', '/cart/items', { variant_id: variant(product), quantity: 1 }));
	assert.equal(added.status, 201);
	const { body: cart } = await insist(() => client.api('GET', '/cart'));
	const [line] = cart.lines;	// an answer lost may have added twice
	const total = line.unit.amount * line.quantity;
	return { client, place: () => client.idempotent('POST', '/orders', { email: 'chaos@example.com', shipping_address: address,
		payment_method, expected_total: total + (total >= 5000 ? 0 : 495) }, key) };
}

// Time passes, or a fault is made, as only the owner of a database could do it.
export const meddle = (domain, text) => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1',
	'-h', process.env.ZOCO_PGHOST, '-U', `zoco_${domain}_owner`, '-d', `zoco_${domain}`, '-c', text]);

// The shop's databases are the domains', each its own: joined here.
function by(rows, key) {
	const groups = new Map();
	for (const row of rows)
		groups.set(row[key], [...groups.get(row[key]) ?? [], row]);
	return groups;
}
const sum = (rows, key) => rows.reduce((n, row) => n + row[key], 0);

// I1: the ledger, the holds and what is promised agree; sold is what was ordered.
function checkStock(orders) {
	assert.deepEqual(sql('inventory', `SELECT variant_id FROM level v WHERE on_hand < 0
		OR on_hand <> (SELECT coalesce(sum(delta), 0) FROM movement m
			WHERE m.variant_id = v.variant_id AND m.location_id = v.location_id)
		OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM hold_line l
			WHERE l.is_live AND l.variant_id = v.variant_id AND l.location_id = v.location_id)
		OR reserved > on_hand + backorder_limit`), []);
	const state = new Map(sql('inventory', 'SELECT order_id, state FROM hold').map(h => [h.order_id, h.state]));
	const expected = { awaiting_payment: ['held'], confirmed: ['sold', 'short', 'held'], completed: ['sold', 'short'],
		cancelled: ['released'], expired: ['released'], void: ['released', undefined] };
	for (const { id, status } of orders)
		assert.ok(expected[status].includes(state.get(id)), `${status} order ${id} has a hold ${state.get(id)}`);
}

// I2, I3: sums are exact; a paid order has one capture, of its total.
function checkMoney(orders) {
	assert.deepEqual(sql('orders', `SELECT o.id FROM shop_order o WHERE total <> shipping + (SELECT sum(l.total)
		FROM order_line l WHERE l.order_id = o.id)`), []);
	const payments = by(sql('payments', 'SELECT order_id, attempt, status, amount, captured, refunded FROM payment'), 'order_id');
	for (const { id, status, payment_status, total } of orders) {
		const mine = payments.get(id) ?? [];
		const taken = sum(mine, 'captured') - sum(mine, 'refunded');
		assert.equal(taken, payment_status === 'paid' ? total : 0, `${status} order ${id} of ${total} has ${taken}`);
		assert.ok(mine.filter(p => !['failed', 'cancelled', 'refunded'].includes(p.status)).length <= 1, `order ${id} has two payments`);
		if (['void', 'expired', 'cancelled'].includes(status))
			assert.ok(mine.every(p => ['failed', 'cancelled', 'refunded'].includes(p.status)), `${status} order ${id} can be paid`);
	}
}

// I5: a mail for each order, under one Message-ID; more than one copy of it only
// where a kill hit the sending. What was being sent then waits for five minutes.
async function checkMails(orders) {
	const placed = orders.filter(o => o.status !== 'void').length;
	const count = status => sql('notifications', `SELECT count(*) AS n FROM message WHERE kind = 'order_placed' AND ${status}`)[0].n;
	await until(() => count("status = 'queued'") === 0 && count('true') >= placed, 'the mails', 60);
	meddle('notifications', "UPDATE message SET next_at = now() WHERE status = 'sending'");
	await until(() => count("status <> 'sent'") === 0, 'the mails that were being sent', 60);
	assert.equal(count('true'), placed);
	const sent = new Set(sql('notifications', `SELECT message_id FROM message WHERE kind = 'order_placed' AND status = 'sent'`).map(m => m.message_id));
	const arrived = readdirSync(`${dir}/mail/new`)
		.map(file => readFileSync(`${dir}/mail/new/${file}`, 'utf8').match(/^Message-ID: (\S+)/im)?.[1]);
	assert.deepEqual([...sent].filter(id => !arrived.includes(id)), []);
}

// I7, I8: all events have arrived, each once; the chain is whole.
async function checkEvents() {
	for (const domain of ['orders', 'payments', 'inventory']) {
		const emitted = sql(domain, 'SELECT count(*) AS n FROM outbox')[0].n;
		await until(() => sql('audit', `SELECT count(*) AS n FROM entry WHERE source = '${domain}'`)[0].n >= emitted, `the audit of ${domain}`, 60);
		assert.deepEqual(sql(domain, 'SELECT subscriber, number, error FROM outbox_parked'), []);
	}
	assert.deepEqual(sql('audit', 'SELECT event_id FROM entry GROUP BY event_id HAVING count(*) > 1'), []);
	const boss = await signedIn(owner);
	const { body } = await insist(() => boss.api('GET', '/audit/verify'));
	assert.deepEqual([body.is_whole, body.missing], [true, []]);
}

// The invariants, once the shop has come to rest (RELIABILITY: I1 to I8).
// `acknowledged`: the ids of orders that a client was told of.
export async function checkInvariants(acknowledged = []) {
	await checkEvents();
	const orders = sql('orders', 'SELECT id, status, payment_status, total, caller FROM shop_order');
	// I4: what was acknowledged is there; one key, one order; nothing half done.
	const there = new Set(orders.filter(o => o.status !== 'void').map(o => o.id));
	assert.deepEqual(acknowledged.filter(id => !there.has(id)), []);
	assert.equal(new Set(acknowledged).size, acknowledged.length);
	assert.deepEqual(orders.filter(o => o.status === 'placing'), []);
	const callers = by(orders.filter(o => o.status !== 'void'), 'caller');
	assert.deepEqual([...callers].filter(([, list]) => list.length > 1), [], 'a guest who ordered once has two orders');
	checkStock(orders);
	checkMoney(orders);
	await checkMails(orders);
}
