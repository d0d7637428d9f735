// The door itself: what guessing gains, what is told to whom, which passwords
// may be chosen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import test, { after } from 'node:test';
import { set as setOf } from '../chaos/shop.mjs';
import { Client, customer, mails, owner, sql, until, url } from './client.mjs';


const set = (...pairs) => setOf('zoco-auth', ...pairs);
const good = 'tres tristes tigres';
const address = () => `user-${randomUUID()}@zoco.example`;
const login = (client, email, password) => client.api('POST', '/auth/login', { email, password });
const token = mail => mail.text.match(/token=([\w-]+)/)[1];

async function mailTo(email, match = /./) {
	return until(async () => (await mails(email)).find(mail => match.test(mail.text)), `a mail to ${email}`, 30);
}

async function registered(password = good) {
	const email = address();
	assert.equal((await new Client().api('POST', '/auth/register', { email, password, name: 'Ana' })).status, 202);
	return email;
}

// A login from an address of our choice in 127.0.0.0/8.
const loginFrom = (localAddress, email, password, cookie = '') => new Promise((resolve, reject) => {
	const body = JSON.stringify({ email, password });
	http.request(`${url}/api/v1/auth/login`, { method: 'POST', localAddress, agent: false, headers: {
		origin: url, cookie, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body),
	} }, answer => {
		answer.resume();
		answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers }));
	}).on('error', reject).end(body);
});

