// The pump: how many events a second it carries to two subscribers, and that
// none is lost or comes twice when it is killed and started again. The bound is
// for machines with other work; what was measured is told. EVENTS= waits with
// more of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { has, sql, until, variant } from '../api/client.mjs';
import { kill, meddle, processes, sleep } from './shop.mjs';

const skip = !has('catalog') || !has('audit') ? 'no catalog, or no audit' : false;
const backlog = Number(process.env.EVENTS ?? 5000);
const LEAST = 300, SECONDS = 5, PER_SECOND = 1000;

// Stock of 200 variants has changed n times, as inventory would tell it.
const emit = n => meddle('inventory', `WITH c AS (UPDATE outbox_counter SET number = number + ${n} RETURNING number - ${n} AS start)
	INSERT INTO outbox (number, id, type, subject, actor, request_id, data)
	SELECT start + i, gen_random_uuid(), 'stock.changed', v, 'job:test', '${randomUUID()}', jsonb_build_object('variant_id', v,
		'location_id', (SELECT id FROM location ORDER BY priority LIMIT 1), 'location', 'main', 'on_hand', i, 'reserved', 0, 'available', i,
		'damaged', 0, 'incoming', 0, 'threshold', 5, 'backorder_limit', 0, 'priority', 0, 'is_active', true)
	FROM c, generate_series(1, ${n}) i, LATERAL (SELECT ('${variant(1).slice(0, -5)}' || lpad((i % 200)::text, 3, '0') || '01')::uuid) AS x(v);
	NOTIFY outbox`);
const newest = () => sql('inventory', 'SELECT number FROM outbox_counter')[0].number;
const taken = () => sql('catalog', 'SELECT count(*) AS n FROM inbox')[0].n;
const served = number => sql('inventory', `SELECT 1 FROM outbox_cursor WHERE subscriber IN ('audit', 'catalog') AND number >= ${number}`).length === 2;

// The n events after `start` have come to audit in order and once; catalog took
// each once and knows the last of each variant.
function check(start, n, before) {
	const digest = (domain, text) => sql(domain, `SELECT count(*) AS n, md5(string_agg(t::text, ' ')) AS all FROM (${text}) AS t`)[0];
	const sent = digest('inventory', `SELECT number, id FROM outbox WHERE number > ${start} ORDER BY number`);
	assert.equal(sent.n, n);
	assert.deepEqual(digest('audit', `SELECT number, event_id FROM entry WHERE source = 'inventory' AND number > ${start} ORDER BY sequence`), sent);
	assert.equal(taken() - before, n);
	assert.deepEqual(digest('catalog', `SELECT variant_id, number, available FROM stock WHERE number > ${start} ORDER BY 1`),
		digest('inventory', `SELECT DISTINCT ON (subject) subject, number, (data ->> 'available')::int FROM outbox WHERE number > ${start}
			ORDER BY subject, number DESC`));
	assert.deepEqual(sql('inventory', 'SELECT subscriber, number, error FROM outbox_parked'), []);
}

test(`${backlog} events that wait, to two subscribers`, { skip }, async t => {
	await until(() => newest() === 0 || served(newest()), 'what was before', 60);
	const start = newest(), before = taken();
	emit(backlog);
	const started = performance.now();
	await until(() => served(start + backlog), 'the events', 120);
	const rate = backlog / (performance.now() - started) * 1000;
	t.diagnostic(`${rate.toFixed(0)} events a second, each to two subscribers`);
	check(start, backlog, before);
	assert.ok(rate >= LEAST, `${rate} a second`);
});

test(`${PER_SECOND} events a second, the pump killed every second`, { skip }, async t => {
	const start = newest(), before = taken(), started = performance.now();
	let kills = 0, sent = 0, killed = started;
	for (let now = started; now < started + SECONDS * 1000; now = performance.now()) {
		const due = Math.floor((now - started) * PER_SECOND / 1000) - sent;
		if (due > 0)
			emit(due);
		sent += Math.max(due, 0);
		if (now > killed + 1000) {
			killed = now;
			for (const pid of processes('zoco-job-deliver_events').keys())
				kills += kill(pid) ? 1 : 0;
		}
		await sleep(50);
	}
	const ended = performance.now();
	await until(() => served(start + sent), 'the events', 120);
	t.diagnostic(`${sent} events, ${kills} kills; ${((performance.now() - ended) / 1000).toFixed(1)} s to catch up at the end`);
	assert.ok(kills > 0);
	check(start, sent, before);
});
