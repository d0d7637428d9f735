// A person's own data: all of it in one file, for nobody else; and the end of an
// account, after which the books are there and the person is not.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { Client, internal, mails, owner, sql, staff, until, variant } from './client.mjs';
import { provePhone } from './twilio.mjs';

const PASSWORD = 'a quiet harbour 7';
const meddle = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST,
	'-U', 'zoco_auth_owner', '-d', 'zoco_auth', '-c', text]);
const type = ({ status, body }) => `${status} ${(body?.type ?? '').replace('/problems/', '')}`;
const idOf = email => sql('auth', `SELECT id FROM account WHERE email = '${email}'`)[0].id;

// Somebody with an account, a cart, an order, a phone and a wish.
async function somebody({ isVerified = true, name = 'Ana Ruiz' } = {}) {
	const email = `ana-${randomUUID()}@example.com`;
	assert.equal((await new Client().api('POST', '/auth/register', { email, password: PASSWORD, name })).status, 202);
	await until(async () => (await mails(email)).length > 0, 'the first mail', 30);
	if (isVerified)
		meddle(`UPDATE account SET verified_at = now() WHERE email = '${email}'`);
	const client = await new Client().signIn(email, PASSWORD);
	return { email, client, id: idOf(email) };
}

const address = { name: 'Ana Ruiz', line1: 'Calle del Pez 13', postcode: '28013', city: 'Madrid', country: 'ES' };

async function order(client, email) {
	await client.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 });
	const [line] = (await client.api('GET', '/cart')).body.lines;
	const total = line.unit.amount * line.quantity;
	const { status, body } = await client.idempotent('POST', '/orders', { email, shipping_address: address, note: 'el timbre no va',
		payment_method: 'bank_transfer', expected_total: total + (total >= 5000 ? 0 : 495) });
	assert.equal(status, 201, JSON.stringify(body));
	return body;
}

test('everything in one file: of every program, of nobody else, for a fresh session', async () => {
	const { email, client, id } = await somebody(), other = await somebody();
	const placed = await order(client, email);
	await client.api('POST', '/cart/items', { variant_id: variant(2), quantity: 3 });
	await provePhone(client, '+34600111222');
	const { status, body, headers } = await client.api('GET', '/auth/me/data');
	assert.equal(status, 200);
	assert.match(headers.get('content-disposition'), /^attachment; filename="my-data\.json"/);
	assert.deepEqual([body.account.email, body.account.name, body.account.sessions.length], [email, 'Ana Ruiz', 1]);
	assert.deepEqual(body.orders.orders.map(o => [o.number, o.shipping_address.line1, o.lines.length]), [[placed.number, 'Calle del Pez 13', 1]]);
	assert.equal(body.cart.lines[0].quantity, 3);
	assert.deepEqual([body.account.phone, body.notifications.contact.phone], ['+34600111222', '+34600111222']);
	assert.ok(body.notifications.messages.length > 0);
	await until(async () => (await client.api('GET', '/auth/me/data')).body.audit.some(e => e.action === 'user.exported'), 'the audit', 30);
	const theirs = JSON.stringify((await other.client.api('GET', '/auth/me/data')).body);
	assert.ok(!theirs.includes(email) && !theirs.includes(placed.number));
	// An address that nobody has confirmed opens nothing that was sent to it.
	meddle(`UPDATE account SET verified_at = NULL WHERE id = '${id}'`);
	assert.deepEqual((await client.api('GET', '/auth/me/data')).body.notifications.messages, []);
	assert.equal(type(await new Client().api('GET', '/auth/me/data')), '401 not-signed-in');
	assert.notEqual((await internal('orders', 'POST', '/internal/notifications/person', { id, address: email })).status, 200, 'auth alone may ask');
	meddle(`UPDATE session SET fresh_until = now() - interval '1 second' WHERE account_id = '${id}'`);
	execFileSync('redis-cli', ['-s', process.env.ZOCO_REDIS, 'FLUSHALL']);
	assert.equal(type(await client.api('GET', '/auth/me/data')), '403 step-up-required');
	const page = await client.fetch('/es/account/data.json');
	assert.match(page.headers.get('location'), /step-up\?next=%2Fes%2Faccount%2Fdata\.json$/);
});

