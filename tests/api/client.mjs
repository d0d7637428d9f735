// How the tests speak to the shop: over HTTP as a client, over nginx's Unix
// socket as another program, and to PostgreSQL to assert (never to set up what
// an interface can).
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { checkAnswer } from './contract.mjs';

export const url = process.env.ZOCO_URL;
const dir = process.env.ZOCO_DIR;

// Cookies of one visitor; no browser's rules beyond name and value.
export class Client {
	cookies = new Map();

	async fetch(path, options = {}) {
		const headers = { ...options.headers };
		if (this.cookies.size > 0)
			headers.cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		if (options.method && options.method !== 'GET')
			headers.origin ??= url;
		const ask = () => fetch(url + path, { redirect: 'manual', ...options, headers });
		// A test that has run something for long has not seen nginx end the connection.
		const answer = await ask().catch(error => (options.method ?? 'GET') === 'GET' ? ask() : Promise.reject(error));
		for (const cookie of answer.headers.getSetCookie()) {
			const [name, value] = cookie.split(';')[0].split(/=(.*)/s);
			if (/max-age=0/i.test(cookie))
				this.cookies.delete(name);
			else
				this.cookies.set(name, value);
		}
		return answer;
	}

	// A call of the JSON API; { status, body, headers }, as documented. Text and
	// bytes are sent as they are, with the content-type given.
	async api(method, path, body, headers = {}) {
		const isRaw = typeof body === 'string' || body instanceof Uint8Array;
		const answer = await this.fetch('/api/v1' + path, {
			method,
			headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
			body: body === undefined || isRaw ? body : JSON.stringify(body),
		});
		const text = await answer.text();
		const result = { status: answer.status, headers: answer.headers, body: text === '' ? null : JSON.parse(text) };
		await checkAnswer(method, `/api/v1${path}`, result);
		return result;
	}

	// The same with an Idempotency-Key, a fresh one if none is given.
	idempotent(method, path, body, key = randomUUID()) {
		return this.api(method, path, body, { 'idempotency-key': key });
	}

	// A form of a page, as a browser posts it.
	form(path, fields) {
		return this.fetch(path, {
			method: 'POST',
			headers: { 'content-type': 'application/x-www-form-urlencoded' },
			body: new URLSearchParams(fields),
		});
	}

	async signIn(email, password) {
		const answer = await this.api('POST', '/auth/login', { email, password });
		if (answer.status !== 200)
			throw new Error(`sign in: ${answer.status}`);
		return this;
	}
}

export const owner = () => new Client().signIn('owner@zoco.example', 'demo-owner-2026');
export const staff = () => new Client().signIn('staff@zoco.example', 'demo-staff-2026');
export const customer = () => new Client().signIn('customer@zoco.example', 'demo-customer-2026');

// A call of another program: `caller` is a domain, whose key we may read.
export function internal(caller, method, path, body) {
	const key = readFileSync(`${dir}/etc/keys/${caller}.key`, 'utf8').trim();
	const text = body === undefined ? undefined : JSON.stringify(body);
	return new Promise((resolve, reject) => {
		const request = http.request({
			socketPath: `${dir}/run/internal.sock`, method, path,
			headers: {
				'X-Zoco-Caller': caller, 'X-Zoco-Key': key,
				...(text === undefined ? {} :
					{ 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
			},
		}, answer => {
			let received = '';
			answer.setEncoding('utf8').on('data', part => { received += part; });
			answer.on('end', () => resolve({
				status: answer.statusCode, body: received === '' ? null : JSON.parse(received),
			}));
		});
		request.on('error', reject).end(text);
	});
}

// Rows of a domain's database, as objects; asserting only.
export function sql(domain, query) {
	const text = execFileSync('psql', ['-XqAt', '-h', process.env.ZOCO_PGHOST, '-U', `zoco_${domain}_owner`,
		'-d', `zoco_${domain}`, '-c', `SELECT coalesce(json_agg(q), '[]') FROM (${query}) AS q`]);
	return JSON.parse(text);
}

// Waits until `condition` gives something true, ten seconds at most.
export async function until(condition, what = 'the condition', seconds = 10) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const value = await condition();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`waited in vain for ${what}`);
		await new Promise(resolve => setTimeout(resolve, 50));
	}
}

// Is the program of that domain part of this build?
export const has = domain => existsSync(`${dir}/run/${domain}.sock`);

// Mails in the sink, newest first.
export async function mails(to) {
	const answer = await fetch(`${url}/dev/mail.json${to ? `?to=${encodeURIComponent(to)}` : ''}`);
	return answer.json();
}

export const variant = (product, number = 1) =>
	`0190a000-0000-7000-8000-0000000${String(product).padStart(3, '0')}${String(number).padStart(2, '0')}`;
