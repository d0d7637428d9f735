// SIGKILL of workers, of PostgreSQL's backends and of Redis in the middle of
// checkouts: none is lost, none is doubled. SEED= repeats a run, SECONDS= makes
// it longer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { checkInvariants, dir, fullCart, insist, kill, seeded, sleep, stockUp, workers } from './shop.mjs';

const AT_ONCE = 10, KILL_EVERY_MS = 150;
const seed = Number(process.env.SEED ?? Date.now() % 1e9), seconds = Number(process.env.SECONDS ?? 25);

// Checkouts until the time is over, while something is killed every now and then.
async function checkoutsUnder(fault, every, random) {
	const answers = [], end = Date.now() + seconds * 1000;
	let faults = 0, isOver = false;
	const killer = (async () => {
		for (; !isOver; await sleep(every))
			faults += await fault(random) ? 1 : 0;
	})();
	await Promise.all(Array.from({ length: AT_ONCE }, async () => {
		while (Date.now() < end) {
			const { place } = await fullCart(11 + random(3), random(3) === 0 ? 'cash_on_delivery' : 'bank_transfer');
			answers.push(await insist(place));
		}
	})).finally(() => { isOver = true; });
	await killer;
	return { answers, faults };
}

const programs = ['zoco-orders', 'zoco-payments', 'zoco-inventory', 'zoco-cart', 'zoco-catalog'];

function killWorker(random) {
	const list = workers(programs[random(programs.length)]);
	return list.length > 0 && kill(list[random(list.length)]);
}

// A backend that is killed takes all others down: PostgreSQL recovers from its log.
function killBackend() {
	const pids = execFileSync('psql', ['-XqAt', '-h', process.env.ZOCO_PGHOST, '-U', 'postgres', '-c',
		"SELECT pid FROM pg_stat_activity WHERE datname = 'zoco_orders'"], { encoding: 'utf8' }).split('\n').filter(Boolean);
	return pids.length > 0 && kill(Number(pids[0]));
}

const killRedis = () => kill(Number(execFileSync('redis-cli', ['-s', `${dir}/run/redis.sock`, 'INFO', 'server'],
	{ encoding: 'utf8' }).match(/process_id:(\d+)/)[1]));

for (const [name, fault, every, least] of [['workers', killWorker, KILL_EVERY_MS, 50], ['PostgreSQL', killBackend, 7000, 2]])
	test(`checkouts while ${name} are killed, seed ${seed}`, async t => {
		await stockUp([11, 12, 13], 5000);
		const { answers, faults } = await checkoutsUnder(async random => {
			try {
				return fault(random);
			} catch {
				return false;	// it is not up again yet
			}
		}, every, seeded(seed));
		t.diagnostic(`${answers.length} checkouts, ${faults} kills`);
		assert.ok(faults >= least && answers.length > 20);
		assert.deepEqual(answers.filter(a => a.status !== 201).map(a => [a.status, a.body?.type]), []);
		all.push(...answers.map(a => a.body.id));
		await checkInvariants(all);
	});
const all = [];

test('Redis killed: guests hear 503 until it is back, orders that are placed stand', async () => {
	const carts = await Promise.all(Array.from({ length: 5 }, () => fullCart(11)));
	killRedis();
	const answers = await Promise.all(carts.map(({ place }) => place().catch(() => ({ status: 599 }))));
	assert.ok(answers.every(a => [201, 409, 422, 503, 599].includes(a.status)), JSON.stringify(answers.map(a => [a.status, a.body])));
	const { client, place } = await fullCart(12);	// insists until Redis is there again
	assert.equal((await insist(place)).status, 201);
	assert.equal((await client.api('GET', '/cart')).body.count, 0);
	await checkInvariants([...all, ...answers.filter(a => a.status === 201).map(a => a.body.id)]);
});