test('addresses that are kept: one is the default, checkout fills it in, nobody else sees them', async () => {
	const { email, client } = await somebody(), other = await somebody();
	const list = async () => (await client.api('GET', '/orders/addresses')).body.items.map(a => [a.line1, a.is_default]);
	const add = more => client.api('POST', '/orders/addresses', { ...address, ...more });
	const first = await add({});
	assert.deepEqual([first.status, first.body.is_default], [201, true], 'the first is the default');
	const second = (await add({ line1: 'Rua do Norte 2', country: 'PT' })).body;
	assert.deepEqual(await list(), [['Calle del Pez 13', true], ['Rua do Norte 2', false]]);
	assert.equal((await client.api('PUT', `/orders/addresses/${second.id}`, { ...address, line1: 'Rua do Sul 3', country: 'PT', is_default: true })).status, 200);
	assert.deepEqual(await list(), [['Rua do Sul 3', true], ['Calle del Pez 13', false]]);
	const bad = await add({ city: undefined, country: 'Spain' });
	assert.deepEqual([bad.status, bad.body.errors.map(e => e.field)], [422, ['city', 'country']]);
	for (const [method, body] of [['PUT', address], ['DELETE', undefined]])
		assert.equal(type(await other.client.api(method, `/orders/addresses/${second.id}`, body)), '404 not-found');
	assert.equal(type(await new Client().api('GET', '/orders/addresses')), '401 not-signed-in');
	// Pages: the checkout begins with the default; another is a link away; one that is typed is kept once.
	await client.api('POST', '/cart/items', { variant_id: variant(1) });
	const page = async (path, who = client) => (await who.fetch(path)).text();
	assert.match(await page('/es/checkout'), /value="Rua do Sul 3".*<option value="PT" selected>/s);
	assert.match(await page(`/es/checkout?address=${first.body.id}`), /value="Calle del Pez 13".*<option value="ES" selected>/s);
	assert.doesNotMatch(await page(`/es/checkout?address=${second.id}`, await new Client().signIn(other.email, PASSWORD)), /Rua do Sul/);
	const typed = Object.fromEntries(Object.entries({ ...address, line1: 'Calle Nueva 1' }).map(([name, value]) => [`shipping_address.${name}`, value]));
	for (let i = 0; i < 2; i++)
		assert.equal((await client.form('/es/checkout/details', { email, ...typed, keep_address: 'true' })).status, 303);
	assert.deepEqual(await list(), [['Rua do Sul 3', true], ['Calle Nueva 1', false], ['Calle del Pez 13', false]]);
	assert.match(await page(`/es/account/addresses/${second.id}`), /value="Rua do Sul 3".*value="PT" selected.*name="is_default" value="true" checked/s);
	const form = await client.form('/es/account/addresses', { ...address, line1: 'Avenida 7', postcode: '' });
	const text = await form.text();
	assert.equal(form.status, 422);
	assert.match(text, /value="Avenida 7"/);
	assert.match(text, /id="postcode-error">[^<]+</);
	assert.equal((await client.form(`/en/account/addresses/${second.id}`, { _method: 'DELETE' })).status, 303);
	assert.deepEqual(await list(), [['Calle Nueva 1', true], ['Calle del Pez 13', false]], 'another is the default');
	assert.match(await page('/en/account/addresses'), /Default.*Calle Nueva 1.*Calle del Pez 13<br>/s);
	// Twenty are enough, also when they come at once.
	const answers = await Promise.all(Array.from({ length: 19 }, (_, n) => add({ line1: `Calle ${n}` })));
	assert.deepEqual([answers.filter(a => a.status === 201).length, answers.filter(a => a.status === 409).length], [18, 1]);
	assert.equal((await client.api('GET', '/auth/me/data')).body.orders.addresses.length, 20);
	assert.equal((await client.api('DELETE', `/orders/addresses/${first.body.id}`)).status, 204);
	assert.equal((await list()).length, 19);
	assert.equal((await client.api('POST', '/auth/me/close')).status, 204);
	await until(() => sql('orders', 'SELECT 1 FROM saved_address').length === 0, 'forgotten addresses', 30);
});

