// Accounts: what anybody can do with an address, a password and a link, and
// what nobody learns by trying.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, customer, mails, owner, sql, staff, until, url } from './client.mjs';

const PASSWORD = 'a quiet harbour 7';
const address = () => `ana-${randomUUID()}@example.com`;

// The token of the newest link of that kind in somebody's mail.
async function link(email, kind, count = 1) {
	const list = await until(async () => {
		const found = (await mails(email)).filter(m => m.text.includes(`/${kind}?token=`));
		return found.length >= count && found;
	}, `a mail with a link to ${kind}`, 20);
	return list[0].text.match(/token=([\w-]+)/)[1];
}

async function register(email = address()) {
	const { status } = await new Client().api('POST', '/auth/register', { email, password: PASSWORD, name: 'Ana' });
	assert.equal(status, 202);
	return email;
}

const refused = async (answer, status, type) => {
	const { status: got, body } = await answer;
	assert.deepEqual([got, body?.type], [status, `/problems/${type}`]);
};

test('an account: registered, confirmed, changed, left', async () => {
	const email = await register(), visitor = new Client();
	const token = await link(email, 'verify');
	assert.equal((await visitor.api('POST', '/auth/verify-email', { token })).status, 204);
	await refused(visitor.api('POST', '/auth/verify-email', { token }), 422, 'token-invalid');
	const client = await new Client().signIn(email, PASSWORD);
	const { body: me } = await client.api('GET', '/auth/me');
	assert.deepEqual([me.email, me.name, me.roles, me.is_verified], [email, 'Ana', 'customer', true]);
	assert.equal((await client.api('PATCH', '/auth/me', { name: 'Ana María', language: 'en' })).body.name, 'Ana María');
	assert.equal((await client.api('PATCH', '/auth/me', { language: 'fr' })).status, 422);
	assert.equal((await client.api('POST', '/auth/logout', undefined)).status, 204);
	await refused(client.api('GET', '/auth/me'), 401, 'not-signed-in');
});

