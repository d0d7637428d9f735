// Who may do what: roles as data, grants, keys of programs; what nobody gains by
// granting, editing or removing; a matrix of every route and shipped role.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { Client, mails, owner, sql, until, url, variant } from './client.mjs';

const boss = await owner(), document = await (await fetch(`${url}/openapi.json`)).json();
const dir = process.env.ZOCO_DIR;
const type = answer => `${answer.status} ${(answer.body?.type ?? '').replace('/problems/', '')}`;
const id = email => sql('auth', `SELECT id FROM account WHERE email = '${email}'`)[0].id;
const grant = (who, person, ...roles) => who.api('PUT', `/auth/users/${person}/grants`, { roles });
const role = (who, name, ...permissions) => who.api('PUT', `/auth/roles/${name}`, { permissions });

// Somebody new with these roles: { id, client }.
async function person(...roles) {
	const email = `p-${randomUUID()}@zoco.example`, password = 'tres tristes tigres';
	assert.equal((await new Client().api('POST', '/auth/register', { email, password, name: 'Pia' })).status, 202);
	if (roles.length > 0)
		assert.equal((await grant(boss, id(email), ...roles)).status, 204);
	return { id: id(email), client: await new Client().signIn(email, password) };
}

test('shipped roles are there; their permissions are ones that routes ask for', async () => {
	const { body } = await boss.api('GET', '/auth/roles');
	const names = body.items.map(r => r.name);
	for (const name of ['owner', 'manager', 'catalog-editor', 'warehouse', 'support', 'finance', 'auditor'])
		assert.ok(names.includes(name), name);
	const programs = readdirSync(`${dir}/bin`).filter(name => /^zoco-(?!admin|migrate|job-)/.test(name));
	const asked = new Set(programs.flatMap(name => execFileSync(`${dir}/bin/${name}`, ['--routes'], { encoding: 'utf8' }).trim().split('\n'))
		.map(line => JSON.parse(line).needs));
	for (const r of body.items.filter(r => r.name !== 'owner'))
		for (const one of r.permissions.split(' ').filter(Boolean))
			assert.ok(asked.has(one), `${r.name}: ${one}`);
});

test('a role given or taken counts at the next request', async () => {
	const { id, client } = await person();
	assert.equal(type(await client.api('GET', '/payments')), '403 forbidden');
	assert.equal((await grant(boss, id, 'finance')).status, 204);
	assert.equal((await client.api('GET', '/payments')).status, 200);
	assert.equal((await role(boss, 'reader', 'payments.payment.read')).status, 200);
	assert.equal((await grant(boss, id, 'reader')).status, 204);
	assert.equal((await client.api('GET', '/payments')).status, 200);
	assert.equal((await role(boss, 'reader', 'orders.order.read')).status, 200);
	assert.equal(type(await client.api('GET', '/payments')), '403 forbidden');
	assert.equal(type(await boss.api('DELETE', '/auth/roles/reader')), '409 conflict', 'somebody has it');
	assert.equal((await grant(boss, id)).status, 204);
	assert.equal((await boss.api('DELETE', '/auth/roles/reader')).status, 204);
	assert.equal((await boss.api('PATCH', `/auth/users/${id}`, { is_active: false })).status, 204);
	assert.equal((await client.api('GET', '/auth/me')).status, 401);
	await until(async () => (await boss.api('GET', `/audit/entries?entity=${id}&action=user.role-changed`)).body.items.length >= 3, 'the entries', 30);
});

