// Jobs that are not the pump: forgotten carts, and what is thrown away.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { meddle } from '../chaos/shop.mjs';
import { Client, customer, mails, owner, sql, until, variant } from './client.mjs';

const { ZOCO_DIR: dir, ZOCO_CONF: conf } = process.env;
const job = (name, options = [], env = {}) => spawnSync(`${dir}/bin/zoco-job-${name}`, ['--config', conf, ...options],
	{ encoding: 'utf8', env: { ...process.env, ...env }, ...(process.getuid() === 0 ? ids() : {}) });
function ids() {
	const [uid, gid] = spawnSync('stat', ['-c', '%u %g', conf], { encoding: 'utf8' }).stdout.trim().split(' ').map(Number);
	return { uid, gid };
}
const last = result => JSON.parse(result.stderr.trim().split('\n').at(-1));

test('every job knows its flags, has a manual page, a line in the crontab, a lock and a history', async () => {
	const crontab = readFileSync(`${dir}/share/zoco.crontab`, 'utf8');
	const names = readdirSync(`${dir}/bin`).filter(name => name.startsWith('zoco-job-')).map(name => name.slice(9)).filter(name => name !== 'admin');
	assert.deepEqual(names, readdirSync(new URL('../../cron', import.meta.url)).filter(name => /^(?!admin).*\.c$/.test(name))
		.map(name => name.slice(0, -2)).sort());
	for (const name of names) {
		const help = job(name, ['--help']);
		assert.equal(help.status, 0, name);
		for (const option of ['--dry-run', '--limit', '--for', '--verbose', 'exit status: 0 good, 1 failed, 2 wrong usage, 75'])
			assert.ok(help.stdout.includes(option), `${name} ${option}`);
		assert.equal(job(name, ['--nonsense']).status, 2, name);
		assert.match(crontab, new RegExp(`\\n#[^\\n]*(\\n#[^\\n]*)*\\n[^#\\n]*zoco-job-${name}`), `${name} is explained`);
		const page = spawnSync(fileURLToPath(new URL('../../cron/man', import.meta.url)), [`${dir}/bin/zoco-job-${name}`], { encoding: 'utf8' });
		assert.match(page.stdout, new RegExp(`^\\.TH .*${name}`, 'im'), name);
		const run = job(name, ['--dry-run', '--limit', '1']), said = last(run);
		assert.ok([0, 75].includes(run.status), `${name}: ${run.status} ${run.stderr}`);
		if (run.status === 0)
			assert.deepEqual([said.event, said.job, said.status, typeof said.done, said.failed, typeof said.ms], ['job', name, 0, 'number', 0, 'number']);
		else
			assert.equal(said.event, 'job.locked', name);
	}
	const boss = await owner();
	const { items } = await until(async () => { const { body } = await boss.api('GET', '/system/jobs'); return body.away.length === 0 && body; }, 'all domains', 30);
	assert.deepEqual(names.filter(name => !items.some(item => item.name === name && item.state !== 'never' && item.started_at !== null)), []);
});