test('the cookie: for programs only, of this site, new at each sign-in', async () => {
	const email = await register(), seen = new Set();
	const client = new Client();
	for (let i = 0; i < 3; i++) {
		const answer = await client.api('POST', '/auth/login', { email, password: PASSWORD });
		const cookie = answer.headers.getSetCookie().find(c => c.includes('zoco_session'));
		assert.match(cookie, /HttpOnly; SameSite=Lax/);
		assert.match(cookie, /Path=\//);
		seen.add(cookie.split(';')[0]);
	}
	assert.equal(seen.size, 3);
	const kept = sql('auth', `SELECT token_hash, ended_at FROM session s JOIN account a ON a.id = s.account_id WHERE a.email = '${email}'`);
	assert.equal(kept.filter(s => s.ended_at === null).length, 1, 'the ones before it have ended');
	assert.ok(kept.every(s => /^[0-9a-f]{64}$/.test(s.token_hash)), 'hashes only');
	// A cookie that somebody planted is not taken over.
	const planted = new Client();
	planted.cookies.set([...seen][0].split('=')[0], 'x'.repeat(43));
	await planted.signIn(email, PASSWORD);
	assert.ok(![...planted.cookies.values()].includes('x'.repeat(43)));
});

test('a wrong password and an unknown address are the same', async () => {
	const email = await register();
	const answers = [];
	for (const [who, password] of [[email, 'wrong-password'], [address(), 'wrong-password'], [email.toUpperCase(), `${PASSWORD} `]]) {
		const answer = await new Client().api('POST', '/auth/login', { email: who, password });
		delete answer.body.instance;
		answers.push([answer.status, answer.body]);
	}
	assert.equal(answers[0][0], 401);
	assert.deepEqual(answers[1], answers[0]);
	assert.deepEqual(answers[2], answers[0]);
	await new Client().signIn(email.toUpperCase(), PASSWORD);
});

test('registering and forgetting tell nothing of who is known; the mail does', async () => {
	const known = await register(), unknown = address();
	await until(async () => (await mails(known)).length === 1, 'the first mail');
	const again = await new Client().api('POST', '/auth/register', { email: known, password: PASSWORD, name: 'Eve' });
	const fresh = await new Client().api('POST', '/auth/register', { email: unknown, password: PASSWORD, name: 'Eve' });
	assert.deepEqual([again.status, again.body], [fresh.status, fresh.body]);
	await until(async () => (await mails(known)).length === 2, 'the second mail');
	assert.equal(sql('auth', `SELECT name FROM account WHERE email = '${known}'`)[0].name, 'Ana');
	const forgot = await Promise.all([known, address()].map(email => new Client().api('POST', '/auth/password/forgot', { email })));
	assert.deepEqual([forgot[0].status, forgot[0].body], [forgot[1].status, forgot[1].body]);
});

test('forgotten: a link works once, ends all sessions, and the old password is gone', async () => {
	const email = await register(), before = await new Client().signIn(email, PASSWORD);
	assert.equal((await new Client().api('POST', '/auth/password/forgot', { email })).status, 202);
	const token = await link(email, 'reset'), visitor = new Client();
	const password = 'another harbour 8';
	assert.equal((await visitor.api('POST', '/auth/password/reset', { token, password: 'short' })).status, 422);
	const answers = await Promise.all(Array.from({ length: 5 }, () => visitor.api('POST', '/auth/password/reset', { token, password })));
	assert.deepEqual(answers.map(a => a.status).sort(), [204, 422, 422, 422, 422]);
	assert.equal((await before.api('GET', '/auth/me')).status, 401);
	await refused(visitor.api('POST', '/auth/login', { email, password: PASSWORD }), 401, 'wrong-credentials');
	await new Client().signIn(email, password);
	await until(async () => (await mails(email)).length >= 3, 'the notice');
});

test('a new password needs the old one, and ends the other sessions', async () => {
	const email = await register(), client = await new Client().signIn(email, PASSWORD), other = await new Client().signIn(email, PASSWORD);
	const change = (current_password, new_password) => client.api('POST', '/auth/password/change', { current_password, new_password });
	await refused(change('wrong', 'another harbour 8'), 401, 'wrong-credentials');
	for (const weak of ['1234567', '12345678', 'PASSWORD', 'x'.repeat(1001)])
		assert.equal((await change(PASSWORD, weak)).status, 422, weak.slice(0, 20));
	assert.equal((await change(PASSWORD, 'another harbour 8')).status, 204);
	assert.equal((await client.api('GET', '/auth/me')).status, 200);
	assert.equal((await other.api('GET', '/auth/me')).status, 401);
});

test('passwords: long ones count to their end; any character; no rules of composition', async () => {
	for (const password of ['ñandú 漢字 😀 harbour', 'abcdefghijklmnopqrst', 'un mar de '.repeat(8) + 'y']) {
		const email = address();
		assert.equal((await new Client().api('POST', '/auth/register', { email, password, name: 'A' })).status, 202);
		await new Client().signIn(email, password);
		await refused(new Client().api('POST', '/auth/login', { email, password: `${password.slice(0, -1)}z` }), 401, 'wrong-credentials');
	}
});

test('sessions: listed, ended one by one; nobody ends another\'s', async () => {
	const email = await register(), one = await new Client().signIn(email, PASSWORD), two = await new Client().signIn(email, PASSWORD);
	const { body } = await one.api('GET', '/auth/sessions');
	assert.equal(body.items.length, 2);
	const second = body.items.find(s => !s.is_this);
	await refused((await customer()).api('DELETE', `/auth/sessions/${second.id}`), 404, 'not-found');
	assert.equal((await two.api('GET', '/auth/me')).status, 200);
	assert.equal((await one.api('DELETE', `/auth/sessions/${second.id}`)).status, 204);
	await refused(two.api('GET', '/auth/me'), 401, 'not-signed-in');
	await refused(two.api('GET', '/orders'), 401, 'not-signed-in');
});

test('who may do what: nobody, a customer, staff, the owner', async () => {
	const tried = async client => (await Promise.all(['/orders', '/payments', '/audit/entries', '/system/settings']
		.map(path => client.api('GET', path)))).map(a => a.status);
	assert.deepEqual(await tried(new Client()), [401, 401, 401, 401]);
	assert.deepEqual(await tried(await customer()), [200, 403, 403, 403]);
	assert.deepEqual(await tried(await staff()), [200, 200, 403, 403]);
	assert.deepEqual(await tried(await owner()), [200, 200, 200, 200]);
});

test('pages: a form signs in, goes only to pages of this shop, and out again', async () => {
	const email = await register();
	for (const [next, where] of [['/es/cart', '/es/cart'], ['https://evil.example/', '/es/account'], ['//evil.example', '/es/account'],
		['/\\evil.example', '/es/account']]) {
		const answer = await new Client().form('/es/login', { email, password: PASSWORD, next });
		assert.equal(answer.status, 303);
		assert.equal(answer.headers.get('location').replace(url, ''), where, next);
	}
	const client = new Client();
	const wrong = await client.form('/en/login', { email, password: 'wrong-password' });
	assert.equal(wrong.status, 401);
	const text = await wrong.text();
	assert.match(text, /role="alert"/);
	assert.doesNotMatch(text, /wrong-password/, 'a password is never shown again');
	await client.form('/es/login', { email, password: PASSWORD });
	assert.equal((await client.fetch('/es/account')).status, 200);
	assert.equal((await client.form('/es/logout', {})).status, 303);
	assert.notEqual((await client.fetch('/es/account')).status, 200);
});
