// The pump: each event arrives once, a subject's in order, and nobody waits
// for somebody else's trouble.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, customer, internal, owner, sql, staff, until } from './client.mjs';

const dir = process.env.ZOCO_DIR;
const job = (...options) => spawnSync(process.env.ZOCO_INSTANCE, ['job', dir, 'deliver_events', ...options],
	{ encoding: 'utf8' });

// A fault in another program's database, as only its owner could make it.
const meddle = (domain, text) => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1',
	'-h', process.env.ZOCO_PGHOST, '-U', `zoco_${domain}_owner`, '-d', `zoco_${domain}`, '-c', text],
	{ stdio: ['ignore', 'ignore', 'inherit'] });

// The master and the workers of a program of this shop.
function processes(program) {
	return readdirSync('/proc').filter(name => /^\d+$/.test(name)).filter(pid => {
		try {
			return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${dir}/bin/${program}\0`);
		} catch {
			return false;
		}
	}).map(Number);
}

async function register(email = `${randomUUID()}@example.com`) {
	const { status, body } = await new Client().api('POST', '/auth/register',
		{ email, password: 'a-long-enough-one', name: 'Ana' });
	assert.ok(status < 300, JSON.stringify(body));
	return email;
}

async function forget(email) {
	const { status, body } = await new Client().api('POST', '/auth/password/forgot', { email });
	assert.ok(status < 300, JSON.stringify(body));
}

const kinds = email => sql('notifications',
	`SELECT kind FROM message WHERE to_address = '${email}' ORDER BY created_at`).map(row => row.kind);
const parked = () => sql('auth', `SELECT number, tries, is_dead, error, (SELECT type FROM outbox o
	WHERE o.number = p.number) AS type FROM outbox_parked p WHERE subscriber = 'notifications' ORDER BY number`);
const subjectOf = email => sql('auth',
	`SELECT subject FROM outbox WHERE personal ->> 'email' = '${email}' LIMIT 1`)[0].subject;

function refuseMailsTo(email) {
	meddle('notifications', `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN IF NEW.kind LIKE ''%register%'' AND NEW.to_address = ''${email}'' THEN RAISE ''no''; END IF;
		RETURN NEW; END'; CREATE TRIGGER refuse BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION refuse()`);
	return () => meddle('notifications', 'DROP TRIGGER refuse ON message; DROP FUNCTION refuse()');
}

test('a refused event is parked with those behind it; others pass; then all come in order', async () => {
	const email = `${randomUUID()}@example.com`, allow = refuseMailsTo(email);
	try {
		await register(email);
		await until(() => parked().length === 1, 'the first event to be parked');
		await forget(email);
		await until(() => parked().length === 2, 'the second to wait behind it');
		const [first, second] = parked();
		assert.ok(first.tries >= 1);
		assert.match(first.error, /refused/);
		assert.equal(second.tries, 0);
		const other = await register();
		await until(() => kinds(other).length === 1, "somebody else's mail");
		assert.deepEqual(kinds(email), []);
	} finally {
		allow();
	}
	await until(() => kinds(email).length === 2, 'both mails', 40);
	assert.match(kinds(email)[0], /register/);
	assert.match(kinds(email)[1], /forgot/);
	assert.deepEqual(parked(), []);
});

test('after ten tries an event is dead and its subject goes on', async () => {
	const email = `${randomUUID()}@example.com`, allow = refuseMailsTo(email);
	try {
		await register(email);
		await until(() => parked().length === 1, 'the event to be parked');
		await forget(email);
		meddle('auth', `UPDATE outbox_parked SET tries = 9, next_at = now() WHERE subscriber = 'notifications'`);
		await until(() => parked()[0].is_dead, 'the event to be given up');
		await until(() => kinds(email).length === 1, 'the next mail');
		assert.match(kinds(email)[0], /forgot/);
		assert.deepEqual(parked().map(row => [row.tries, row.is_dead]), [[10, true]]);
	} finally {
		allow();
	}
	const boss = await owner(), { body } = await boss.api('GET', '/system/events');
	assert.deepEqual([body.dead, body.away], [1, []]);
	const [event] = body.items.filter(e => e.is_dead);
	assert.deepEqual([event.source, event.subscriber, event.type, event.tries], ['auth', 'notifications', 'user.registered', 10]);
	assert.match(event.error, /refused/);
	assert.ok(!JSON.stringify(event).includes(email), 'the address is personal');
	for (const [lang, word] of [['es', 'eventos sin entregar'], ['en', 'undelivered events']]) {
		assert.match(await (await boss.fetch(`/${lang}/admin/`)).text(), new RegExp(`<strong>1</strong> ${word}`));
		const page = await (await boss.fetch(`/${lang}/admin/jobs/events`)).text();
		assert.ok(page.includes('user.registered') && page.includes('badge-failed') && !page.includes('system.event'), lang);
	}
	const one = { domain: 'auth', subscriber: 'notifications', number: event.number };
	for (const wrong of [{ ...one, domain: 'nobody' }, { ...one, number: event.number + 1 }, { ...one, subscriber: 'audit' }])
		assert.equal((await boss.api('POST', '/system/events/replay', wrong)).status, 404);
	assert.equal((await boss.api('POST', '/system/events/replay', { domain: 'auth' })).status, 422);
	assert.equal((await (await staff()).api('POST', '/system/events/replay', one)).status, 403);
	assert.equal((await (await customer()).api('GET', '/system/events')).status, 403);
	assert.equal((await boss.form('/es/admin/jobs/events', one)).status, 303);
	await until(() => kinds(email).length === 2, 'the mail of the replayed event');
	assert.deepEqual(parked(), []);
	await until(() => sql('audit', `SELECT 1 FROM entry WHERE action = 'event.replayed' AND source = 'auth' AND actor LIKE 'user:%'`).length === 1,
		'the entry of who replayed it');
	assert.equal((await boss.api('POST', '/system/events/replay', one)).status, 404);
});

test('system replays its own events too, all at once', async () => {
	meddle('system', `WITH c AS (UPDATE outbox_counter SET number = number + 2 RETURNING number - 2 AS n), o AS (INSERT INTO outbox
		(number, id, type, subject, actor, request_id, data) SELECT c.n + i, gen_random_uuid(), 'job.asked', gen_random_uuid(), 'guest', '', '{}'
		FROM c, generate_series(1, 2) AS i RETURNING number, subject) SELECT 1 FROM o; INSERT INTO outbox_parked (subscriber, number, subject, tries, is_dead)
		SELECT 'audit', number, subject, 10, true FROM outbox ORDER BY number DESC LIMIT 2`);
	const { status, body } = await (await owner()).api('POST', '/system/events/replay', { domain: 'system', subscriber: 'audit' });
	assert.deepEqual([status, body], [200, { replayed: 2 }]);
	await until(() => sql('system', 'SELECT 1 FROM outbox_parked').length === 0, 'both to go');
});

test('a subscriber that hangs delays nobody and misses nothing', async () => {
	const stopped = processes('zoco-audit');
	assert.ok(stopped.length >= 2);
	const entries = email => sql('audit', `SELECT action FROM entry WHERE entity = '${subjectOf(email)}' ORDER BY sequence`);
	const emails = [];
	stopped.forEach(pid => process.kill(pid, 'SIGSTOP'));
	try {
		for (let i = 0; i < 3; i++)
			emails.push(await register());
		await forget(emails[0]);
		for (const email of emails)
			await until(() => kinds(email).length >= 1, 'the mails', 20);
		assert.deepEqual(entries(emails[0]), []);
	} finally {
		stopped.forEach(pid => process.kill(pid, 'SIGCONT'));
	}
	for (const email of emails)
		await until(() => entries(email).length >= 1, 'the entries', 40);
	await until(() => entries(emails[0]).length >= 2, 'the second entry', 40);
	assert.deepEqual(entries(emails[0]).map(e => e.action), ['user.registered', 'user.password-forgotten']);
});

test('an intake keeps the order of a subject in a batch, and takes an event once', async () => {
	const email = `${randomUUID()}@example.com`, allow = refuseMailsTo(email);
	const event = (type, subject, to) => ({ id: randomUUID(), number: 1, type, source: 'auth', subject, actor: 'guest',
		request_id: '', time: new Date().toISOString(), data: { email: to, name: 'A', url: 'http://localhost/', lang: 'en' } });
	const one = randomUUID(), two = `${randomUUID()}@example.com`;
	const events = [event('user.registered', one, email), event('user.password-forgotten', one, email),
		event('user.registered', randomUUID(), two), event('user.from-tomorrow', one, email)];
	const send = () => internal('auth', 'POST', '/internal/notifications/events', { events });
	try {
		const { status, body } = await send();
		assert.equal(status, 200, JSON.stringify(body));
		assert.deepEqual(body.results.map(r => [r.id, r.ok]),
			[[events[0].id, false], [events[1].id, false], [events[2].id, true], [events[3].id, false]]);
		assert.match(body.results[1].error, /before it/);
	} finally {
		allow();
	}
	for (let i = 0; i < 2; i++)
		assert.deepEqual((await send()).body.results.map(r => r.ok), [true, true, true, true]);
	assert.deepEqual(kinds(email).length, 2);
	assert.deepEqual(kinds(two).length, 1);
});

test('only programs get in, each under its own name', async () => {
	const event = { id: randomUUID(), number: 1, type: 'user.verified', source: 'auth', subject: randomUUID(),
		actor: 'guest', request_id: '', time: new Date().toISOString(), data: {} };
	assert.equal((await internal('auth', 'POST', '/internal/notifications/events', { events: [] })).status, 422);
	assert.equal((await internal('auth', 'POST', '/internal/notifications/events', { events: [{ ...event, id: 'x' }] })).status, 422);
	const { status } = await new Client().fetch('/internal/notifications/events', { method: 'POST',
		headers: { 'content-type': 'application/json' }, body: JSON.stringify({ events: [event] }) });
	assert.equal(status, 404);
	for (const domain of ['audit', 'notifications']) {
		const answer = await internal('cart', 'POST', `/internal/${domain}/events`, { events: [event] });
		assert.equal(answer.status, 200);
		assert.equal(answer.body.results[0].ok, false, domain);
		const stolen = { ...event, type: 'user.registered', source: 'cart' };
		if (domain === 'notifications')
			assert.equal((await internal('cart', 'POST', `/internal/${domain}/events`, { events: [stolen] })).body.results[0].ok, false);
	}
	assert.equal(sql('audit', `SELECT 1 FROM entry WHERE event_id = '${event.id}'`).length, 0);
});

test('many events in one transaction: all arrive, although a batch is too large for one request', async () => {
	const count = 120, subject = randomUUID();
	meddle('inventory', `WITH c AS (UPDATE outbox_counter SET number = number + ${count} RETURNING number - ${count} AS n)
		INSERT INTO outbox (number, id, type, subject, actor, request_id, data)
		SELECT c.n + i, gen_random_uuid(), 'stock.low', '${subject}', 'guest', '', jsonb_build_object('filler', repeat('x', 2500))
		FROM c, generate_series(1, ${count}) AS i`);
	const numbers = () => sql('audit', `SELECT number FROM entry WHERE entity = '${subject}' ORDER BY sequence`).map(e => e.number);
	await until(() => numbers().length === count, 'all entries', 20);
	assert.deepEqual(numbers(), [...numbers()].sort((a, b) => a - b));
});

test('one event that is too large for its subscriber is given up alone', async () => {
	const large = randomUUID(), small = randomUUID();
	meddle('inventory', `WITH c AS (UPDATE outbox_counter SET number = number + 2 RETURNING number - 2 AS n)
		INSERT INTO outbox (number, id, type, subject, actor, request_id, data)
		SELECT c.n + i, gen_random_uuid(), 'stock.low', s::uuid, 'guest', '', jsonb_build_object('filler', repeat('x', size))
		FROM c, (VALUES (1, '${large}', 300000), (2, '${small}', 1)) AS v (i, s, size)`);
	await until(() => sql('audit', `SELECT 1 FROM entry WHERE entity = '${small}'`).length === 1, 'the small one');
	const [row] = await until(() => { const rows = sql('inventory', `SELECT tries, error FROM outbox_parked
		WHERE subject = '${large}' AND subscriber = 'audit'`); return rows.length > 0 && rows; }, 'the large one to be parked');
	assert.match(row.error, /^413/);
	meddle('inventory', `DELETE FROM outbox_parked WHERE subject = '${large}'`);
});

test('flags: wrong ones are refused, a second run keeps away', async () => {
	for (const options of [['--nonsense'], ['--limit', 'x'], ['--limit', '-1'], ['--for', '5x'], ['more']])
		assert.equal(job(...options).status, 2, options.join(' '));
	const help = job('--help');
	assert.equal(help.status, 0);
	assert.match(help.stdout, /^zoco-job-deliver_events: carries/);
	const second = await until(() => { const run = job(); return run.status === 75 && run; }, 'a locked run', 20);
	assert.match(second.stderr, /another deliver_events runs/);
});
