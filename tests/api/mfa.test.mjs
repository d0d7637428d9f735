// Second factors: set up with an app, asked at each login, each code once; and
// what staff may do before they have one.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { authenticator } from 'otplib';
import { set } from '../chaos/shop.mjs';
import { Client, mails, owner, sql, until } from './client.mjs';

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
	assert.equal((await other.api('POST', '/auth/mfa/challenge')).status, 204);
	const mail = await until(async () => (await mails(email)).find(m => /\d{6}/.test(m.subject)), 'the code', 20);
	const [code] = mail.subject.match(/\d{6}/);
	await refused(verify(await half(email), code, { method: 'email' }), 401, 'wrong-code');
	assert.equal((await verify(other, code, { method: 'email' })).status, 200);
	await refused(verify(other, code, { method: 'email' }), 401, 'not-signed-in');
	const third = await half(email);
	for (const status of [204, 204, 204, 429])
		assert.equal((await third.api('POST', '/auth/mfa/challenge')).status, status);
	await refused(new Client().api('POST', '/auth/mfa/challenge'), 401, 'not-signed-in');
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

test('staff do nothing without an app; with it, everything that they may', async () => {
	after(() => set('zoco-auth', 'staff_mfa=off'));
	await set('zoco-auth', 'staff_mfa=on');
	const plain = await owner();
	await refused(plain.api('GET', '/audit/entries'), 403, 'forbidden');
	await refused(plain.api('GET', '/payments'), 403, 'forbidden');
	assert.equal((await plain.api('GET', '/auth/me')).status, 200);
	const { client, code, email } = await enrolled('staff@zoco.example', 'demo-staff-2026');
	assert.equal((await client.api('GET', '/payments')).status, 200, 'at once');
	const again = await half(email, 'demo-staff-2026');
	assert.equal((await verify(again, code(), { remember_device: true })).status, 200);
	assert.equal((await again.api('GET', '/payments')).status, 200);
	// A code by mail lets staff in, and to nothing of theirs.
	assert.equal((await again.api('POST', '/auth/mfa/email')).status, 204);
	forgetStep(email);
	const byMail = await half(email, 'demo-staff-2026');
	assert.equal((await byMail.api('POST', '/auth/mfa/challenge')).status, 204);
	const mail = await until(async () => (await mails(email)).find(m => /\d{6}/.test(m.subject)), 'the code', 20);
	assert.equal((await verify(byMail, mail.subject.match(/\d{6}/)[0], { method: 'email' })).status, 200);
	await refused(byMail.api('GET', '/payments'), 403, 'forbidden');
	assert.equal((await again.api('POST', '/auth/login', { email, password: 'demo-staff-2026' })).body.mfa_required, true, 'staff are asked each time');
	meddle('DELETE FROM factor; DELETE FROM recovery_code');
});

test('pages: set up, signed in with, by forms alone', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD);
	const page = await (await client.fetch('/en/account/security')).text();
	assert.match(page, /Code app/);
	const enrol = await (await client.form('/en/account/security/totp', {})).text();
	assert.match(enrol, /src="data:image\/svg\+xml,/);
	const secret = enrol.match(/<code>([A-Z2-7]{32})<\/code>/)[1];
	assert.match(enrol, /autocomplete="one-time-code"/);
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
