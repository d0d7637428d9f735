// Live stock: what is published, to whom, and how streams begin, go on and end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, customer, internal, mails, owner, sql, staff, until, url, variant } from './client.mjs';

const boss = await owner();
const adjust = (product, fields, client = boss) => client.idempotent('POST', '/inventory/adjustments', { variant_id: variant(product), reason: 'count', ...fields });

// A stream of server-sent events; `events` fills as they come.
async function listen(client, path, headers = {}) {
	const control = new AbortController();
	const answer = await client.fetch(path, { headers: { accept: 'text/event-stream', ...headers }, signal: control.signal });
	const stream = { status: answer.status, events: [], ended: false, close: () => control.abort() };
	if (answer.status !== 200)
		return stream;
	(async () => {
		let text = '';
		for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
			text += part;
			for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
				const lines = text.slice(0, end).split('\n');
				const data = lines.filter(l => l.startsWith('data: ')).map(l => l.slice(6)).join('\n');
				if (data)
					stream.events.push({ id: lines.find(l => l.startsWith('id: '))?.slice(4), data: JSON.parse(data) });
			}
		}
	})().catch(() => {}).finally(() => { stream.ended = true; });
	return stream;
}
// Everything that has happened so far is published. What is said next is then a
// message of its own, however slow the machine.
const published = () => until(() => sql('inventory', `SELECT 1 FROM live_position
	WHERE number >= (SELECT max(number) FROM outbox)`).length === 1, 'the publisher', 60);
const last = stream => stream.events.at(-1)?.data;

test('the staff hears of each level, a shopper of a state, and nobody of more', async () => {
	await adjust(1, { set_to: 40 });
	const desk = await listen(await staff(), '/live/staff/stock');
	const page = await listen(new Client(), `/live/shop?v=${variant(1)},${variant(2)}`);
	assert.equal(desk.status, 200);
	assert.equal(page.status, 200);
	assert.equal((await listen(new Client(), '/live/staff/stock')).status, 401);
	assert.equal((await listen(await customer(), '/live/staff/stock')).status, 403);
	const foreign = await listen(new Client(), '/live/shop?v=stock');	// the staff's channel by name
	await adjust(1, { set_to: 3 });
	await until(() => last(desk)?.some(l => l.variant_id === variant(1) && l.on_hand === 3), 'the desk', 60);
	await until(() => last(page)?.state === 'low', 'the page', 60);
	assert.deepEqual(last(page), { variant_id: variant(1), state: 'low', es: '¡Solo quedan 3!', en: 'Only 3 left!' });
	assert.deepEqual(foreign.events, []);
	await internal('orders', 'PUT', `/internal/inventory/holds/${randomUUID()}`,
		{ lines: [{ variant_id: variant(1), quantity: 3 }], until: new Date(Date.now() + 3600e3).toISOString() });
	await until(() => last(page)?.state === 'out', 'a hold, too', 60);
	for (const stream of [desk, page, foreign])
		stream.close();
});

test('many changes are a few messages, and the last state is never left out', async () => {
	const desk = await listen(await staff(), '/live/staff/stock');
	await published();
	const started = Date.now();
	for (let i = 1; i <= 60; i++)
		await adjust(3, { set_to: 100 + i });
	await until(() => last(desk)?.some(l => l.variant_id === variant(3) && l.on_hand === 160), 'the last', 60);
	const seconds = (Date.now() - started) / 1000;
	assert.ok(desk.events.length <= 5 * seconds + 2, `${desk.events.length} in ${seconds} s`);
	desk.close();
});

test('a hold that lapses is told, to browsers and to the catalogue', async () => {
	await adjust(7, { set_to: 4 });
	const page = await listen(new Client(), `/live/shop?v=${variant(7)}`), order = randomUUID();
	await internal('orders', 'PUT', `/internal/inventory/holds/${order}`,
		{ lines: [{ variant_id: variant(7), quantity: 4 }], until: new Date(Date.now() + 3600e3).toISOString() });
	await until(() => last(page)?.state === 'out', 'the hold', 60);
	const available = () => sql('catalog', `SELECT sum(available)::int AS n FROM stock WHERE variant_id = '${variant(7)}'`)[0].n;
	await until(() => available() === 0, 'the catalogue', 60);
	assert.equal((await internal('orders', 'PUT', `/internal/inventory/holds/${order}`,	// its time is cut short
		{ lines: [{ variant_id: variant(7), quantity: 4 }], until: new Date(Date.now() - 1000).toISOString() })).status, 200);
	await until(() => last(page)?.state === 'low', 'the lapse', 60);
	await until(() => available() === 4, 'the catalogue, of the lapse', 60);
	assert.equal(sql('inventory', `SELECT sum(reserved)::int AS n FROM level WHERE variant_id = '${variant(7)}'`)[0].n, 0);
	page.close();
});

