// Second factors: set up with an app, asked at each login, each code once; and
// what staff may do before they have one.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import test, { after } from 'node:test';
import { promisify } from 'node:util';
import { authenticator } from 'otplib';
import { set } from '../chaos/shop.mjs';
import { Client, mails, owner, sql, until } from './client.mjs';
import { Passkey } from './passkey.mjs';
import { codeBySms, hasSpec, provePhone, twilio } from './twilio.mjs';

const PASSWORD = 'a quiet harbour 7';
const meddle = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST,
	'-U', 'zoco_auth_owner', '-d', 'zoco_auth', '-c', text]);

async function register() {
	const email = `ana-${randomUUID()}@example.com`;
	assert.equal((await new Client().api('POST', '/auth/register', { email, password: PASSWORD, name: 'Ana' })).status, 202);
	return email;
}
const refused = async (answer, status, type) => {
	const { status: got, body } = await answer;
	assert.deepEqual([got, body?.type], [status, `/problems/${type}`]);
};
const idOf = email => sql('auth', `SELECT id FROM account WHERE email = '${email}'`)[0].id;
// Time goes on: the app's next code is another.
const forgetStep = email => meddle(`UPDATE factor SET last_step = 0 WHERE account_id = '${idOf(email)}'`);

// An account with an app: { email, code(), codes: recovery }.
async function enrolled(email = undefined, password = PASSWORD) {
	email ??= await register();
	const client = await new Client().signIn(email, password);
	const { status, body } = await client.api('POST', '/auth/mfa/totp');
	assert.equal(status, 201, JSON.stringify(body));
	assert.match(decodeURIComponent(body.qr), /^data:image\/svg\+xml,<svg .*<\/svg>$/);
	assert.equal(new URL(body.uri).searchParams.get('secret'), body.secret);
	const code = () => authenticator.generate(body.secret);
	await refused(client.api('POST', '/auth/mfa/totp/confirm', { code: '000000' }), 422, 'invalid');
	const confirmed = await client.api('POST', '/auth/mfa/totp/confirm', { code: code() });
	assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
	assert.equal(new Set(confirmed.body.recovery_codes).size, 10);
	forgetStep(email);
	return { email, client, code, codes: confirmed.body.recovery_codes, secret: body.secret };
}

// The rows of all programs' tables.
async function routes() {
	const programs = readdirSync(`${process.env.ZOCO_DIR}/bin`).filter(name => /^zoco-(?!admin|migrate|job-)/.test(name));
	const texts = await Promise.all(programs.map(name => promisify(execFile)(`${process.env.ZOCO_DIR}/bin/${name}`, ['--routes'])));
	const rows = texts.flatMap(({ stdout }) => stdout.trim().split('\n')).map(line => JSON.parse(line));
	assert.ok(rows.length > 250, `${rows.length} routes`);
	return rows.map(row => ({ ...row, at: row.path.replaceAll(/\{[^}]+\}/g, randomUUID()), name: `${row.method} ${row.path}` }));
}
async function each(rows, check) {
	for (let i = 0; i < rows.length; i += 12)
		await Promise.all(rows.slice(i, i + 12).map(check));
}
const call = (client, { kind, method, at }) => kind === 'api' ?
	client.api(method, at, method === 'GET' || method === 'DELETE' ? undefined : {}, { 'idempotency-key': randomUUID() }) :
	method === 'GET' ? client.fetch(`/es${at}`) : client.form(`/es${at}`, {});

async function half(email, password = PASSWORD) {
	const client = new Client();
	const { status, body } = await client.api('POST', '/auth/login', { email, password });
	assert.deepEqual([status, body.user, body.mfa_required], [200, null, true]);
	return client;
}
const verify = (client, code, more = {}) => client.api('POST', '/auth/mfa/verify', { method: 'totp', code, ...more });

