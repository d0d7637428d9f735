// After all others: was every documented route met, with a good answer, and
// every problem a client must be ready for?
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, owner, url } from './client.mjs';
import { documented, met } from './contract.mjs';

// These need a dependency that is gone, a defect or two askers at one instant;
// other tests make them.
const RARE = ['/problems/defect', '/problems/provider-failed', '/problems/in-progress'];

// Asked by nginx, or a mail program, or XML: their tests
// speak plain HTTP.
const PLAIN = ['GET /api/v1/inventory/live', 'POST /api/v1/notifications/unsubscribe/{token}', 'DELETE /api/v1/notifications/push-subscriptions',
	'GET /api/v1/catalog/sitemaps/{n}'];

const isPlain = name => PLAIN.includes(name) || /\.\w+$/.test(name);	// levels.csv

test('every list answers as documented', async () => {
	const boss = await owner();
	for (const { method, path } of await documented())
		if (method === 'GET' && !path.includes('{') && !isPlain(`GET ${path}`))
			assert.ok((await boss.api('GET', path.replace('/api/v1', ''))).status < 500, path);
});

test('every route has answered as documented, every problem was met', async t => {
	const seen = met();
	if (seen.length < 100)
		return t.skip(`only with the other tests before it: ${seen.length} answers`);
	const good = seen.filter(line => / [23]\d\d $/.test(line)).map(line => line.split(' ').slice(0, 2).join(' '));
	assert.deepEqual((await documented()).map(r => `${r.method} ${r.path}`).filter(name => !good.includes(name) && !isPlain(name)), []);
	const document = await (await fetch(`${url}/openapi.json`)).json();
	const problems = seen.map(line => line.split(' ').at(-1));
	assert.deepEqual(document.components.schemas.problem.properties.type.enum
		.filter(type => !problems.includes(type) && !RARE.includes(type)), []);
});

test('what is not documented is not there', async () => {
	assert.equal((await new Client().api('GET', '/orders/nothing/here')).status, 404);
});
