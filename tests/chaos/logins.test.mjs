// A flood of logins: passwords are hashed by one worker behind a short queue, so
// that it costs the shop no more than that worker. 100 wrong ones a second, each
// of another account and from another address, that no limit of either stops.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { Client, customer, until, url } from '../api/client.mjs';
import { fullCart, kill, sleep, stockUp, workers } from './shop.mjs';

const PER_SECOND = 100, CHECKOUTS = 60, ROUNDS = 4;
let made = 0;

// Calls back with the status of a wrong login that nobody has tried yet.
function wrongLogin() {
	const i = made++, body = JSON.stringify({ email: `nobody-${i}@zoco.example`, password: 'tres tristes tigres' });
	return new Promise((resolve, reject) => http.request(`${url}/api/v1/auth/login`, { method: 'POST', agent: false,
		localAddress: `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${1 + i % 254}`,
		headers: { origin: url, 'content-type': 'application/json', 'content-length': body.length } },
	answer => answer.resume().on('end', () => resolve(answer))).on('error', reject).end(body));
}

const niceness = pid => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[16]);
const hasher = () => until(() => workers('zoco-auth').find(pid => niceness(pid) > niceness(process.pid)), 'the worker that hashes');

test('who finds the queue full is answered 503 at once, and the rest of auth goes on', async () => {
	const client = await customer(), pid = await hasher(), answers = [];
	kill(pid, 'SIGSTOP');
	try {
		const all = Array.from({ length: 60 }, () => wrongLogin().then(answer => answers.push(answer)));
		await until(() => answers.length >= 30, 'the refusals');
		assert.deepEqual([...new Set(answers.map(a => a.statusCode))], [503]);
		assert.ok(answers.every(a => a.headers['retry-after'] > 0));
		assert.equal((await client.api('GET', '/auth/me')).status, 200);
		assert.equal((await client.fetch('/es/login')).status, 200);
		assert.equal((await client.form('/es/login', { email: 'a@b.example', password: 'x' })).status, 503);
		assert.equal((await client.api('POST', '/auth/password/change', { current_password: 'x', new_password: 'y'.repeat(16) })).status, 503);
		kill(pid, 'SIGCONT');
		await Promise.all(all);
		assert.equal(answers.filter(a => a.statusCode === 401).length, 60 - answers.filter(a => a.statusCode === 503).length);
		assert.ok(answers.some(a => a.statusCode === 401), 'those who waited were served');
	} finally {
		kill(pid, 'SIGCONT');
	}
});

// The 95th percentile of checkouts, two at a time.
async function p95() {
	const carts = await Promise.all(Array.from({ length: CHECKOUTS }, () => fullCart(11))), times = [];
	await Promise.all([0, 1].map(async () => {
		for (let cart; (cart = carts.pop()) !== undefined;) {
			const start = performance.now();
			assert.equal((await cart.place()).status, 201);
			times.push(performance.now() - start);
		}
	}));
	return times.sort((a, b) => a - b)[Math.floor(0.95 * times.length)];
}

async function flooded(run) {
	const statuses = new Map(), pending = [], start = performance.now();
	let isOver = false, result;
	const flood = (async () => {
		for (let n = 0; !isOver; n++) {
			await sleep(Math.max(0, start + n * 1000 / PER_SECOND - performance.now()));
			pending.push(wrongLogin().then(({ statusCode }) => statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1)));
		}
	})();
	try {
		result = await run();
	} finally {
		isOver = true;
	}
	await flood;
	const rate = pending.length / (performance.now() - start) * 1000;
	await Promise.all(pending);
	return { result, statuses, rate };
}

// By turns, so that what else the machine does weighs on both; the best of them
// tells what the flood costs.
test(`checkouts under ${PER_SECOND} wrong logins a second`, async t => {
	await stockUp([11], 5000);
	await p95();
	const ratios = [];
	for (let i = 0; i < ROUNDS && !(Math.min(...ratios) <= 1.5); i++) {
		const quiet = await p95(), { result, statuses, rate } = await flooded(p95);
		ratios.push(result / quiet);
		t.diagnostic(`p95 ${quiet.toFixed(0)} ms, under ${rate.toFixed(0)} logins/s ${result.toFixed(0)} ms; answers ${
			JSON.stringify(Object.fromEntries(statuses))}`);
		assert.ok([...statuses.keys()].every(status => [401, 429, 503].includes(status)));
		assert.ok(statuses.get(503) > statuses.get(401), 'most are refused unhashed');
	}
	assert.ok(Math.min(...ratios) <= 1.5, `${ratios}`);
	assert.equal((await new Client().signIn('customer@zoco.example', 'demo-customer-2026')).cookies.size > 0, true);
});