test('an app is set up; from then on a password is half a login', async () => {
	const { email, code } = await enrolled(), client = await half(email);
	await refused(client.api('GET', '/auth/me'), 401, 'not-signed-in');
	await refused(client.api('GET', '/orders'), 401, 'not-signed-in');
	await refused(verify(client, '000000'), 401, 'wrong-code');
	const { status, body } = await verify(client, code());
	assert.deepEqual([status, body.email], [200, email]);
	assert.equal((await client.api('GET', '/orders')).status, 200);
	assert.deepEqual((await client.api('GET', '/auth/mfa')).body, { kinds: ['totp', 'recovery'], is_set_up: true });
	await until(async () => (await mails(email)).some(m => /segundo paso|second step/i.test(m.subject)), 'the notice', 20);
	const kept = sql('auth', `SELECT secret FROM factor WHERE account_id = '${idOf(email)}'`)[0].secret;
	assert.ok(kept.length > 60 && !/^[A-Z2-7]{32}$/.test(kept), 'sealed');
});

test('a code works once, also when it comes ten times at once, from ten browsers', async () => {
	const { email, code } = await enrolled(), now = code();
	const clients = await Promise.all(Array.from({ length: 10 }, () => half(email)));
	const answers = await Promise.all(clients.map(client => verify(client, now)));
	assert.deepEqual(answers.map(a => a.status).sort(), [200, ...Array(9).fill(401)]);
	await refused(verify(await half(email), now), 401, 'wrong-code');
});

test('who was in with a password before the app was set up, is out', async () => {
	const email = await register(), thief = await new Client().signIn(email, PASSWORD);
	const { client } = await enrolled(email);
	await refused(thief.api('GET', '/auth/me'), 401, 'not-signed-in');
	const { items } = (await client.api('GET', '/auth/sessions')).body;
	assert.deepEqual(items.map(s => s.factor), ['totp']);
});

test('five tries end a challenge, also at once; the right code comes too late', async () => {
	const { email, code } = await enrolled(), client = await half(email);
	const answers = await Promise.all(Array.from({ length: 12 }, () => verify(client, '000000')));
	assert.equal(answers.filter(a => a.body.type === '/problems/wrong-code').length, 5);
	assert.equal(answers.filter(a => a.body.type === '/problems/not-signed-in').length, 7);
	await refused(verify(client, code()), 401, 'not-signed-in');
	const entries = await until(() => {
		const rows = sql('audit', `SELECT d.detail FROM entry e JOIN entry_detail d USING (sequence)
			WHERE e.action = 'user.sign-in-failed' AND e.entity = '${idOf(email)}'`);
		return rows.length >= 5 && rows;
	}, 'the audit', 20);
	assert.equal(entries.length, 5);
});

test('a challenge is its browser\'s, and lasts ten minutes', async () => {
	const { email, code } = await enrolled(), client = await half(email);
	await refused(verify(new Client(), code()), 401, 'not-signed-in');
	meddle(`UPDATE challenge SET expires_at = now() - interval '1 second' WHERE account_id = '${idOf(email)}'`);
	await refused(verify(client, code()), 401, 'not-signed-in');
});

test('recovery codes: each once; new ones void the old', async () => {
	const { email, codes, client } = await enrolled();
	const [one, two] = codes;
	assert.equal((await verify(await half(email), `${one.toUpperCase()} `, { method: 'recovery' })).status, 200);
	await refused(verify(await half(email), one, { method: 'recovery' }), 401, 'wrong-code');
	const fresh = await client.api('POST', '/auth/mfa/recovery-codes');
	assert.equal(fresh.status, 201);
	await refused(verify(await half(email), two, { method: 'recovery' }), 401, 'wrong-code');
	assert.equal((await verify(await half(email), fresh.body.recovery_codes[3], { method: 'recovery' })).status, 200);
});