test('a cart that was left is reminded of once, where that was agreed', async () => {
	const ann = await customer(), now = { ZOCO_CART_REMINDER_MINUTES: '0' };
	assert.equal((await ann.api('POST', '/cart/items', { variant_id: variant(1), quantity: 2 })).status, 201);
	assert.equal((await ann.api('PATCH', '/cart', { email: 'left@example.com' })).status, 200);
	assert.equal(last(job('abandoned_carts', ['--dry-run'], now)).done, 0, 'nobody agreed');
	assert.equal((await ann.api('PATCH', '/cart', { marketing_consent: true })).status, 200);
	assert.equal(last(job('abandoned_carts', ['--dry-run'])).done, 0, 'not yet left');
	assert.equal(last(job('abandoned_carts', ['--dry-run'], now)).done, 1);
	assert.equal(last(job('abandoned_carts', [], now)).done, 1);
	assert.equal(last(job('abandoned_carts', [], now)).done, 0);
	const [mail] = await until(async () => { const m = await mails('left@example.com'); return m.length > 0 && m; }, 'the reminder');
	assert.match(mail.text, /2 x /);
	assert.match(mail.text, /\/es\/cart/);
	const headers = new Map(mail.headers);
	const link = headers.get('List-Unsubscribe').slice(1, -1);
	assert.equal((await ann.fetch(new URL(link).pathname, { method: 'POST', body: 'List-Unsubscribe=One-Click',
		headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 200);
	await until(() => sql('cart', 'SELECT 1 FROM cart WHERE marketing_consent').length === 0, 'cart to hear of it');
});

test('a guest who agreed is reminded once too, and not after a purchase', async () => {
	const now = { ZOCO_CART_REMINDER_MINUTES: '0' }, run = options => last(job('abandoned_carts', options ?? [], now)).done;
	const guest = async (email, agreed) => {
		const client = new Client();
		assert.equal((await client.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 })).status, 201);
		assert.equal((await client.api('PATCH', '/cart', { email, ...(agreed === undefined ? {} : { marketing_consent: agreed }) },
			{ 'accept-language': 'en' })).status, 200);
		return client;
	};
	await guest('silent@example.com');
	const page = await guest('page@example.com'), cart = async () => (await page.fetch('/es/cart')).text();
	assert.match(await cart(), /name="marketing_consent" value="true" required>/, 'nothing is ticked for anybody');
	assert.equal((await page.form('/es/cart', { email: 'page@example.com', marketing_consent: 'true' })).status, 303);
	assert.match(await cart(), /te escribiremos una vez a page@example\.com/);
	assert.equal((await page.form('/es/cart', { marketing_consent: 'false' })).status, 303);
	assert.match(await cart(), /value="true" required>/);
	assert.match(await (await page.form('/es/cart', { email: 'x', marketing_consent: 'true' })).text(), /email-error">./);
	await guest('no@example.com', false);
	const leaves = await guest('changed@example.com', true), buys = await guest('buys@example.com', true);
	assert.equal((await leaves.api('PATCH', '/cart', { marketing_consent: false })).status, 200);
	const waits = await guest('guest@example.com', true);
	assert.equal(last(job('abandoned_carts', ['--dry-run'])).done, 0, 'not yet left');
	assert.equal((await buys.idempotent('POST', '/orders', { email: 'buys@example.com', payment_method: 'cash_on_delivery', expected_total: 1450 + 495,
		shipping_address: { name: 'Eva', line1: 'Calle Sol 2', postcode: '11001', city: 'Cádiz', country: 'ES' } })).status, 201);
	await until(async () => (await buys.api('GET', '/cart')).body.count === 0, 'the cart to be taken');
	assert.equal(run(['--dry-run']), 1);
	assert.equal(run(), 1);
	assert.equal((await waits.api('POST', '/cart/items', { variant_id: variant(2), quantity: 1 })).status, 201);
	assert.equal(run(), 0, 'once');
	const [mail] = await until(async () => { const m = await mails('guest@example.com'); return m.length > 0 && m; }, 'the reminder');
	assert.match(mail.text, /1 x .*[\s\S]*\/en\/cart/);
	assert.deepEqual(sql('notifications', `SELECT to_address FROM message WHERE kind = 'cart_abandoned' AND to_address <> 'left@example.com'`),
		[{ to_address: 'guest@example.com' }]);
});

test('what has served long enough is thrown away in batches, and counted first', async () => {
	const old = (days, n, status) => meddle('notifications', `WITH m AS (INSERT INTO message (id, event_id, kind, to_address, lang, subject, text, html,
		message_id, status, created_at, next_at) SELECT gen_random_uuid(), gen_random_uuid(), 'order_placed', 'old@example.com', 'es', '', '', '',
		gen_random_uuid()::text, '${status}', now() - make_interval(days => ${days}), now() + interval '9 days' FROM generate_series(1, ${n}) RETURNING id)
		INSERT INTO delivery_attempt (id, message_id, result) SELECT gen_random_uuid(), id, 'sent' FROM m`);
	old(400, 2300, 'sent');
	old(400, 1, 'queued');
	old(300, 1, 'sent');
	meddle('notifications', `INSERT INTO feed_item (id, user_id, event_id, kind, title, path, at) SELECT gen_random_uuid(), gen_random_uuid(),
		gen_random_uuid(), 'x', 'x', '/', now() - make_interval(days => d) FROM (VALUES (366), (364)) AS v (d)`);
	meddle('auth', `INSERT INTO session (id, token_hash, account_id, idle_seconds, expires_at, ended_at) SELECT gen_random_uuid(), 'old' || d,
		(SELECT id FROM account LIMIT 1), 60, now() + interval '1 day', now() - make_interval(days => d) FROM (VALUES (31), (29)) AS v (d);
		INSERT INTO link (token_hash, account_id, purpose, expires_at) SELECT 'old' || d, (SELECT id FROM account LIMIT 1), 'reset',
		now() - make_interval(days => d) FROM (VALUES (31), (29)) AS v (d)`);
	meddle('cart', `INSERT INTO cart (cart_key, changed_at) SELECT 'user:' || gen_random_uuid(), now() - make_interval(days => d) FROM (VALUES (181), (179)) AS v (d)`);
	meddle('catalog', `INSERT INTO import (id, is_dry_run, actor, body, state, finished_at) SELECT gen_random_uuid(), false, 'x', '', 'finished',
		now() - make_interval(days => d) FROM (VALUES (91), (89)) AS v (d)`);
	const left = () => [sql('notifications', `SELECT status, count(*)::int AS n FROM message WHERE to_address = 'old@example.com' GROUP BY 1 ORDER BY 1`),
		sql('notifications', 'SELECT count(*)::int AS n FROM feed_item WHERE kind = \'x\'')[0].n, sql('auth', `SELECT count(*)::int AS n FROM session WHERE token_hash LIKE 'old%'`)[0].n,
		sql('auth', `SELECT count(*)::int AS n FROM link WHERE token_hash LIKE 'old%'`)[0].n, sql('catalog', 'SELECT count(*)::int AS n FROM import')[0].n];
	const lines = run => run.stderr.trim().split('\n').map(line => JSON.parse(line)).filter(line => /^purge/.test(line.event)).map(line => line.message).filter(told => !told.includes('.personal:')).sort();
	const expected = ['auth.link: 1', 'auth.session: 1', 'cart.cart: 1', 'catalog.import: 1', 'notifications.feed_item: 1', 'notifications.message: 2300'];
	const before = left(), dry = job('purge', ['--dry-run']);
	assert.equal(dry.status, 0, dry.stderr);
	assert.deepEqual(lines(dry), expected);
	assert.deepEqual(left(), before);
	const run = job('purge');
	assert.equal(run.status, 0, run.stderr);
	assert.deepEqual(lines(run), expected);
	assert.deepEqual(left(), [[{ status: 'queued', n: 1 }, { status: 'sent', n: 1 }], 1, 1, 1, 1]);
	assert.equal(job('purge', ['--dry-run'], { ZOCO_KEEP_MESSAGE_DAYS: 'x' }).status, 1);
});

test('what all have had is thrown away, what somebody waits for is kept', async () => {
	const count = table => sql('cart', `SELECT count(*) AS n FROM ${table}`)[0].n;
	await until(() => sql('cart', `SELECT 1 FROM outbox o WHERE number > coalesce((SELECT min(number) FROM outbox_cursor), 0)`).length === 0, 'the pump');
	const events = count('outbox');
	assert.ok(events > 0);
	assert.equal(job('purge').status, 0);
	assert.equal(count('outbox'), events, 'all is young');
	assert.equal(job('purge', ['--dry-run'], { ZOCO_KEEP_DAYS: '0' }).status, 0);
	assert.equal(count('outbox'), events);
	const run = job('purge', [], { ZOCO_KEEP_DAYS: '0' });
	assert.equal(run.status, 0, run.stderr);
	assert.equal(count('outbox'), 0);
	assert.equal(count('inbox'), 0);
	assert.equal(count('idempotency'), 0);
	assert.equal(sql('audit', `SELECT count(*) AS n FROM entry`)[0].n > 0, true, 'audit keeps its own');
});