test('nobody grants what they lack, edits a higher role or a higher person', async () => {
	assert.equal((await role(boss, 'team-lead', 'auth.user.read', 'auth.user.grant', 'auth.user.write', 'auth.role.read', 'auth.role.write',
		'auth.api_key.write', 'orders.order.read')).status, 200);
	const lead = await person('team-lead'), other = await person();
	const refused = async (answer, lacks) => assert.deepEqual([type(await answer), (await answer).body.permission], ['403 forbidden', lacks]);
	await refused(grant(lead.client, other.id, 'owner'), '*');
	await refused(grant(lead.client, lead.id, 'team-lead', 'finance'), 'payments.payment.read');
	await refused(grant(lead.client, id('owner@zoco.example')), '*');
	await refused(lead.client.api('PATCH', `/auth/users/${id('owner@zoco.example')}`, { is_active: false }), '*');
	await refused(role(lead.client, 'team-lead', 'orders.order.read', 'payments.payment.refund'), 'payments.payment.refund');
	await refused(role(lead.client, 'manager', 'orders.order.read'), 'catalog.product.read');
	await refused(lead.client.api('DELETE', '/auth/roles/warehouse'), 'inventory.level.read');
	await refused(lead.client.api('POST', '/auth/api-keys', { name: 'x', permissions: ['payments.payment.read'] }), 'payments.payment.read');
	assert.equal(type(await role(boss, 'owner', 'orders.order.read')), '409 conflict');
	assert.equal(type(await grant(boss, other.id, 'no-such-role')), '404 not-found');
	assert.equal((await role(boss, 'odd', 'all of it')).body.errors[0].field, 'permissions.0');
	assert.equal((await role(lead.client, 'looker', 'orders.order.read')).status, 200);
	assert.equal((await grant(lead.client, other.id, 'looker')).status, 204);
});

test('the last owner stays, also when two leave at once', async () => {
	const me = id('owner@zoco.example');
	assert.equal(type(await grant(boss, me, 'manager')), '409 last-owner');
	assert.equal(type(await boss.api('PATCH', `/auth/users/${me}`, { is_active: false })), '409 last-owner');
	const second = await person('owner');
	const answers = await Promise.all([grant(boss, second.id), grant(second.client, me)]);
	assert.equal(answers.filter(a => a.status === 204).length, 1, answers.map(type).join());
	assert.equal(sql('auth', `SELECT 1 FROM account_role x JOIN account a ON a.id = x.account_id AND a.is_active WHERE role = 'owner'`).length, 1);
	if ((await boss.api('GET', '/audit/entries')).status !== 200) {
		assert.equal((await grant(second.client, me, 'owner')).status, 204);
		assert.equal((await grant(boss, second.id)).status, 204);
	}
});

test('what can this person do, and why', async () => {
	const { id } = await person('support', 'finance');
	const { body } = await boss.api('GET', `/auth/users/${id}/permissions`);
	const roles = Object.fromEntries(body.items.map(p => [p.permission, p.roles]));
	assert.equal(roles['orders.order.read'], 'finance support');
	assert.equal(roles['payments.payment.refund'], 'finance');
	assert.equal(roles['catalog.product.write'], undefined);
	const found = (await boss.api('GET', '/auth/users?role=support')).body.items;
	assert.ok(found.some(p => p.id === id));
	assert.equal((await boss.api('GET', '/auth/users?email=OWNER@zoco.example')).body.items.length, 1);
});

test('a key: shown once, for its scopes and its time, no more than its maker, ended at once', async () => {
	const { id, client } = await person('manager');
	assert.equal(type(await client.api('POST', '/auth/api-keys', { name: 'x', permissions: ['payments.payment.read'] })), '403 forbidden');
	assert.equal((await role(boss, 'keymaker', 'auth.api_key.write', 'auth.api_key.read', 'payments.payment.read', 'inventory.level.read')).status, 200);
	assert.equal((await grant(boss, id, 'keymaker')).status, 204);
	const { status, body } = await client.api('POST', '/auth/api-keys', { name: 'ERP', permissions: ['payments.payment.read'], days: 30 });
	assert.equal(status, 201);
	assert.match(body.key, /^zk_[\w-]{43}$/);
	assert.equal(type(await client.api('POST', '/auth/api-keys', { name: 'x', permissions: ['auth.api_key.read'] })), '409 conflict');
	const use = (path, method = 'GET') => new Client().api(method, path, undefined, { authorization: `Bearer ${body.key}` });
	assert.equal((await use('/payments')).status, 200);
	assert.equal(type(await use('/inventory/levels')), '403 forbidden', 'not in its scopes');
	assert.equal(type(await use('/auth/me')), '403 forbidden', 'nothing of its maker');
	const wrong = new Client().api('GET', '/payments', undefined, { authorization: `Bearer zk_${'A'.repeat(43)}` });
	assert.equal(type(await wrong), '401 not-signed-in');
	const listed = (await boss.api('GET', '/auth/api-keys')).body.items.find(key => key.id === body.id);
	assert.deepEqual([listed.key, listed.used_at !== null], [null, true]);
	assert.ok(!JSON.stringify(sql('auth', 'SELECT token_hash FROM api_key')).includes(body.key.slice(3)));
	assert.equal((await grant(boss, id, 'customer')).status, 204);
	assert.equal(type(await use('/payments')), '403 forbidden', 'its maker may no longer');
	assert.equal((await grant(boss, id, 'keymaker')).status, 204);
	assert.equal((await use('/payments')).status, 200);
	assert.equal((await boss.api('DELETE', `/auth/api-keys/${body.id}`)).status, 204);
	assert.equal(type(await use('/payments')), '401 not-signed-in');
});