test('after a cut a stream goes on where it was', async () => {
	await published();
	const worker = await staff(), first = await listen(worker, '/live/staff/stock');
	await adjust(4, { set_to: 11 });
	await until(() => first.events.length > 0, 'a message', 60);
	first.close();
	const { id } = first.events.at(-1);
	for (const set_to of [12, 13]) {
		await adjust(4, { set_to });
		await published();
	}
	const second = await listen(worker, '/live/staff/stock', { 'last-event-id': id });
	await until(() => second.events.length >= 2, 'what was missed', 60);
	assert.deepEqual(second.events.map(e => e.data.find(l => l.variant_id === variant(4)).on_hand), [12, 13]);
	second.close();
});

test('what changes while the publisher is down is told when it is back', async () => {
	const run = () => { try { execFileSync(process.env.ZOCO_INSTANCE, ['job', process.env.ZOCO_DIR, 'publish_stock']); } catch (error) { assert.equal(error.status, 75); } };
	run();		// whoever runs, or nobody: the position is kept
	await adjust(5, { set_to: 21 });
	run();
	await until(() => sql('inventory', `SELECT 1 FROM live_position WHERE number >= (SELECT max(number) FROM outbox
		WHERE subject = '${variant(5)}')`).length === 1, 'the position', 60);
});

test('a notice is asked for, confirmed, and comes once', async () => {
	await adjust(6, { set_to: 0 });
	const visitor = new Client(), email = 'waits@example.com';
	const page = await (await visitor.fetch(`/fragments/inventory/availability?lang=es&variants=${variant(6)}`)).text();
	assert.match(page, /action="\/es\/stock-notices"/);
	assert.equal((await visitor.form('/es/stock-notices', { variant_id: variant(6), email })).status, 303);
	assert.equal((await visitor.api('POST', '/inventory/stock-notices', { variant_id: variant(6), email })).status, 202);
	assert.equal((await visitor.api('POST', '/inventory/stock-notices', { variant_id: variant(6), email: 'x' })).body.errors[0].field, 'email');
	const [asked] = await until(async () => { const m = await mails(email); return m.length > 0 && m; }, 'the link', 60);
	await adjust(6, { set_to: 1 });
	await adjust(6, { set_to: 0 });
	const link = /https?:\/\/\S+\/stock-notices\/confirm\?token=\S+/.exec(asked.text)[0];
	assert.equal((await visitor.fetch(link.slice(url.length))).status, 200);
	assert.deepEqual(sql('inventory', 'SELECT is_confirmed FROM stock_notice'), [{ is_confirmed: false }]);
	const token = new URL(link).searchParams.get('token');
	assert.equal((await visitor.form('/es/stock-notices/confirm', { token: token.slice(0, -1) })).status, 422);
	const done = await visitor.form('/es/stock-notices/confirm', { token });
	assert.equal(done.status, 200, await done.text());
	await adjust(6, { set_to: 9 });
	const told = await until(async () => { const m = await mails(email); return m.length > 1 && m; }, 'the notice', 60);
	assert.equal(told.length, 2, 'unconfirmed, it told nobody; asked twice, it wrote once');
	assert.ok(new Map(told[0].headers).has('List-Unsubscribe'));
	assert.deepEqual(sql('inventory', 'SELECT id FROM stock_notice'), []);
});

test('a stream ends by itself, and is refused to whoever has signed out', async () => {
	const instance = (...a) => execFileSync(process.env.ZOCO_INSTANCE, a, { stdio: 'ignore' });
	const live = () => listen(worker, '/live/staff/stock');
	instance('set', process.env.ZOCO_DIR, 'LIVE_SECONDS=2');
	const calm = what => what().catch(() => null);	// a reload closes idle connections
	const worker = await until(() => calm(staff), 'nginx', 60);
	try {
		const stream = await until(async () => { const s = await calm(live); return s?.status === 200 && s; }, 'the stream', 60);
		await until(async () => (await calm(() => worker.api('POST', '/auth/logout')))?.status === 204, 'the end of the session', 60);
		await until(() => stream.ended, 'its end', 60);
		await until(async () => (await calm(live))?.status === 401, 'a refusal', 60);
	} finally {
		instance('set', process.env.ZOCO_DIR, 'LIVE_SECONDS=240');
	}
});