test('an account is closed: not before its order ends; then the books stay, the person goes', async () => {
	const { email, client, id } = await somebody(), second = await new Client().signIn(email, PASSWORD);
	await provePhone(client, '+34600333444');
	const placed = await order(client, email);
	assert.equal(type(await client.api('POST', '/auth/me/close')), '409 conflict');
	assert.equal((await client.idempotent('POST', `/orders/${placed.id}/cancel`, {})).status, 200);
	await client.api('POST', '/cart/items', { variant_id: variant(2), quantity: 3 });
	const before = sql('orders', `SELECT number, total, status FROM shop_order WHERE id = '${placed.id}'`);
	assert.equal((await client.api('POST', '/auth/me/close')).status, 204);
	for (const one of [client, second])
		assert.equal(type(await one.api('GET', '/auth/me')), '401 not-signed-in');
	assert.equal(type(await new Client().api('POST', '/auth/login', { email, password: PASSWORD })), '401 wrong-credentials');
	await until(async () => (await mails(email)).some(m => /cerrada|closed/.test(m.subject)), 'the last mail', 30);
	await until(() => sql('orders', `SELECT email FROM shop_order WHERE id = '${placed.id}'`)[0].email === '', 'the order', 30);
	assert.deepEqual(sql('orders', `SELECT number, total, status FROM shop_order WHERE id = '${placed.id}'`), before);
	await until(() => sql('cart', `SELECT 1 FROM cart WHERE cart_key = 'user:${id}'`).length === 0, 'the cart', 30);
	const boss = await owner();
	for (const [domain, table] of [['orders', 'shop_order'], ['notifications', 'contact'], ['cart', 'cart'], ['auth', 'account'], ['auth', 'device']])
		assert.deepEqual(sql(domain, `SELECT t::text AS left FROM ${table} t WHERE t::text LIKE '%${email}%'
			OR (t::text LIKE '%${id}%' AND t::text ~ 'Ana Ruiz|Calle del Pez|34600111222|timbre')`), [], table);
	await until(() => sql('notifications', `SELECT 1 FROM message WHERE to_address = '${email}'`).length === 0, 'the messages', 30);
	await until(async () => (await boss.api('GET', `/audit/entries?entity=${id}&action=user.closed`)).body.items.length === 1, 'the audit', 30);
	// The address is free for somebody new.
	assert.equal((await new Client().api('POST', '/auth/register', { email, password: PASSWORD, name: 'Eva' })).status, 202);
	assert.notEqual(idOf(email), id);
});

test('who has rights hands them over first', async () => {
	const { body } = await (await staff()).api('POST', '/auth/me/close');
	assert.equal(body.type, '/problems/conflict');
});

test('pages, in both languages', async () => {
	const { client } = await somebody();
	for (const [lang, words] of [['es', /Cerrar mi cuenta para siempre/], ['en', /Close my account for good/]]) {
		assert.match(await (await client.fetch(`/${lang}/account/close`)).text(), words);
		assert.match(await (await client.fetch(`/${lang}/account/security`)).text(), /account\/data\.json/);
	}
	const file = await client.fetch('/es/account/data.json');
	assert.equal(file.headers.get('content-type'), 'application/json');
	assert.equal(JSON.parse(await file.text()).account.name, 'Ana Ruiz');
	const answer = await client.form('/en/account/close', {});
	assert.equal(answer.status, 303);
	assert.match(answer.headers.get('location'), /\/en\/$/);
	assert.equal((await client.fetch('/en/account/close')).status, 303);
});

