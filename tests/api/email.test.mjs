// Another e-mail address: nothing changes before both have said so.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { Client, mails, owner, sql, until } from './client.mjs';

const PASSWORD = 'a quiet harbour 7', address = () => `ana-${randomUUID()}@example.com`;
const meddle = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST,
	'-U', 'zoco_auth_owner', '-d', 'zoco_auth', '-c', text]);
const type = ({ status, body }) => `${status} ${(body?.type ?? '').replace('/problems/', '')}`;

async function registered(isVerified = true) {
	const email = address();
	assert.equal((await new Client().api('POST', '/auth/register', { email, password: PASSWORD, name: 'Ana' })).status, 202);
	if (isVerified)
		meddle(`UPDATE account SET verified_at = now() WHERE email = '${email}'`);
	return { email, client: await new Client().signIn(email, PASSWORD) };
}
const link = (email, what = '/email?token=') => until(async () => (await mails(email)).find(m => m.text.includes(what))
	?.text.match(/token=([\w-]+)/)[1], `the link to ${email}`, 30);
const confirm = token => new Client().api('POST', '/auth/email/confirm', { token });
const signsIn = async (email, status) => assert.equal((await new Client().api('POST', '/auth/login', { email, password: PASSWORD })).status, status);

test('a link at each address, in any order; then it changes, and both are told', async () => {
	const { email, client } = await registered(), next = address();
	await new Client().api('POST', '/auth/password/forgot', { email });
	const reset = await link(email, '/reset?token=');
	assert.equal((await client.api('POST', '/auth/me/email', { email: next })).status, 202);
	const [old, fresh] = [await link(email), await link(next)];
	assert.deepEqual((await confirm(fresh)).body, { is_changed: false, email: next });
	assert.deepEqual((await confirm(fresh)).body, { is_changed: false, email: next }, 'twice is once');
	await signsIn(email, 200);
	await signsIn(next, 401);
	assert.deepEqual((await confirm(old)).body, { is_changed: true, email: next });
	await signsIn(next, 200);
	await signsIn(email, 401);
	assert.equal((await client.api('GET', '/auth/me')).body.email, next, 'at once, in sessions that go on');
	assert.equal(type(await confirm(old)), '422 token-invalid');
	assert.equal(type(await new Client().api('POST', '/auth/password/reset', { token: reset, password: 'another harbour 8' })), '422 token-invalid');
	await until(async () => (await mails(email)).some(m => /otra dirección|another address/.test(m.subject)), 'the notice', 30);
	await until(async () => (await mails(next)).some(m => /ahora tu dirección|address now/.test(m.subject)), 'the other notice', 30);
	const [{ id }] = sql('auth', `SELECT id FROM account WHERE email = '${next}'`), boss = await owner();
	await until(async () => (await boss.api('GET', `/audit/entries?entity=${id}&action=user.email-changed`)).body.items.length === 1, 'the audit', 30);
});

test('one that was never confirmed has nothing to say; a later wish voids the one before', async () => {
	const { email, client } = await registered(false), first = address(), second = address();
	assert.equal((await client.api('POST', '/auth/me/email', { email: first })).status, 202);
	const stale = await link(first);
	assert.equal((await client.api('POST', '/auth/me/email', { email: second })).status, 202);
	assert.equal(type(await confirm(stale)), '422 token-invalid');
	assert.deepEqual((await confirm(await link(second))).body, { is_changed: true, email: second });
	assert.ok(!(await mails(email)).some(m => m.text.includes('/email?token=')));
});

test('an address that somebody else has: told to nobody but whoever reads its mail', async () => {
	const { client } = await registered(false), other = await registered();
	assert.equal((await client.api('POST', '/auth/me/email', { email: other.email })).status, 202);
	assert.equal(type(await confirm(await link(other.email))), '409 already-exists');
	assert.equal(type(await client.api('POST', '/auth/me/email', { email: 'no address' })), '422 invalid');
});

test('pages: asked for by a form, confirmed by two, in both languages', async () => {
	const { email, client } = await registered(), next = address();
	assert.match(await (await client.fetch('/es/account/security')).text(), new RegExp(`La de ahora es ${email}`));
	assert.match(await (await client.form('/en/account/security/address', { email: next })).text(), /Follow both links/);
	const page = await (await new Client().fetch(`/en/email?token=${await link(email)}`)).text();
	const token = page.match(/name="token" value="([\w-]+)"/)[1];
	assert.match(await (await new Client().form('/en/email', { token })).text(), /the link that we sent to the other address/);
	assert.match(await (await new Client().form('/es/email', { token: await link(next) })).text(), new RegExp(`entras con ${next}`));
	assert.equal((await new Client().form('/es/email', { token })).status, 422);
});