test('codes by mail, to a confirmed address; three mails at most', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD);
	await refused(client.api('POST', '/auth/mfa/email'), 409, 'conflict');
	meddle(`UPDATE account SET verified_at = now() WHERE email = '${email}'`);
	assert.equal((await client.api('POST', '/auth/mfa/email')).status, 204);
	const other = await half(email);
	await refused(verify(other, '123456', { method: 'email' }), 401, 'wrong-code');
	assert.equal((await other.api('POST', '/auth/mfa/challenge', {})).status, 204);
	const mail = await until(async () => (await mails(email)).find(m => /\d{6}/.test(m.subject)), 'the code', 20);
	const [code] = mail.subject.match(/\d{6}/);
	await refused(verify(await half(email), code, { method: 'email' }), 401, 'wrong-code');
	assert.equal((await verify(other, code, { method: 'email' })).status, 200);
	await refused(verify(other, code, { method: 'email' }), 401, 'not-signed-in');
	const third = await half(email);
	for (const status of [204, 204, 204, 429])
		assert.equal((await third.api('POST', '/auth/mfa/challenge', {})).status, status);
	await refused(new Client().api('POST', '/auth/mfa/challenge', {}), 401, 'not-signed-in');
});

test('codes by SMS: to a number that was proven, at once, for that login; the mask, the mails, the end', async t => {
	const double = await twilio();
	t.after(() => double.close());
	t.diagnostic(hasSpec ? 'Twilio\'s specification is met' : 'skipped: Twilio\'s specification is not at hand');
	const email = await register(), client = await new Client().signIn(email, PASSWORD), phone = '+34600555777';
	await refused(client.api('POST', '/auth/mfa/sms'), 409, 'conflict');
	for (const bad of ['600555777', '+0600555777', '+34 600', '+346005557771234567', '+34600x'])
		assert.equal((await client.api('POST', '/auth/me/phone', { phone: bad })).body.errors[0].field, 'phone', bad);

	// Five tries at a code; the right one comes too late. A new code is another.
	assert.equal((await client.api('POST', '/auth/me/phone', { phone })).status, 202);
	const late = await codeBySms(phone), wrong = late === '000000' ? '111111' : '000000';
	const stranger = await new Client().signIn(email, PASSWORD);
	await refused(stranger.api('POST', '/auth/me/phone/confirm', { code: late }), 422, 'invalid');
	for (let i = 0; i < 4; i++)
		await refused(client.api('POST', '/auth/me/phone/confirm', { code: wrong }), 422, 'invalid');
	await refused(client.api('POST', '/auth/me/phone/confirm', { code: late }), 422, 'invalid');
	assert.deepEqual(sql('auth', `SELECT phone FROM account WHERE email = '${email}'`), [{ phone: '' }]);
	await provePhone(client, phone, { at_login: true });
	await refused(stranger.api('GET', '/auth/me'), 401, 'not-signed-in');
	assert.equal((await client.api('DELETE', '/auth/mfa/sms')).status, 204);
	assert.equal((await client.api('POST', '/auth/mfa/sms')).status, 204);
	assert.deepEqual((await client.api('GET', '/auth/mfa')).body.kinds, ['sms']);
	const page = await (await client.fetch('/en/account/security')).text();
	assert.ok(page.includes('ends in 777') && !page.includes('600555'));

	// At login, when it is asked for, and past everything that is in the queue.
	await until(() => { assert.deepEqual(double.faults, []); return double.seen.length === 2; }, 'the two before it', 30);
	const other = await half(email), before = double.seen.length, asked = Date.now();
	await refused(other.api('POST', '/auth/mfa/challenge', { method: 'email' }), 404, 'not-found');
	assert.equal((await other.api('POST', '/auth/mfa/challenge', { method: 'sms' })).status, 204);
	const sms = await until(() => { assert.deepEqual(double.faults, []); return double.seen[before]; }, 'the SMS', 30);
	t.diagnostic(`it came after ${sms.at - asked} ms`);
	assert.equal(sms.To, phone);
	const code = sms.Body.match(/\d{6}/)[0];
	assert.match(sms.Body, new RegExp(`@\\S+ #${code}\\s*$`), 'browsers may fill it in');
	await refused(verify(await half(email), code, { method: 'sms' }), 401, 'wrong-code');
	await refused(verify(other, code, { method: 'email' }), 401, 'wrong-code');
	assert.equal((await verify(other, code, { method: 'sms' })).status, 200);
	await refused(verify(other, code, { method: 'sms' }), 401, 'not-signed-in');
	assert.deepEqual((await other.api('GET', '/auth/sessions')).body.items.find(s => s.is_this).factor, 'sms');

	// By forms alone.
	const visitor = new Client();
	await visitor.form('/en/login', { email, password: PASSWORD, next: '/en/cart' });
	assert.match(await (await visitor.fetch('/en/login/code')).text(), /ends in 777/);
	const sent = await visitor.form('/en/login/code/send', { method: 'sms', next: '/en/cart' });
	assert.match(sent.headers.get('location'), /\/en\/login\/code\?sent=sms&next=%2Fen%2Fcart$/);
	assert.match(await (await visitor.fetch('/en/login/code?sent=sms')).text(), /role="status">The code is on its way/);

	assert.equal((await other.api('DELETE', '/auth/me/phone')).status, 204);
	assert.equal((await new Client().api('POST', '/auth/login', { email, password: PASSWORD })).body.mfa_required, false);
	await refused(other.api('DELETE', '/auth/me/phone'), 404, 'not-found');
	await until(async () => (await other.api('GET', '/notifications/preferences')).body.phone === '', 'notifications to forget it', 30);
	const told = await until(async () => { const m = await mails(email); return m.length >= 5 && m.map(x => x.subject).join('\n'); }, 'the mails', 30);
	for (const word of [/m\u00f3vil est\u00e1 confirmado|phone is confirmed/, /activado un segundo|set up a second/, /quitado un segundo|removed a second/, /quitado tu tel|phone was removed/])
		assert.match(told, word);
});

