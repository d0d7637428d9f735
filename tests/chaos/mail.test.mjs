// Confirmations in hard times. Without a mail server (half of the time nobody
// there, half of it one that hangs) orders are placed as ever, and each mail
// arrives once when it is back; OUTAGE=600 makes it ten minutes. With the jobs and
// programs killed at random no mail is lost, and none comes twice but where a
// kill hit its sending. SEED= repeats a run, SECONDS= makes it longer.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { sql, until } from '../api/client.mjs';
import { checkInvariants, dir, fullCart, insist, kill, processes, seeded, sleep, stockUp, workers } from './shop.mjs';

const outage = Number(process.env.OUTAGE ?? 20), seconds = Number(process.env.SECONDS ?? 25);
const seed = Number(process.env.SEED ?? Date.now() % 1e9);
const pause = Math.max(200, outage * 5);	// of a shopper, between two orders
const all = [];

// How often each Message-ID has arrived.
function copies() {
	const count = new Map();
	for (const file of readdirSync(`${dir}/mail/new`)) {
		const id = readFileSync(`${dir}/mail/new/${file}`, 'utf8').match(/^Message-ID: (\S+)/im)?.[1];
		count.set(id, (count.get(id) ?? 0) + 1);
	}
	return count;
}

// Orders by some shoppers until `isOver()`; their answers and how long each took.
async function shop(shoppers, isOver) {
	const answers = [], times = [];
	await Promise.all(Array.from({ length: shoppers }, async (_, i) => {
		while (!isOver()) {
			const { place } = await fullCart(11 + i % 3);
			const started = performance.now();
			answers.push(await insist(place));
			times.push(performance.now() - started);
			await sleep(pause);
		}
	}));
	assert.deepEqual(answers.filter(a => a.status !== 201).map(a => [a.status, a.body?.type]), []);
	all.push(...answers.map(a => a.body.id));
	times.sort((a, b) => a - b);
	return { n: answers.length, median: times[times.length >> 1] };
}

// Signals the mail server; false when there is none just now.
function hit(signal) {
	const [pid] = existsSync(`${dir}/run/pids/mail`) ? readFileSync(`${dir}/run/pids/mail`, 'utf8').split('\n') : [''];
	return pid !== '' && kill(Number(pid), signal) && Number(pid);
}
const sent = () => sql('notifications', `SELECT message_id, tries, status FROM message WHERE kind = 'order_placed'`);

test(`no mail server for ${outage} s: every confirmation arrives once`, async t => {
	await stockUp([11, 12, 13], 5000);
	const before = await shop(4, (end => () => Date.now() > end)(Date.now() + 5000));
	await until(() => sent().length === all.length && sent().every(m => m.status === 'sent'), 'the mails before', 60);
	const half = Date.now() + outage * 500, end = half + outage * 500;
	let stopped = 0;
	const fault = (async () => {
		for (; Date.now() < half; await sleep(30))	// it is started again at once
			hit('SIGKILL');
		stopped = await until(() => hit('SIGSTOP'), 'the sink');
		await sleep(end - Date.now());
	})();
	const during = await shop(4, () => Date.now() > end);
	await fault;
	assert.ok(during.n > 0);
	assert.equal(sent().filter(m => m.status !== 'sent').length >= during.n - 1, true, 'it was away');
	const returned = Date.now();
	kill(stopped, 'SIGCONT');
	await until(() => sent().length === all.length && sent().every(m => m.status === 'sent'), 'the mails', 120);
	t.diagnostic(`${during.n} orders without a mail server, median ${during.median.toFixed(0)} ms (${before.median.toFixed(0)} ms before); all mails ${((Date.now() - returned) / 1000).toFixed(1)} s after its return`);
	const arrived = copies();
	assert.deepEqual(sent().filter(m => arrived.get(m.message_id) !== 1).map(m => [m.message_id, arrived.get(m.message_id)]), []);
	assert.deepEqual(sent().filter(m => m.tries !== 1), [], 'its absence counts as no try');
	await checkInvariants(all);
});

test(`jobs and programs killed at random, seed ${seed}: a mail for each order`, async t => {
	const random = seeded(seed), end = Date.now() + seconds * 1000;
	let kills = 0;
	const victims = [() => [...processes('zoco-job-send_notifications').keys()], () => [...processes('zoco-job-deliver_events').keys()],
		() => workers('zoco-notifications'), () => workers('zoco-orders')];
	const killer = (async () => {
		for (; Date.now() < end; await sleep(200)) {
			const pids = victims[random(victims.length)]();
			kills += pids.length > 0 && kill(pids[random(pids.length)]) ? 1 : 0;
		}
	})();
	const { n } = await shop(8, () => Date.now() > end);
	await killer;
	await checkInvariants(all);
	const arrived = copies();
	t.diagnostic(`${n} orders, ${kills} kills, ${sent().filter(m => arrived.get(m.message_id) > 1).length} mails more than once`);
	assert.ok(kills > 20 && n > 5);
	assert.deepEqual(sent().filter(m => !(arrived.get(m.message_id) >= 1 && arrived.get(m.message_id) <= m.tries)), [],
		'as often as it was taken up, which is once where nothing was killed');
});