test('cookies are out of reach for scripts, and the token is nowhere else', async () => {
	const email = await registered();
	const answer = await login(new Client(), email, good);
	const cookies = answer.headers.getSetCookie();
	for (const cookie of cookies)
		assert.match(cookie, /^zoco_(session|device)_\d+=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
	assert.equal(cookies.length, 2);
	const kept = sql('auth', 'SELECT token_hash FROM session').map(row => row.token_hash);
	for (const cookie of cookies) {
		const value = cookie.split(/[=;]/)[1];
		assert.ok(!JSON.stringify(answer.body).includes(value));
		assert.ok(!kept.includes(value));
	}
});

test('no answer tells whether an address is known', async () => {
	const known = await registered(), unknown = address();
	const same = (one, two) => {
		assert.equal(one.status, two.status);
		const plain = body => JSON.stringify({ ...body, instance: '' });
		assert.equal(plain(one.body), plain(two.body));
		assert.deepEqual([...one.headers.keys()].sort(), [...two.headers.keys()].sort());
	};
	same(await login(new Client(), known, 'wrong password'), await login(new Client(), unknown, 'wrong password'));
	same(await new Client().api('POST', '/auth/password/forgot', { email: known }),
		await new Client().api('POST', '/auth/password/forgot', { email: unknown }));
	const again = { password: good, name: 'Eva' };
	same(await new Client().api('POST', '/auth/register', { email: known, ...again }),
		await new Client().api('POST', '/auth/register', { email: unknown, ...again }));
	await mailTo(known, /Ya tienes una/);
	// Whoever is registered keeps name and password.
	assert.deepEqual(sql('auth', `SELECT name FROM account WHERE email = '${known}'`), [{ name: 'Ana' }]);
});

// By turns, and by medians: what else the machine does weighs on both. Where the
// difference is one of the machine, it is gone at the next try.
test('nor does the time that it takes', async t => {
	const known = await registered(), median = list => list.sort((a, b) => a - b)[list.length >> 1];
	for (const [path, more, n] of [['/auth/login', { password: 'wrong password' }, 15], ['/auth/password/forgot', {}, 40],
		['/auth/register', { password: good, name: 'Eva' }, 15]]) {
		let one, two;
		for (let tries = 0; tries < 4; tries++) {
			const times = [[], []];
			for (let i = 0; i < 2 * n; i++) {
				const begun = performance.now();
				await new Client().api('POST', path, { email: i % 2 ? known : address(), ...more });
				times[i % 2].push(performance.now() - begun);
			}
			[one, two] = times.map(median);
			if (Math.abs(one - two) < 1 + 0.15 * Math.min(one, two))
				break;
		}
		t.diagnostic(`${path}: unknown ${one.toFixed(1)} ms, known ${two.toFixed(1)} ms`);
		assert.ok(Math.abs(one - two) < 1 + 0.15 * Math.min(one, two), `${path}: ${one} ms, ${two} ms`);
	}
});

test('a disabled account is answered like a wrong password', async () => {
	const email = await registered();
	const client = await new Client().signIn(email, good);
	execFileSync('psql', ['-Xq', '-h', process.env.ZOCO_PGHOST, '-U', 'zoco_auth_owner', '-d', 'zoco_auth', '-c',
		`UPDATE account SET is_active = false WHERE email = '${email}'`]);
	assert.equal((await login(new Client(), email, good)).body.type, '/problems/wrong-credentials');
	assert.ok(client);
});

test('passwords: length, common ones dressed up, the shop and the person; else as they are', async () => {
	const email = address(), client = new Client();
	const code = async password => {
		const { status, body } = await client.api('POST', '/auth/register', { email, password, name: 'Carmen' });
		return status === 202 ? 'taken' : body.errors.map(e => `${e.field} ${e.code}`).join();
	};
	assert.equal(await code('abcdefg'), 'password too-short');
	assert.equal(await code('x'.repeat(129)), 'password too-long');
	for (const common of ['password12345678', 'Password', 'zoco2026zoco'.slice(0, 8), 'Carmen2026', '!!iloveyou!!',
		'aaaaaaaaaaaaaaaaaa', email.split('@')[0], 'qwertyuiop'])
		assert.equal(await code(common), 'password password', common);
	// No rules of composition, nothing cut, folded or trimmed.
	const long = ' ' + 'contraseña larga '.repeat(7);
	assert.equal(await code(long), 'taken');
	for (const [password, status] of [[long, 200], [long.trim(), 401], [long.toUpperCase(), 401], [long.slice(0, -1) + '.', 401]])
		assert.equal((await login(new Client(), email, password)).status, status, password);
});

test('a forgotten password: a link for one use, no sign-in, all sessions end, a mail says so', async () => {
	const email = await registered(), client = await new Client().signIn(email, good);
	await new Client().api('POST', '/auth/password/forgot', { email });
	const link = token(await mailTo(email, /reset/)), other = 'nunca llueve hacia arriba';
	let answer = await new Client().api('POST', '/auth/password/reset', { token: link, password: 'password1' });
	assert.equal(answer.body.errors[0].code, 'password');	// and the link is still good
	answer = await new Client().api('POST', '/auth/password/reset', { token: link, password: other });
	assert.equal(answer.status, 204);
	assert.deepEqual(answer.headers.getSetCookie(), []);
	answer = await new Client().api('POST', '/auth/password/reset', { token: link, password: other });
	assert.equal(answer.body.type, '/problems/token-invalid');
	assert.equal((await client.api('GET', '/auth/me')).status, 401);
	assert.equal((await login(new Client(), email, good)).status, 401);
	await new Client().signIn(email, other);
	await until(async () => (await mails(email)).some(mail => /contraseña ha cambiado/i.test(mail.subject + mail.text)), 'the notice', 30);
});

test('a session in the list can be ended; one of somebody else cannot', async () => {
	const email = await registered(), client = await new Client().signIn(email, good);
	const second = new Client();
	await second.api('POST', '/auth/login', { email, password: good },
		{ 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0 \u00e9' });
	const { items } = (await client.api('GET', '/auth/sessions')).body;
	assert.equal(items.length, 2);
	const theirs = items.find(item => !item.is_this);
	assert.equal(theirs.device, 'Firefox, Linux');
	assert.equal(theirs.factor, 'password');
	assert.equal((await (await customer()).api('DELETE', `/auth/sessions/${theirs.id}`)).status, 404);
	assert.equal((await client.api('DELETE', `/auth/sessions/${theirs.id}`)).status, 204);
	assert.equal((await second.api('GET', '/auth/me')).status, 401);
});

test('a new browser is told by mail, a known one is not', async () => {
	const email = await registered(), first = await new Client().signIn(email, good);
	const notices = async () => (await mails(email)).filter(mail => /nuevo acceso/i.test(mail.subject)).length;
	await first.signIn(email, good);
	await new Client().signIn(email, good);
	await until(async () => await notices() > 0, 'the notice', 30);
	assert.equal(await notices(), 1);
});

test('a failed sign-in is told to audit, without the address that was typed', async () => {
	const email = await registered(), unknown = address();
	await login(new Client(), email, 'wrong password');
	await login(new Client(), unknown, 'wrong password');
	const client = await owner(), [{ id }] = sql('auth', `SELECT id FROM account WHERE email = '${email}'`);
	const items = await until(async () => {
		const { body } = await client.api('GET', '/audit/entries?action=user.sign-in-failed&limit=2');
		return body.items[1]?.entity === id && body.items;
	}, 'the entries', 30);
	assert.deepEqual(sql('auth', `SELECT id FROM account WHERE id = '${items[0].entity}'`), []);
	for (const item of items) {
		assert.equal(JSON.parse(item.detail).factor, 'password');
		assert.ok(!item.detail.includes('@'));
	}
});

// From here on with the limits that a shop has.
test('guessing ends: per account and address; the owner gets in from elsewhere', async () => {
	const email = await registered(), known = await new Client().signIn(email, good);
	const cookie = [...known.cookies].map(pair => pair.join('=')).join('; ');
	await set('limit_login_account=5', 'limit_login_address=12');
	after(() => set('limit_login_account=1000000', 'limit_login_address=1000000'));
	// All at once: counted before they are tried.
	const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => loginFrom('127.0.0.2',
		i % 2 ? email : email.toUpperCase(), 'wrong password')));
	assert.equal(answers.filter(a => a.status === 401).length, 5);
	for (const answer of answers.filter(a => a.status === 429))
		assert.ok(answer.headers['retry-after'] > 0);
	assert.equal((await loginFrom('127.0.0.2', email, good)).status, 429, 'even the right one');
	assert.equal((await loginFrom('127.0.0.3', email, good)).status, 200, 'from another address');
	assert.equal((await loginFrom('127.0.0.2', email, good, cookie)).status, 200, 'from a known browser');
	// Many accounts from one address: the address has a limit of its own.
	let refused = 0;
	for (let i = 0; i < 14; i++)
		refused += (await loginFrom('127.0.0.4', address(), 'wrong password')).status === 429;
	assert.equal(refused, 2);
	// A success gives the account's budget back.
	for (let i = 0; i < 3; i++) {
		for (let k = 0; k < 2; k++)
			assert.equal((await loginFrom('127.0.0.5', email, 'wrong password')).status, 401);
		assert.equal((await loginFrom('127.0.0.5', email, good)).status, 200);
	}
});

test('without Redis the limits are kept in the database', async () => {
	const email = await registered();
	const redis = (...words) => execFileSync('redis-cli', ['-s', process.env.ZOCO_REDIS, ...words], { stdio: 'pipe' });
	await set('limit_login_account=5', 'limit_login_address=1000000');
	redis('CONFIG', 'SET', 'requirepass', 'shut');
	try {
		redis('-a', 'shut', 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
		const statuses = [];
		for (let i = 0; i < 7; i++)
			statuses.push((await loginFrom('127.0.0.6', email, 'wrong password')).status);
		assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429]);
		assert.equal((await loginFrom('127.0.0.7', email, good)).status, 200);
	} finally {
		redis('-a', 'shut', 'CONFIG', 'SET', 'requirepass', '');
	}
});