test('staff who read messages read no codes', async () => {
	const boss = await owner(), { body } = await boss.api('GET', '/notifications/deliveries?limit=100');
	const codes = body.items.filter(m => /^user_(sms_)?code_asked$/.test(m.kind));
	assert.ok(codes.length > 2 && codes.some(m => m.channel === 'mail') && codes.some(m => m.channel === 'sms'));
	assert.deepEqual(codes.filter(m => /\d{6}/.test(m.subject)), []);
	assert.equal((await boss.api('GET', `/notifications/deliveries/${codes[0].id}`)).body.text, '');
});

// Registers a passkey with a client; the answer.
async function register_passkey(client, passkey, name = 'Mine') {
	const { status, body: options } = await client.api('POST', '/auth/passkeys/options', {});
	assert.equal(status, 200, JSON.stringify(options));
	return client.api('POST', '/auth/passkeys', { name, ...passkey.create(options) });
}
const asked = async (client, path = '/auth/mfa/passkey') => (await client.api('POST', `${path}/options`, {})).body;
const show = (client, answer, more = {}, path = '/auth/mfa/passkey') => client.api('POST', path, { ...answer, ...more });

test('a passkey: registered with its recovery codes, shown at login, listed, told, removed', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD), passkey = new Passkey();
	const stranger = await new Client().signIn(email, PASSWORD);
	const made = await register_passkey(client, passkey, 'Blue key');
	assert.deepEqual([made.status, made.body.recovery_codes.length], [201, 10]);
	await refused(stranger.api('GET', '/auth/me'), 401, 'not-signed-in');
	assert.deepEqual((await client.api('GET', '/auth/mfa')).body, { kinds: ['recovery', 'passkey'], is_set_up: true });
	const login = await half(email), options = await asked(login);
	assert.deepEqual(options.credentials, [{ id: passkey.id.toString('base64url'), transports: 'internal' }]);
	assert.equal((await show(login, passkey.get(options), { remember_device: true })).body.email, email);
	assert.equal((await login.api('GET', '/orders')).status, 200);
	const [listed] = (await login.api('GET', '/auth/passkeys')).body.items;
	assert.equal(listed.name, 'Blue key');
	assert.ok(listed.used_at >= listed.created_at);
	assert.ok((await (await login.fetch('/en/account/security')).text()).includes('Blue key'));
	assert.equal((await login.api('POST', '/auth/login', { email, password: PASSWORD })).body.mfa_required, false, 'remembered');
	await refused(login.api('DELETE', `/auth/passkeys/${listed.id}`), 403, 'step-up-required');
	await refused((await new Client().signIn('customer@zoco.example', 'demo-customer-2026')).api('DELETE', `/auth/passkeys/${listed.id}`), 404, 'not-found');
	assert.equal((await client.api('DELETE', `/auth/passkeys/${listed.id}`)).status, 204);
	assert.deepEqual((await client.api('GET', '/auth/mfa')).body, { kinds: [], is_set_up: false });
	await until(async () => (await mails(email)).filter(m => /segundo paso|second step/i.test(m.subject)).length === 2, 'two notices', 30);
});

