// What tests/asvs.md asks for and no other test shows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { authenticator } from 'otplib';
import { Client, mails, owner, sql, until } from './client.mjs';

const PASSWORD = 'a quiet harbour 7', dir = process.env.ZOCO_DIR;
const meddle = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST,
	'-U', 'zoco_auth_owner', '-d', 'zoco_auth', '-c', text]);
// Copies of sessions live for a minute: time goes on.
const forgetCopies = () => execFileSync('redis-cli', ['-s', process.env.ZOCO_REDIS, 'FLUSHALL']);

async function register(password = PASSWORD) {
	const email = `ana-${randomUUID()}@example.com`;
	assert.equal((await new Client().api('POST', '/auth/register', { email, password, name: 'Ana' })).status, 202);
	return email;
}
const idOf = email => sql('auth', `SELECT id FROM account WHERE email = '${email}'`)[0].id;

test('no account is shipped', () => {
	const folder = new URL('../../sql/auth/', import.meta.url);
	for (const file of readdirSync(folder).filter(name => name.endsWith('.sql')))
		assert.doesNotMatch(readFileSync(new URL(file, folder), 'utf8'), /INSERT INTO account\b/, file);
});

test('password fields hide what is typed, and let managers fill them', async () => {
	const client = await new Client().signIn(await register(), PASSWORD);
	let seen = 0;
	for (const page of ['login', 'register', 'reset?token=x', 'step-up', 'account/security']) {
		const text = await (await client.fetch(`/en/${page}`)).text();
		for (const [field] of text.matchAll(/<input[^>]*name="(\w*password|code)"[^>]*>/g)) {
			assert.match(field, /type="password"/, page);
			assert.match(field, /autocomplete="(current|new)-password"/, page);
			assert.doesNotMatch(field, /onpaste|readonly/, page);
			seen++;
		}
	}
	assert.ok(seen >= 6, `${seen}`);
});

test('sessions end when idle, and after their time', async () => {
	const lengths = email => sql('auth', `SELECT idle_seconds, extract(epoch FROM expires_at - created_at)::int AS all_in_all
		FROM session WHERE account_id = '${idOf(email)}' ORDER BY created_at DESC LIMIT 1`)[0];
	const email = await register();
	await new Client().signIn(email, PASSWORD);
	assert.deepEqual(lengths(email), { idle_seconds: 14 * 86400, all_in_all: 30 * 86400 });
	await owner();
	assert.deepEqual(lengths('owner@zoco.example'), { idle_seconds: 1800, all_in_all: 43200 });
	for (const change of ["seen_at = now() - interval '14 days 1 second'", "expires_at = now() - interval '1 second'"]) {
		const client = await new Client().signIn(email, PASSWORD);
		assert.equal((await client.api('GET', '/auth/me')).status, 200);
		meddle(`UPDATE session SET ${change} WHERE account_id = '${idOf(email)}'`);
		forgetCopies();
		assert.equal((await client.api('GET', '/auth/me')).status, 401, change);
	}
});

// An account with an app.
async function enrolled() {
	const email = await register(), client = await new Client().signIn(email, PASSWORD);
	const { body: { secret } } = await client.api('POST', '/auth/mfa/totp');
	const { body } = await client.api('POST', '/auth/mfa/totp/confirm', { code: authenticator.generate(secret) });
	meddle(`UPDATE factor SET last_step = 0 WHERE account_id = '${idOf(email)}'`);
	return { email, client, secret, codes: body.recovery_codes };
}

test('a forgotten password is reset, and the second factor stays', async () => {
	const { email, codes } = await enrolled(), password = 'another harbour 8';
	await new Client().api('POST', '/auth/password/forgot', { email });
	const mail = await until(async () => (await mails(email)).find(m => m.text.includes('/reset?token=')), 'the link', 20);
	assert.equal((await new Client().api('POST', '/auth/password/reset', { token: mail.text.match(/token=([\w-]+)/)[1], password })).status, 204);
	assert.equal((await new Client().api('POST', '/auth/login', { email, password })).body.mfa_required, true);
	// Recovery codes are 24 characters of 5 bits, kept as hashes.
	assert.ok(codes.every(code => /^([a-z2-9]{4}-){5}[a-z2-9]{4}$/.test(code)));
	const kept = sql('auth', `SELECT code_hash FROM recovery_code WHERE account_id = '${idOf(email)}'`).map(row => row.code_hash);
	assert.ok(kept.length === 10 && kept.every(hash => /^[0-9a-f]{64}$/.test(hash)));
});

test('stale, a form leads through step-up and back; then it works', async () => {
	const { email, client, secret } = await enrolled();
	const stale = () => {
		meddle(`UPDATE session SET fresh_until = now() - interval '1 second' WHERE account_id = '${idOf(email)}'`);
		forgetCopies();
	};
	stale();
	let answer = await client.form('/en/account/security/recovery-codes', {});
	assert.match(answer.headers.get('location'), /\/en\/step-up\?next=%2Fen%2Faccount%2Fsecurity$/);
	assert.match(await (await client.fetch(answer.headers.get('location').replace(/^.*?(?=\/en\/)/, ''))).text(), /value="\/en\/account\/security"/);
	answer = await client.form('/en/step-up', { method: 'totp', code: authenticator.generate(secret), next: '/en/account/security' });
	assert.match(answer.headers.get('location'), /\/en\/account\/security$/);
	assert.equal((await client.form('/en/account/security/recovery-codes', {})).status, 201);
	// The password by a form; the sessions beside this one end, and one by one only with a proof.
	answer = await client.form('/en/account/security/password', { current_password: PASSWORD, new_password: 'password1' });
	assert.equal(answer.status, 422);
	answer = await client.form('/en/account/security/password', { current_password: PASSWORD, new_password: 'another harbour 8' });
	assert.equal(answer.status, 303);
	stale();
	const { body } = await client.api('GET', '/auth/sessions');
	assert.equal((await client.api('DELETE', `/auth/sessions/${body.items[0].id}`)).body.type, '/problems/step-up-required');
});

test('logs: each line is JSON, says when, what and which request, and holds no secret', async () => {
	const secret = `canary ${randomUUID()}`, email = await register(secret), client = await new Client().signIn(email, secret);
	const token = [...client.cookies].find(([name]) => name.includes('session'))[1];
	await client.fetch('/api/v1/auth/%0a%22%7d%5c', { headers: { 'user-agent': 'x"}\\ {"level":"error"', 'x-request-id': 'forged' } });
	const { headers } = await client.api('GET', '/auth/me');
	const request = headers.get('x-request-id');
	await until(() => readFileSync(`${dir}/log/auth.log`, 'utf8').includes(request), 'the line');
	const lines = readFileSync(`${dir}/log/auth.log`, 'utf8').trim().split('\n').map(line => JSON.parse(line));
	const mine = lines.find(line => Object.values(line).includes(request));
	assert.match(mine.time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
	assert.deepEqual([mine.method, mine.route, mine.status, mine.user], ['GET', '/auth/me', 200, idOf(email)]);
	assert.ok(!lines.some(line => Object.values(line).includes('forged')));
	for (const line of readFileSync(`${dir}/log/access.log`, 'utf8').trim().split('\n'))
		JSON.parse(line);
	for (const file of readdirSync(`${dir}/log`).filter(name => name.endsWith('.log'))) {
		const text = readFileSync(`${dir}/log/${file}`, 'utf8');
		assert.ok(!text.includes(secret) && !text.includes(token), file);
	}
});
