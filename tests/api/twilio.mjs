// A double of Twilio: it takes messages as the real one does, and holds each
// against Twilio's own specification, where that is at hand.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import Ajv from 'ajv/dist/2020.js';
import { sql, until } from './client.mjs';

const path = '/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json';
const spec = new URL('../../../shared/data/provider-specs/twilio_api_v2010.json', import.meta.url);
export const hasSpec = existsSync(spec);
let validate;

function schema() {
	const { paths, components } = JSON.parse(readFileSync(spec, 'utf8'));
	const { schema: shape } = paths['/2010-04-01/Accounts/{AccountSid}/Messages.json'].post.requestBody.content['application/x-www-form-urlencoded'];
	const ajv = new Ajv({ strict: false, coerceTypes: 'array', formats: { 'phone-number': /^\+[1-9]\d{6,14}$/, uri: true, 'date-time': true } });
	return ajv.compile({ ...shape, components, additionalProperties: false });
}

// The fields of a request { url, method, headers, body }, which is a good one.
export function readSms({ url, method, headers, body }) {
	assert.deepEqual([method, url], ['POST', path]);
	assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
	assert.match(Buffer.from(headers.authorization.replace(/^Basic /, ''), 'base64').toString(), /^AC0+:[0-9a-f]{64}$/);
	const form = Object.fromEntries(new URLSearchParams(body.toString()));
	if (hasSpec) {
		validate ??= schema();
		assert.ok(validate({ ...form }), JSON.stringify(validate.errors));
	}
	assert.match(form.To, /^\+[1-9]\d{6,14}$/);
	return form;
}

// Listens on the port that the shop sends SMS to; what came in, as fields.
export async function twilio() {
	const seen = [], faults = [];
	const server = http.createServer((request, response) => {
		const parts = [];
		request.on('data', part => parts.push(part)).on('end', () => {
			const { url, method, headers } = request;
			try {
				seen.push({ ...readSms({ url, method, headers, body: Buffer.concat(parts) }), at: Date.now() });
			} catch (fault) {
				faults.push(fault);
			}
			response.writeHead(faults.length > 0 ? 400 : 201, { 'content-type': 'application/json' }).end('{}');
		});
	});
	await new Promise(resolve => server.listen(Number(process.env.ZOCO_FAKE_PORT), '127.0.0.1', resolve));
	return { seen, faults, close: () => server.close() };
}

// The last code on its way to a number, once there are `n` of them.
export async function codeBySms(phone, n = 1) {
	const rows = await until(() => {
		const found = sql('notifications', `SELECT text FROM message WHERE kind = 'user_sms_code_asked' AND to_address = '${phone}' ORDER BY id`);
		return found.length >= n && found;
	}, 'the code by SMS', 30);
	return rows.at(-1).text.match(/\d{6}/)[0];
}

// The number is the client's from now on, and notifications knows.
export async function provePhone(client, phone, more = {}) {
	const sent = sql('notifications', `SELECT 1 FROM message WHERE kind = 'user_sms_code_asked' AND to_address = '${phone}'`).length;
	assert.equal((await client.api('POST', '/auth/me/phone', { phone })).status, 202);
	const code = await codeBySms(phone, sent + 1);
	assert.equal((await client.api('POST', '/auth/me/phone/confirm', { code, ...more })).status, 204);
	await until(async () => (await client.api('GET', '/notifications/preferences')).body.phone === phone, 'notifications to know', 30);
}