test('an answer of a passkey counts once, for its login, of its site, with a count that grows', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD), passkey = new Passkey();
	await register_passkey(client, passkey);
	await refused(new Client().api('POST', '/auth/mfa/passkey/options', {}), 401, 'not-signed-in');
	const tries = async (change, more = {}) => {
		const login = await half(email), options = await asked(login);
		const twin = Object.assign(Object.create(Object.getPrototypeOf(passkey)), passkey, change);
		const answer = show(login, { ...twin.get(options, more.type), ...more.answer });
		passkey.count = Math.max(passkey.count, twin.count);
		return refused(answer, 401, 'wrong-code');
	};
	passkey.count = 40;
	const first = await half(email);
	assert.equal((await show(first, passkey.get(await asked(first)))).status, 200);
	await tries({ origin: 'https://evil.example' });
	await tries({ rp: 'evil.example' });
	await tries({ flags: 4 });
	await tries({ flags: 1 });		// it could ask for a finger when it was registered
	await tries({}, { type: 'webauthn.create' });
	await tries({}, { answer: { signature: Buffer.alloc(70, 1).toString('base64url') } });
	await tries({}, { answer: { credential: 'AAAA' } });
	await tries({}, { answer: { client_data: 'e30' } });
	await tries({ privateKey: new Passkey().privateKey });
	await tries({ count: 40 });		// a copy, which has signed as often
	await tries({ count: 7 });

	// Another login's challenge; one that was used, for good or not; ten at once.
	const one = await half(email), two = await half(email);
	await refused(show(two, passkey.get(await asked(one))), 401, 'wrong-code');
	const login = await half(email), answer = passkey.get(await asked(login));
	const answers = await Promise.all(Array.from({ length: 4 }, () => show(login, answer)));
	assert.deepEqual(answers.map(a => a.status).sort(), [200, 401, 401, 401]);
	const again = await half(email);
	await refused(show(again, answer), 401, 'wrong-code');
	const spoilt = await asked(again);
	await refused(show(again, { ...passkey.get(spoilt), signature: 'AAAA' }), 401, 'wrong-code');
	await refused(show(again, passkey.get(spoilt)), 401, 'wrong-code');
	assert.equal((await show(again, passkey.get(await asked(again)))).status, 200);
});

test('passkeys: ten at most, each of one account; challenges of one session; step-up by one', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD), passkey = new Passkey();
	const other = await new Client().signIn(await register(), PASSWORD);
	await register_passkey(client, passkey);
	await refused(register_passkey(other, passkey), 409, 'already-exists');
	const { body: options } = await client.api('POST', '/auth/passkeys/options', {});
	assert.equal(options.credentials.length, 1);
	await refused(other.api('POST', '/auth/passkeys', { name: 'x', ...new Passkey().create(options) }), 401, 'wrong-code');
	const many = await Promise.all(Array.from({ length: 12 }, () => register_passkey(client, new Passkey())));
	assert.equal(many.filter(a => a.status === 201).length, 9);
	assert.ok(many.filter(a => a.status !== 201).every(a => a.body.type === '/problems/conflict'));

	meddle(`UPDATE session SET fresh_until = now() - interval '1 second' WHERE account_id = '${idOf(email)}'`);
	execFileSync('redis-cli', ['-s', process.env.ZOCO_REDIS, 'FLUSHALL']);
	await refused(client.api('POST', '/auth/passkeys/options', {}), 403, 'step-up-required');
	await refused(client.api('POST', '/auth/step-up', { method: 'password', code: PASSWORD }), 401, 'wrong-code');
	const ask = () => asked(client, '/auth/step-up/passkey');
	await refused(show(client, passkey.get(await asked(await half(email))), {}, '/auth/step-up/passkey'), 401, 'wrong-code');
	await refused(show(client, new Passkey().get(await ask()), {}, '/auth/step-up/passkey'), 401, 'wrong-code');
	assert.equal((await show(client, passkey.get(await ask()), {}, '/auth/step-up/passkey')).status, 204);
	assert.equal((await client.api('POST', '/auth/passkeys/options', {})).status, 200);
	await refused(other.api('POST', '/auth/step-up/passkey/options', {}), 404, 'not-found');
});