test('pages: people, a person with roles to give and take, roles, keys; a refused page names what lacks', async () => {
	const { id, client } = await person(), page = async path => (await boss.fetch(path)).text();
	assert.match(await page('/es/admin/people'), new RegExp(`/es/admin/people/${id}`));
	assert.match(await page(`/en/admin/people/${id}`), /name="role" value="finance"/);
	let answer = await boss.form(`/en/admin/people/${id}/roles`, { role: 'finance', is_on: 'true' });
	assert.equal(answer.headers.get('location'), `/en/admin/people/${id}`);
	assert.match(await page(`/en/admin/people/${id}`), /<code>payments\.payment\.refund<\/code><\/td><td>everywhere<\/td><td>finance</);
	assert.equal((await client.api('GET', '/payments')).status, 200);
	assert.match(await (await client.fetch('/en/admin/people')).text(), /auth\.user\.read/);
	const [last] = sql('auth', `SELECT account_id FROM account_role WHERE role = 'owner'`);
	answer = await boss.form(`/en/admin/people/${last.account_id}/roles`, { role: 'owner', is_on: 'false' });
	assert.equal(answer.status, 409);
	assert.match(await answer.text(), /role="alert"/);
	assert.match(await page('/en/admin/roles'), /catalog-editor/);
	assert.match(await page('/en/admin/keys'), /API keys/);
});

test('staff help: all sessions end, a link to a new password goes to nobody but its owner', async () => {
	const { id, client } = await person(), lead = await person('support');
	assert.equal(type(await lead.client.api('DELETE', `/auth/users/${id}/sessions`)), '403 forbidden');
	assert.equal((await boss.api('DELETE', `/auth/users/${id}/sessions`)).status, 204);
	assert.equal((await client.api('GET', '/auth/me')).status, 401);
	const answer = await boss.api('POST', `/auth/users/${id}/password-reset`, {}), [{ email }] = sql('auth', `SELECT email FROM account WHERE id = '${id}'`);
	assert.deepEqual([answer.status, answer.body], [202, null]);
	await until(async () => (await mails(email)).some(m => m.text.includes('/reset?token=')), 'the link', 30);
	assert.equal((await role(boss, 'helper', 'auth.user.write', 'auth.user.read')).status, 200);
	const helper = await person('helper');
	for (const [method, path, body] of [['DELETE', 'sessions'], ['POST', 'password-reset', {}]])
		assert.equal(type(await helper.client.api(method, `/auth/users/${sql('auth', "SELECT id FROM account WHERE email = 'owner@zoco.example'")[0].id}/${path}`, body)), '403 forbidden');
	assert.equal((await boss.form(`/en/admin/people/${id}/sign-out`, {})).status, 303);
	assert.equal((await boss.form(`/en/admin/people/${id}/reset`, {})).status, 303);
});

