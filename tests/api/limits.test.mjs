// Limits are keys of zoco.conf: reached, they answer 429 and say how long to
// wait; others are not concerned. The profile of the tests raises them all.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { authenticator } from 'otplib';
import { set as keep, workers } from '../chaos/shop.mjs';
import { Client, owner, staff, until } from './client.mjs';

const programs = ['zoco-auth', 'zoco-orders'];

// Settings count when the workers that read the old ones have ended.
async function set(value) {
	const old = programs.flatMap(workers);
	execFileSync(process.env.ZOCO_INSTANCE, ['set', process.env.ZOCO_DIR, ...['register_address', 'login_account', 'checkout_address', 'code_account', 'sms_number']
		.map(name => `limit_${name}=${value}`)], { stdio: 'ignore' });
	await until(() => !programs.flatMap(workers).some(pid => old.includes(pid)), 'new workers', 20);
}
before(() => set(3));
after(() => set(1000000));

const register = () => new Client().api('POST', '/auth/register',
	{ email: `${randomUUID()}@example.com`, password: 'a quiet harbour 7', name: 'Ana' });

test('per address: the fourth registration waits', async () => {
	const answers = await Promise.all(Array.from({ length: 6 }, register));
	assert.deepEqual(answers.map(a => a.status).sort(), [202, 202, 202, 429, 429, 429]);
	const late = answers.find(a => a.status === 429);
	assert.equal(late.body.type, '/problems/too-many-requests');
	assert.ok(Number(late.headers.get('retry-after')) > 0);
	assert.equal((await new Client().api('GET', '/catalog/products')).status, 200);
});

test('per account: guesses stop, also the right one, and others get in', async () => {
	const guess = password => new Client().api('POST', '/auth/login', { email: 'customer@zoco.example', password });
	const answers = await Promise.all(Array.from({ length: 8 }, () => guess('wrong-password')));
	assert.equal(answers.filter(a => a.status === 401).length, 3, 'parallel guesses do not get past it');
	assert.equal((await guess('demo-customer-2026')).status, 429);
	await staff();
});

test('per account: codes of a second factor, over all its logins; a known browser has its own', async () => {
	const email = 'staff@zoco.example', password = 'demo-staff-2026', known = await new Client().signIn(email, password);
	const { body: { secret } } = await known.api('POST', '/auth/mfa/totp');
	assert.equal((await known.api('POST', '/auth/mfa/totp/confirm', { code: authenticator.generate(secret) })).status, 200);
	const half = async client => {
		assert.equal((await client.api('POST', '/auth/login', { email, password })).body.mfa_required, true);
		return client;
	};
	const guess = client => client.api('POST', '/auth/mfa/verify', { method: 'totp', code: '000000' });
	const statuses = [];
	for (let i = 0; i < 5; i++)
		statuses.push((await guess(await half(new Client()))).status);
	assert.deepEqual(statuses, [401, 401, 401, 429, 429]);
	assert.equal((await guess(await half(known))).status, 401);
});

test('per number: codes by SMS, whoever asks; and only to countries that the shop serves', async t => {
	t.after(() => keep('zoco-auth', 'limit_sms_account=1000000', 'limit_sms_day=1000000', 'sms_prefixes='));
	const send = async phone => {
		const { status, body } = await (await owner()).api('POST', '/auth/me/phone', { phone });
		return body?.errors?.[0].code ?? status;
	};
	const answers = [];
	for (let i = 0; i < 4; i++)
		answers.push(await send('+34600999000'));
	assert.deepEqual(answers, [202, 202, 202, 429]);
	assert.equal(await send('+34600999001'), 202, 'another number');
	await keep('zoco-auth', 'limit_sms_day=1', 'sms_prefixes=+34 +351');
	assert.equal(await send('+2348000000001'), 'phone-country');
	assert.equal(await send('+351912345678'), 429, 'the shop has sent enough today');
	await keep('zoco-auth', 'limit_sms_account=1', 'limit_sms_day=1000', 'sms_prefixes=');
	assert.equal(await send('+34600999002'), 429, 'this account, too');
});

test('per address: orders', async () => {
	const order = () => new Client().idempotent('POST', '/orders', { email: 'a@example.com', payment_method: 'bank_transfer', expected_total: 1,
		shipping_address: { name: 'A', line1: 'B', postcode: '28013', city: 'C', country: 'ES' } });
	const answers = [];
	for (let i = 0; i < 4; i++)
		answers.push((await order()).status);
	assert.deepEqual([answers[2] === 429, answers[3]], [false, 429]);
});