test('a remembered device is asked for its password only; a stranger for both', async () => {
	const { email, code } = await enrolled(), client = await half(email);
	assert.equal((await verify(client, code(), { remember_device: true })).status, 200);
	const again = await client.api('POST', '/auth/login', { email, password: PASSWORD });
	assert.equal(again.body.mfa_required, false);
	await half(email);
	await refused(client.api('DELETE', '/auth/mfa/totp'), 403, 'step-up-required');
});

test('what is delicate asks again: step-up, by a factor where there is one', async () => {
	const { email, code, client } = await enrolled();
	meddle(`UPDATE session SET fresh_until = now() - interval '1 second'`);
	const old = [...client.cookies.values()].join();
	await client.api('PATCH', '/auth/me', { name: 'Ana' });
	await until(async () => (await client.api('POST', '/auth/mfa/recovery-codes')).status === 403, 'the session to be stale', 70);
	await refused(client.api('POST', '/auth/step-up', { method: 'password', code: PASSWORD }), 401, 'wrong-code');
	forgetStep(email);
	assert.equal((await client.api('POST', '/auth/step-up', { method: 'totp', code: code() })).status, 204);
	assert.notEqual([...client.cookies.values()].join(), old, 'another token');
	assert.equal((await client.api('DELETE', '/auth/mfa/totp')).status, 204);
	assert.equal((await new Client().api('POST', '/auth/login', { email, password: PASSWORD })).body.mfa_required, false);
	assert.deepEqual(sql('auth', `SELECT 1 FROM recovery_code WHERE account_id = '${idOf(email)}'`), []);
});

test('what is delicate, of every program: not without a proof of the last ten minutes', async () => {
	const client = await owner(), all = (await routes()).filter(({ kind }) => kind === 'api' || kind === 'page');
	const delicate = ({ method, path, needs }) => /refunds|export|\.csv|data(\.json)?$/.test(path) || (method !== 'GET' && (
		/^auth\.(role|user|api_key)\./.test(needs) || /password\/change|security\/password|me\/(email|phone$|close)|account\/close|security\/(?!.*confirm)|mfa\/(totp|email|sms|recovery-codes|\{method\})$|auth\/passkeys|auth\/sessions/.test(path)));
	for (const route of all.filter(delicate))
		assert.ok(route.fresh, route.name);
	meddle(`UPDATE session SET fresh_until = now() - interval '1 second' WHERE account_id = '${idOf('owner@zoco.example')}'`);
	execFileSync('redis-cli', ['-s', process.env.ZOCO_REDIS, 'FLUSHALL']);
	const fresh = all.filter(route => route.fresh);
	assert.ok(fresh.length > 50, `${fresh.length} routes`);
	await each(fresh, async route => {
		if (route.kind === 'api')
			return refused(call(client, route), 403, 'step-up-required');
		assert.match((await call(client, route)).headers.get('location') ?? route.name, /\/es\/step-up\?next=/, route.name);
	});
});