test('pages: a role is made, its boxes are all permissions that there are, checked ones are saved; a key is shown once', async () => {
	const page = async path => (await boss.fetch(path)).text(), name = `desk-${'abcdefgh'[Date.now() % 8]}`;
	let answer = await boss.form('/en/admin/roles', { name });
	assert.match(answer.headers.get('location'), new RegExp(`/en/admin/roles/${name}$`));
	assert.equal((await boss.form('/en/admin/roles', { name })).status, 409);
	assert.equal((await boss.form('/en/admin/roles', { name: 'Not A Name' })).status, 422);
	const text = await page(`/en/admin/roles/${name}`);
	const boxes = new Map([...text.matchAll(/name="(permissions\.\d+)" value="([\w.]+)"/g)].map(([, field, value]) => [value, field]));
	const asked = Object.values(document.paths).flatMap(path => Object.values(path).map(o => o['x-needs'])).filter(needs => needs.includes('.'));
	assert.deepEqual(asked.filter(needs => !boxes.has(needs)), []);
	assert.doesNotMatch(text, / checked| disabled/);
	const chosen = ['orders.order.read', 'payments.payment.read', 'audit.entry.read'].sort();
	answer = await boss.form(`/en/admin/roles/${name}`, Object.fromEntries(chosen.map(one => [boxes.get(one), one])));
	assert.equal(answer.status, 303);
	const kept = () => boss.api('GET', '/auth/roles').then(a => a.body.items.find(r => r.name === name));
	assert.deepEqual((await kept()).permissions.split(' ').sort(), chosen);
	assert.equal((await page(`/es/admin/roles/${name}`)).match(/ checked/g).length, 3);
	assert.equal((await boss.form(`/en/admin/roles/${name}`, {})).status, 303);
	assert.equal((await kept()).permissions, '');
	assert.equal((await boss.form(`/en/admin/roles/${name}/remove`, {})).status, 303);
	assert.equal(await kept(), undefined);
	assert.doesNotMatch(await page('/es/admin/roles/owner'), /permissions\.0/);
	assert.equal((await boss.fetch('/en/admin/roles/no-such-role')).status, 404);
	// A key: nothing of people, roles and keys is offered.
	const keys = await page('/es/admin/keys');
	assert.doesNotMatch(keys, /value="auth\./);
	const made = await boss.form('/es/admin/keys', { name: 'ERP', days: 30, [keys.match(/name="(permissions\.\d+)" value="payments.payment.read"/)[1]]: 'payments.payment.read' });
	assert.equal(made.status, 201);
	const key = (await made.text()).match(/<code>(zk_[\w-]{43})<\/code>/)[1];
	assert.equal((await new Client().api('GET', '/payments', undefined, { authorization: `Bearer ${key}` })).status, 200);
	assert.ok(!(await page('/es/admin/keys')).includes(key));
	assert.equal((await boss.form('/es/admin/keys', { name: 'nothing' })).status, 422);
});

test('the matrix: every route with every shipped role', async () => {
	const roles = sql('auth', `SELECT name, permissions FROM role WHERE name IN ('customer', 'manager', 'catalog-editor', 'warehouse', 'support', 'finance', 'auditor')`);
	const routes = Object.entries(document.paths).flatMap(([path, operations]) => Object.entries(operations)
		.map(([method, o]) => ({ path, method: method.toUpperCase(), needs: o['x-needs'] }))).filter(r => r.path.startsWith('/api/v1/'));
	for (const name of ['manager', 'catalog-editor'])
		assert.match(roles.find(role => role.name === name).permissions, / catalog\.synonym\.write catalog\.product\.import /);
	let checked = 0;
	const ask = async (client, { path, method }) => {
		const headers = { 'idempotency-key': randomUUID(), ...(method === 'GET' || method === 'DELETE' ? {} : { 'content-type': 'application/json' }) };
		const answer = await client.fetch(path.replaceAll(/\{[^}]+\}/g, randomUUID()), { method, headers,
			body: method === 'GET' || method === 'DELETE' ? undefined : '[]' });	// never valid: nothing is changed
		const text = await answer.text();
		checked++;
		return `${answer.status} ${text.startsWith('{') ? JSON.parse(text).type ?? '' : ''}`;
	};
	for (const route of routes.filter(r => r.needs.includes('.')))
		assert.equal(await ask(new Client(), route), '401 /problems/not-signed-in', `nobody: ${route.method} ${route.path}`);
	for (const { name, permissions } of roles) {
		const { client } = await person(name);
		for (const route of routes.filter(r => r.needs.includes('.'))) {
			const answer = await ask(client, route), may = permissions.split(' ').includes(route.needs);
			assert.equal(answer === '403 /problems/forbidden', !may, `${name}: ${route.method} ${route.path} ${answer}`);
		}
	}
	assert.ok(checked > 300, `${checked} checked`);
});