test('afterwards the address and the name are in no table of any database; the audit log says that it was asked for, and what nobody asked for', async () => {
	const name = `Zenobia Quintanilla${Date.now()}`, { email, client, id } = await somebody({ name });
	const placed = await order(client, email);
	assert.equal((await client.idempotent('POST', `/orders/${placed.id}/cancel`, {})).status, 200);
	await new Client().api('POST', '/auth/login', { email, password: 'not the password' });
	const boss = await owner(), entries = () => sql('audit', `SELECT e.sequence, e.action, p.private, d.detail FROM entry e
		LEFT JOIN entry_private p USING (sequence) JOIN entry_detail d USING (sequence) WHERE entry_person(e.actor, e.entity) = '${id}' ORDER BY 1`);
	await until(() => entries().some(e => e.action === 'order.cancelled') && entries().some(e => e.action === 'user.sign-in-failed'), 'the entries', 30);
	assert.ok(entries().some(e => JSON.parse(e.private ?? '{}').address === '127.0.0.1'));
	assert.ok(entries().every(e => !e.detail.includes('127.0.0.1')), 'no address beside it');
	assert.equal((await client.api('POST', '/auth/me/close')).status, 204);
	await until(async () => (await mails(email)).some(m => /cerrada|closed/.test(m.subject)), 'the last mail', 30);
	await until(() => entries().some(e => e.action === 'user.closed'), 'the closing', 30);
	const dump = () => {
		assert.equal(spawnSync(process.env.ZOCO_INSTANCE, ['job', process.env.ZOCO_DIR, 'purge']).status, 0);
		return readdirSync(`${process.env.ZOCO_DIR}/share/sql`).filter(d => !/\.|^lib$/.test(d)).flatMap(domain => execFileSync('pg_dump', ['--data-only', '--inserts',
			'-h', process.env.ZOCO_PGHOST, '-U', 'postgres', `zoco_${domain}`], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n')
			.filter(line => line.includes(email) || line.includes(name)).map(line => `${domain}: ${line.slice(0, 300)}`));
	};
	await until(() => dump().length === 0, 'nothing of them', 60).catch(() => assert.deepEqual(dump(), []));
	assert.ok(entries().length > 5 && entries().every(e => e.private === null), 'the entries stay, without where from');
	const closing = entries().find(e => e.action === 'user.closed').sequence, verdict = async () => (await boss.api('GET', '/audit/verify')).body;
	const whole = await verdict();
	assert.equal(whole.is_whole, true, whole.fault);
	assert.ok(whole.erased >= 4 && whole.erased_by === closing, JSON.stringify(whole));
	// Of somebody who has not asked, it is a hole.
	const other = await somebody();
	const [one] = await until(() => { const rows = sql('audit', `SELECT sequence FROM entry_private WHERE person = '${other.id}' ORDER BY 1`); return rows.length > 0 && rows; }, 'an entry', 30);
	const superuser = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', process.env.ZOCO_PGHOST, '-U', 'postgres', '-d', 'zoco_audit', '-c', text]);
	superuser(`CREATE TABLE kept AS SELECT * FROM entry_private WHERE sequence = ${one.sequence}`);
	try {
		for (const [how, fault] of [[`DELETE FROM entry_private WHERE sequence = ${one.sequence}`, /nobody asked/],
			[`INSERT INTO entry_private SELECT sequence, person, salt, '{"address":"192.0.2.1"}' FROM kept`, /private part was altered/]]) {
			superuser(how);
			const { first_bad, fault: named } = await verdict();
			assert.equal(first_bad, one.sequence);
			assert.match(named, fault);
		}
	} finally {
		superuser(`DELETE FROM entry_private WHERE sequence = ${one.sequence}; INSERT INTO entry_private SELECT * FROM kept; DROP TABLE kept`);
	}
	assert.equal((await verdict()).is_whole, true);
});
