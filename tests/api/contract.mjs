// What the OpenAPI document says of an answer, held against the answer. Client
// calls it for every answer of every test; what was met is noted for
// zz_contract.test.mjs, which runs last.
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const notes = process.env.ZOCO_CONTRACT ?? `${process.env.ZOCO_DIR}/log/contract`;
let routes, ajv;

// [{ method, path, pattern, responses }], those with fewer parameters first.
export async function documented() {
	if (routes !== undefined)
		return routes;
	const document = await (await fetch(`${process.env.ZOCO_URL}/openapi.json`)).json();
	ajv = addFormats(new Ajv({ strict: false, allErrors: true, formats: { phone: /^\+[1-9]\d{6,14}$/ } }));
	ajv.addSchema(document, 'openapi');
	const pointer = text => text.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D');
	routes = Object.entries(document.paths).flatMap(([path, operations]) => Object.entries(operations).map(([method, operation]) => ({
		method: method.toUpperCase(), path, pattern: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
		responses: operation.responses, at: `openapi#/paths/${pointer(path)}/${method}/responses`,
	}))).sort((a, b) => a.path.split('{').length - b.path.split('{').length);
	return routes;
}

function conforms(name, reference, body) {
	const validate = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference });
	assert.ok(validate(body), `${name} breaks its contract: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(body).slice(0, 500)}`);
}

export async function checkAnswer(method, path, { status, headers, body }) {
	const route = (await documented()).find(r => r.method === method && r.pattern.test(path.split('?')[0]));
	const name = `${method} ${route?.path ?? path} ${status}`;
	if (status >= 400) {
		assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/, name);
		conforms(name, 'openapi#/components/schemas/problem', body);
		assert.equal(body.status, status, name);
	} else if (route !== undefined && status !== 304) {
		const response = route.responses[status];
		assert.ok(response, `${name} is not documented`);
		if (response.content !== undefined)
			conforms(name, `${route.at}/${status}/content/application~1json/schema`, body);
		else
			assert.equal(body, null, name);
	}
	appendFileSync(notes, `${route ? `${route.method} ${route.path}` : '-'} ${status} ${body?.type ?? ''}\n`);
}

// What the tests before met: lines of "METHOD path status problem".
export const met = () => existsSync(notes) ? [...new Set(readFileSync(notes, 'utf8').trim().split('\n'))] : [];