test('a grant for one place: only its stock is seen and moved; who, what and where is named when refused; nobody grants wider', async () => {
	assert.equal((await boss.idempotent('POST', '/inventory/locations', { code: 'norte', name: 'Norte' })).status, 201);
	const { id, client } = await person('warehouse@location:norte');
	const [{ roles }] = (await boss.api('GET', '/auth/users?role=warehouse')).body.items.filter(p => p.id === id);
	assert.equal(roles, 'warehouse@location:norte');
	const variant_id = variant(1), move = (location, delta = 5) => client.idempotent('POST', '/inventory/adjustments', { variant_id, ...(location ? { location } : {}), delta, reason: 'received' });
	const refused = async (answer, permission, scope) => {
		const { status, body } = await answer;
		assert.deepEqual([status, body.type, body.permission, body.scope], [403, '/problems/forbidden', permission, scope]);
	};
	let answer = await move('norte');
	assert.deepEqual([answer.status, answer.body.location], [201, 'norte'], JSON.stringify(answer.body));
	assert.equal((await move(undefined)).body.location, 'norte', 'nothing said: theirs, not the shop\'s first');
	await refused(move('main'), 'inventory.level.adjust', 'location:main');
	const levels = await client.api('GET', '/inventory/levels');
	assert.ok(levels.body.items.length > 0 && levels.body.items.every(l => l.location === 'norte'), JSON.stringify(levels.body));
	await refused(client.api('GET', '/inventory/levels?location=main'), 'inventory.level.read', 'location:main');
	assert.ok((await client.api('GET', '/inventory/movements')).body.items.every(m => m.location === 'norte'));
	await refused(client.api('GET', '/inventory/movements?location=main'), 'inventory.movement.read', 'location:main');
	await refused(client.api('GET', '/inventory/levels.csv'), 'inventory.level.read', 'location:norte');
	await refused(client.api('GET', '/inventory/locations'), 'inventory.location.read', 'location:norte');
	// What is known by its id: a transfer ends, a count is made somewhere.
	const send = (who, from, to) => who.idempotent('POST', '/inventory/transfers', { from, to, lines: [{ variant: variant_id, quantity: 1 }] });
	await refused(send(client, 'main', 'norte'), 'inventory.level.adjust', 'location:main');
	const there = (await send(boss, 'main', 'norte')).body, back = (await send(client, 'norte', 'main')).body;
	const receive = (who, t) => who.idempotent('POST', `/inventory/transfers/${t.id}/receive`, { lines: [{ variant: variant_id, quantity: 1 }] });
	assert.equal((await client.api('GET', `/inventory/transfers/${there.id}`)).status, 200);
	await refused(receive(client, back), 'inventory.level.adjust', 'location:main');
	assert.equal((await receive(client, there)).status, 200);
	const count = (await boss.idempotent('POST', '/inventory/counts', { location: 'main' })).body;
	await refused(client.api('GET', `/inventory/counts/${count.id}`), 'inventory.level.read', 'location:main');
	await refused(client.api('GET', `/inventory/counts/${randomUUID()}`), 'inventory.level.read', 'location');
	// Pages: the menu has it, the page shows theirs, and a refusal says where.
	const page = await (await client.fetch('/en/admin/stock')).text();
	assert.match(page, /href="\/en\/admin\/stock"/);
	assert.doesNotMatch(page, /href="\/en\/admin\/products"/);
	answer = await client.fetch('/en/admin/stock?location=main');
	assert.equal(answer.status, 403);
	assert.match(await answer.text(), /inventory\.level\.read[^]*location:main/);
	// What may this person do, where, and why.
	const { items } = (await boss.api('GET', `/auth/users/${id}/permissions`)).body;
	assert.deepEqual(items.find(p => p.permission === 'inventory.level.adjust'), { permission: 'inventory.level.adjust', scope: 'location:norte', roles: 'warehouse' });
	const shown = await (await boss.fetch(`/es/admin/people/${id}`)).text();
	assert.match(shown, /<code>inventory\.level\.adjust<\/code><\/td><td><code>location:norte</);
	// Nobody gives more than they have, or for elsewhere.
	assert.equal((await role(boss, 'granter', 'auth.user.grant', 'auth.user.read')).status, 200);
	const granter = await person('granter', 'warehouse@location:norte'), other = await person();
	assert.equal((await grant(granter.client, other.id, 'warehouse@location:norte')).status, 204);
	for (const wider of ['warehouse', 'warehouse@location:main'])
		assert.equal(type(await grant(granter.client, other.id, wider)), '403 forbidden', wider);
	assert.equal(type(await grant(boss, other.id, 'owner@location:norte')), '409 conflict');
	assert.equal(type(await grant(boss, other.id, 'warehouse@city:madrid')), '404 not-found');
	// By the page, beside another place; taken away, it is at once.
	assert.equal((await boss.form(`/en/admin/people/${id}/roles`, { role: 'warehouse', scope: 'location:main', is_on: 'true' })).status, 303);
	assert.equal((await move('main')).status, 201);
	assert.equal((await boss.form(`/en/admin/people/${id}/roles`, { role: 'warehouse', scope: 'location:main', is_on: 'false' })).status, 303);
	await refused(move('main'), 'inventory.level.adjust', 'location:main');
	assert.equal((await move('norte')).status, 201);
	assert.equal((await boss.form(`/en/admin/people/${id}/roles`, { role: 'warehouse', scope: 'everywhere', is_on: 'true' })).status, 422);
});