test('staff do nothing without an app; with it, everything that they may', async () => {
	after(() => set('zoco-auth', 'staff_mfa=off'));
	await set('zoco-auth', 'staff_mfa=on');
	const plain = await owner();
	await refused(plain.api('GET', '/audit/entries'), 403, 'forbidden');
	assert.equal((await plain.api('GET', '/auth/me')).status, 200);
	await each((await routes()).filter(({ kind, needs }) => /^[a-z]+\.[a-z_]+\.[a-z]+$/.test(needs) && kind !== 'fragment'), async route => {
		const { status, body } = await call(plain, route);
		assert.equal(status, 403, route.name);
		assert.ok(route.kind !== 'api' || body.type === '/problems/forbidden', route.name);
	});
	const { client, code, email } = await enrolled('staff@zoco.example', 'demo-staff-2026');
	assert.equal((await client.api('GET', '/payments')).status, 200, 'at once');
	const again = await half(email, 'demo-staff-2026');
	assert.equal((await verify(again, code(), { remember_device: true })).status, 200);
	assert.equal((await again.api('GET', '/payments')).status, 200);
	// A code by mail lets staff in, and to nothing of theirs.
	assert.equal((await again.api('POST', '/auth/mfa/email')).status, 204);
	forgetStep(email);
	const byMail = await half(email, 'demo-staff-2026');
	assert.equal((await byMail.api('POST', '/auth/mfa/challenge', {})).status, 204);
	const mail = await until(async () => (await mails(email)).find(m => /\d{6}/.test(m.subject)), 'the code', 20);
	assert.equal((await verify(byMail, mail.subject.match(/\d{6}/)[0], { method: 'email' })).status, 200);
	await refused(byMail.api('GET', '/payments'), 403, 'forbidden');
	assert.equal((await again.api('POST', '/auth/login', { email, password: 'demo-staff-2026' })).body.mfa_required, true, 'staff are asked each time');
	meddle('DELETE FROM factor; DELETE FROM recovery_code');
	// A passkey does as well as an app.
	const passkey = new Passkey(), keyed = await new Client().signIn(email, 'demo-staff-2026');
	await refused(keyed.api('GET', '/payments'), 403, 'forbidden');
	assert.equal((await register_passkey(keyed, passkey)).status, 201);
	assert.equal((await keyed.api('GET', '/payments')).status, 200);
	const login = await half(email, 'demo-staff-2026');
	assert.equal((await show(login, passkey.get(await asked(login)))).status, 200);
	assert.equal((await login.api('GET', '/payments')).status, 200);
	meddle('DELETE FROM passkey; DELETE FROM recovery_code');
});

test('pages: set up, signed in with, by forms alone', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD);
	const page = await (await client.fetch('/en/account/security')).text();
	assert.match(page, /Code app/);
	assert.match((await client.form('/en/account/security/totp', {})).headers.get('location'), /\/account\/security\/totp$/);
	const enrol = await (await client.fetch('/en/account/security/totp')).text();
	assert.match(enrol, /src="data:image\/svg\+xml,/);
	const secret = enrol.match(/<code>([A-Z2-7]{32})<\/code>/)[1];
	assert.match(enrol, /autocomplete="one-time-code"/);
	const wrong = await client.form('/en/account/security/totp/confirm', { code: '000000' });
	assert.equal(wrong.status, 422);
	assert.ok((await wrong.text()).includes(secret), 'the drawing stays');
	const codes = await (await client.form('/en/account/security/totp/confirm', { code: authenticator.generate(secret) })).text();
	assert.equal(codes.match(/<li><code>/g).length, 10);
	forgetStep(email);
	const other = new Client();
	let answer = await other.form('/en/login', { email, password: PASSWORD, next: '/en/cart' });
	assert.match(answer.headers.get('location'), /\/en\/login\/code\?next=%2Fen%2Fcart$/);
	const form = await (await other.fetch('/en/login/code?next=%2Fen%2Fcart')).text();
	assert.match(form, /name="next" value="\/en\/cart"/);
	answer = await other.form('/en/login/code', { method: 'totp', code: '111111', next: '/en/cart' });
	assert.equal(answer.status, 401);
	assert.match(await answer.text(), /role="alert"/);
	answer = await other.form('/en/login/code', { method: 'totp', code: authenticator.generate(secret), next: '/en/cart' });
	assert.match(answer.headers.get('location'), /\/en\/cart$/);
	assert.equal((await other.fetch('/en/account/security')).status, 200);
	assert.equal((await new Client().fetch('/en/login/code')).status, 303);
});
