// Bad input on every route of the OpenAPI document: a clear problem, nothing
// changed, never a 5xx, never a dead worker.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { owner, sql, url } from './client.mjs';
import { checkAnswer } from './contract.mjs';

const document = await (await fetch(`${url}/openapi.json`)).json();
const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
	Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));

const id = randomUUID();
const concrete = path => path.replaceAll(/\{[^}]+\}/g, id);
const raw = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]);
const bodies = [
	'', '{', 'null', '[]', '"text"', '1', 'true', '{"a":1,"a":2}', '{"a":"\\u0000"}', '{"\\u0000":1}', '{"a":"\\ud800"}',
	'{"a":NaN}', '{"a":01}', "{'a':1}", '{"unknown_member":1}', '[1e400]', '{"a":99999999999999999999}',
	'['.repeat(100000), '{"a":'.repeat(20) + '1' + '}'.repeat(20), `{"a":"${'x'.repeat(60000)}"}`, raw,
];

// Every member of the route's body with each wrong type, the others left as they may be.
function* mistaken(schema) {
	for (const name of Object.keys(schema?.properties ?? {}))
		for (const wrong of [null, true, -1, 1.5, 9e15, '', 'x'.repeat(5000), '\u202e<svg onload=x>%s%n', [], {}, [[{}]]])
			yield { [name]: wrong };
}

async function check(method, path, answer, what = '') {
	const text = await answer.text(), { status, headers } = answer;
	assert.ok(status < 500, `${method} ${path} ${what}: ${status} ${text.slice(0, 200)}`);
	if (status >= 400)
		await checkAnswer(method, path, { status, headers, body: JSON.parse(text) });
}

const rows = () => [sql('orders', 'SELECT count(*) FROM shop_order'), sql('inventory', 'SELECT sum(on_hand) FROM level'),
	sql('auth', 'SELECT count(*) FROM account'), sql('catalog', 'SELECT count(*) FROM product'),
	sql('payments', 'SELECT count(*) FROM payment')];

test('there is a document, and it knows the routes', () => {
	assert.equal(document.openapi, '3.1.0');
	assert.ok(routes.length >= 40, `${routes.length} routes`);
});

for (const signed of [true, false])
	test(`hostile bodies and queries, ${signed ? 'by the owner' : 'by anybody'}`, async () => {
		const client = signed ? await owner() : null, before = rows();
		const send = async (path, method, headers, body) => {
			const cookie = client ? { cookie: [...client.cookies].map(c => c.join('=')).join('; '), origin: url } : {};
			const answer = await fetch(url + path, { method, redirect: 'manual', headers: { ...cookie, 'idempotency-key': randomUUID(), ...headers }, body });
			await check(method, path, answer, String(body).slice(0, 80));
		};
		let sent = 0;
		for (const { path, method, operation } of routes) {
			const at = concrete(path);
			if (/logout|webhooks/.test(path))
				continue;
			const json = { 'content-type': 'application/json' };
			if (method === 'GET' || method === 'DELETE') {
				for (const query of ['?unknown=1', '?limit=0', '?limit=x', '?after=%00', '?after=zzz', '?a=1&a=2', '?q=%ff', `?after=${'x'.repeat(3000)}`])
					await send(at + query, method), sent++;
				await send(path.replaceAll(/\{[^}]+\}/g, '%c0%ae%27'), method), sent++;
			} else {
				const schema = operation.requestBody?.content['application/json'].schema;
				for (const body of schema ? bodies : bodies.slice(1, 4))
					await send(at, method, json, body), sent++;
				for (const body of mistaken(schema))
					await send(at, method, json, JSON.stringify(body)), sent++;
				await send(at, method, { 'content-type': 'text/plain' }, '{}'), sent++;
			}
		}
		assert.ok(sent > 300, `${sent} requests`);
		assert.deepEqual(rows(), before);
	});

test('a body too large, a wrong method and an unknown path are problems too', async () => {
	for (const [path, method, body, status] of [
		['/api/v1/cart/items', 'POST', 'x'.repeat(70000), 413], ['/api/v1/cart', 'PUT', '{}', 405], ['/api/v1/cart/nothing/here', 'GET', undefined, 404]]) {
		const answer = await fetch(url + path, { method, body, headers: { 'content-type': 'application/json' } });
		await check(method, path, answer);
		assert.equal(answer.status, status);
	}
});
