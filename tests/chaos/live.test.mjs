// 500 who listen and 200 movements a second: everyone hears the last state, and
// within a second of its commit. The bound is wider, for machines with other
// work; what was measured is told.
import assert from 'node:assert/strict';
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { owner, staff, url, variant } from '../api/client.mjs';

const SUBSCRIBERS = 500, PER_SECOND = 200, SECONDS = 10;
const { hostname, port } = new URL(url);

test(`${SUBSCRIBERS} subscribers, ${PER_SECOND} movements a second`, async t => {
	const boss = await owner(), worker = await staff();
	const cookie = [...worker.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
	const committed = new Map(), delays = [], last = new Array(SUBSCRIBERS).fill(0);
	const agent = new http.Agent({ maxSockets: Infinity });
	const streams = [];
	await Promise.all(last.map((_, i) => new Promise((resolve, reject) => {
		const request = http.get({ hostname, port, path: '/live/staff/stock', agent, headers: { accept: 'text/event-stream', cookie } }, answer => {
			if (answer.statusCode !== 200)
				return reject(new Error(`status ${answer.statusCode}`));
			let text = '';
			answer.setEncoding('utf8').on('data', part => {
				text += part;
				const end = text.lastIndexOf('\n\n');
				if (end < 0)
					return;
				const now = performance.now();
				for (const [, json] of text.slice(0, end).matchAll(/^data: (.*)$/gm))
					for (const level of JSON.parse(json)) {
						const at = committed.get(`${level.variant_id} ${level.on_hand}`);
						if (at !== undefined)
							delays.push(now - at);
						last[i] = Math.max(last[i], level.on_hand);
					}
				text = text.slice(end + 2);
			});
			resolve();
		});
		request.on('error', error => error.code === 'ECONNRESET' || reject(error));
		streams.push(request);
	})));
	let set_to = 1000, done = 0, running = 0;
	const started = performance.now(), pending = [];
	for (let i = 0; i < PER_SECOND * SECONDS; i++) {
		const wait = started + i * 1000 / PER_SECOND - performance.now();
		if (wait > 1)
			await new Promise(resolve => setTimeout(resolve, wait));
		while (running >= 32)	// a machine that is busy books fewer
			await new Promise(resolve => setTimeout(resolve, 2));
		const to = ++set_to, which = variant(1 + i % 20);

		running++;
		pending.push(boss.idempotent('POST', '/inventory/adjustments', { variant_id: which, set_to: to, reason: 'count' }, randomUUID())
			.then(answer => { assert.equal(answer.status, 201); committed.set(`${which} ${to}`, performance.now()); done++; running--; }));
	}
	await Promise.all(pending);
	const seconds = (performance.now() - started) / 1000;
	const end = performance.now() + 10000;
	while (last.some(n => n < set_to) && performance.now() < end)
		await new Promise(resolve => setTimeout(resolve, 50));
	for (const request of streams)
		request.destroy();
	delays.sort((a, b) => a - b);
	const at = part => delays[Math.floor(delays.length * part)];
	t.diagnostic(`${done} movements in ${seconds.toFixed(1)} s; ${delays.length} deliveries; p50 ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms, max ${delays.at(-1).toFixed(0)} ms`);
	assert.ok(last.every(n => n === set_to), 'somebody missed the last state');
	assert.ok(at(0.95) < 5000, `p95 ${at(0.95)} ms`);
});
