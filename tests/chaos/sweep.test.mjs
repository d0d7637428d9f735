// A checkout with one kill at every point where a program says something to
// another: the k-th send of its worker, for k = 1, 2, ... until none is left
// (strace delivers the signal). That is every row of the table of a checkout's
// crashes, and all states between. Half of the shoppers come back with the same
// key; the others never do, and the finisher clears up. SWEEP=all leaves out no
// kill on the money's way, which takes minutes.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test, { after, before } from 'node:test';
import { sql, until } from '../api/client.mjs';
import { checkInvariants, dir, fullCart, insist, kill, meddle, sleep, stockUp, workers } from './shop.mjs';

const instance = (...args) => execFileSync(process.env.ZOCO_INSTANCE, args, { stdio: 'ignore' });
const programs = ['orders', 'inventory', 'payments', 'cart', 'catalog'];
const SENDS = 'sendto,sendmsg,write,writev';
const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

// One worker each, so that the checkout meets the one that will be killed.
before(() => instance('set', dir, ...programs.map(name => `workers_${name}=1`)));
after(() => instance('set', dir, ...programs.map(name => `workers_${name}=2`)));

const isTraced = pid => /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

// Kills the worker of that program at its k-th send from now on.
async function killAtSend(program, k) {
	const [pid] = await until(() => { const list = workers(`zoco-${program}`); return list.length === 1 && list; }, 'one worker');
	const strace = spawn('strace', ['-qq', '-o', '/dev/null', '-p', pid, '-e', `trace=${SENDS}`,
		'-e', `inject=${SENDS}:signal=KILL:when=${k}`], { stdio: 'ignore' });
	const end = new Promise(resolve => { strace.on('exit', resolve); });
	await until(() => isTraced(pid), 'strace');
	return async () => {	// was it killed?
		const isGone = !workers(`zoco-${program}`).includes(pid);
		kill(strace.pid, 'SIGINT');
		await end;
		return isGone;
	};
}

// Those who never came back: their two minutes are over.
function finish() {
	meddle('orders', "UPDATE shop_order SET placed_at = placed_at - interval '3 minutes', checked_at = NULL WHERE status = 'placing'");
	instance('job', dir, 'expire_orders');
}

// By card, cart and catalog hear the same.
for (const [method, heard] of [['bank_transfer', programs], ['demo_card', ['orders', 'payments']]])
	for (const program of heard)
		test(`${method}: ${program} killed at each of its sends`, { skip: !canTrace && 'no strace here' }, async t => {
			await stockUp([11]);
			const acknowledged = [];
			let k = 1;
			for (;; k++) {
				const { place } = await fullCart(11, method);
				const wasKilled = await killAtSend(program, k);
				const first = await place().catch(() => ({ status: 599 }));
				const answer = k % 2 === 0 && first.status !== 201 ? await insist(place) : first;
				const isGone = await wasKilled();
				if (answer.status === 201)
					acknowledged.push(answer.body.id);
				else
					assert.ok(k % 2 === 1 && answer.status >= 500, JSON.stringify(answer));
				if (!isGone)
					break;
			}
			t.diagnostic(`${k - 1} kills`);
			assert.ok(k > 2, 'no send was met');
			finish();
			await checkInvariants(acknowledged);
			assert.deepEqual(sql('orders', "SELECT id FROM shop_order WHERE status = 'placing'"), []);
		});

// The money's way: the card is charged, its webhook comes, events go to orders
// and on to inventory. Everything that is said may be said again.
for (const program of ['payments', 'orders', 'inventory'])
	test(`paid by card: ${program} killed at each of its sends`, { skip: !canTrace && 'no strace here' }, async t => {
		await stockUp([11]);
		const acknowledged = [];
		const step = process.env.SWEEP === 'all' ? 1 : 3;
		let kills = 0;
		for (let isGone = true, k = 1; isGone; k += step) {
			const { client, place } = await fullCart(11, 'demo_card');
			const { body: order } = await insist(place);
			acknowledged.push(order.id);
			const wasKilled = await killAtSend(program, k);
			const pay = () => client.form(new URL(order.payment.url).pathname, { card: '4242 4242 4242 4242' });
			for (let tries = 0; (await pay().catch(() => ({ status: 599 }))).status >= 500 && tries < 20; tries++)
				await sleep(100);
			// The shopper looks at the order, which asks when no webhook came.
			await until(async () => (await client.api('GET', `/orders/${order.id}?token=${order.token}`)).body?.payment_status === 'paid',
				`order ${order.id}, kill ${k}, to be paid`, 20);
			await until(() => sql('inventory', `SELECT state FROM hold WHERE order_id = '${order.id}'`)[0].state === 'sold', 'the sale', 20);
			isGone = await wasKilled();
			kills += isGone;
		}
		t.diagnostic(`${kills} kills`);
		assert.ok(kills > 1, 'no send was met');
		await checkInvariants(acknowledged);
	});