test('a grant for one category: what is in it, or below, is edited; what is elsewhere is not', async () => {
	const { body: { items: tree } } = await boss.api('GET', '/catalog/categories');
	const [home, garden] = ['casa', 'jardin'].map(slug => tree.find(c => c.slug === slug).id);
	const text = (name, slug) => [{ lang: 'es', name, slug }];
	const below = (await boss.api('POST', '/catalog/categories', { parent_id: home, texts: text('Balda', 'balda') })).body;
	const make = async (slug, category) => (await boss.api('POST', '/catalog/products', { texts: text(slug, slug), categories: [category],
		variants: [{ sku: slug.toUpperCase(), price: { amount: 900, currency: 'EUR' } }] })).body;
	const mine = await make('balda-una', 'balda'), foreign = await make('fuera-una', 'jardin');
	const { client } = await person(`catalog-editor@category:${home}`);
	const change = (kind, id, body) => client.api('PATCH', `/catalog/${kind}/${id}`, body, { 'if-match': '*' });
	const price = { price: { amount: 800, currency: 'EUR' } };
	const changed = await change('products', mine.id, { brand: 'Balda' });
	assert.equal(changed.status, 200, JSON.stringify(changed.body));
	assert.equal((await change('variants', mine.variants[0].id, price)).status, 200);
	assert.equal((await client.fetch(`/en/admin/products/${mine.id}`)).status, 200);
	for (const answer of [await change('products', foreign.id, { brand: 'Balda' }), await change('variants', foreign.variants[0].id, price),
		await client.api('GET', `/catalog/products/${foreign.id}/source`)]) {
		assert.equal(type(answer), '403 forbidden');
		assert.equal(answer.body.scope, `category:${garden}`);
	}
	assert.equal((await client.api('GET', `/catalog/categories/${below.id}`)).status, 200);
	assert.equal(type(await client.api('GET', `/catalog/categories/${garden}`)), '403 forbidden');
	assert.equal((await boss.api('GET', `/catalog/products/${foreign.id}`)).body.brand ?? '', '');
});
