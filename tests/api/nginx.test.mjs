// The front door by itself: nginx/generate's configuration before programs
// that do as they are told.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fastcgiServer } from './fastcgi_server.mjs';

const root = new URL('../../', import.meta.url).pathname;
const dir = fs.mkdtempSync('/tmp/zn.');
const asked = [];	// every request that reached a program
let port, nginx, closers = [];
let tell;		// what the catalog answers; by path of DOCUMENT_URI

function listenPort() {
	return new Promise((done) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			const { port: free } = server.address();
			server.close(() => done(free));
		});
	});
}

async function startNginx(...keys) {
	execFileSync(`${root}nginx/generate`, [`${dir}/etc`, 'SERVER=plain',
	    `LISTEN=127.0.0.1:${port}`, 'NAMES=127.0.0.1 localhost',
	    `RUN=${dir}/run`, `LOG=${dir}/log`, `CACHE=${dir}/cache`,
	    `HTML=${dir}/html`, `MEDIA=${dir}/media`, 'RATE=1000', 'BURST=1000',
	    ...keys, 'catalog', 'cart', 'system']);
	const conf = `${dir}/etc/nginx.conf`;
	nginx = spawn('nginx', ['-e', `${dir}/log/nginx.log`, '-c', conf],
	    { stdio: 'ignore' });
	for (let i = 0; i < 100; i++) {
		const there = await new Promise((done) => {
			const socket = net.connect(port, '127.0.0.1');
			socket.on('connect', () => done(true));
			socket.on('error', () => done(false));
			socket.on('connect', () => socket.destroy());
		});
		if (there)
			return;
		await sleep(50);
	}
	throw new Error(fs.readFileSync(`${dir}/log/nginx.log`, 'utf8'));
}

function stopNginx() {
	return new Promise((done) => {
		nginx.once('exit', done);
		nginx.kill('SIGTERM');
	});
}

// One request as it stands, nothing followed: {status, headers, text}.
function ask(path, { method = 'GET', headers = {}, body, socket, tls } = {}) {
	return new Promise((done, failed) => {
		const where = socket ? { socketPath: socket }
		    : { host: '127.0.0.1', port, ...tls };
		const r = (tls ? https : http).request({ ...where, path, method, headers,
		    agent: false, timeout: 8000 }, (answer) => {
			let text = '';
			answer.setEncoding('utf8');
			answer.on('data', (chunk) => { text += chunk; });
			answer.on('end', () => done({ status: answer.statusCode,
			    headers: answer.headers, text }));
		});
		r.on('error', failed);
		r.on('timeout', () => r.destroy(new Error('timeout')));
		r.end(body);
	});
}

before(async () => {
	for (const name of ['run', 'log', 'cache', 'media'])
		fs.mkdirSync(`${dir}/${name}`);
	fs.cpSync(`${root}nginx/html`, `${dir}/html`, { recursive: true });
	fs.writeFileSync(`${dir}/html/t.css`, 'b{}'.repeat(1000));
	fs.writeFileSync(`${dir}/media/x.webp`, 'x');
	execFileSync('chmod', ['-R', 'go+rX', dir]);
	for (const domain of ['catalog', 'cart', 'system']) {
		const socket = `${dir}/run/${domain}.sock`;
		closers.push(await fastcgiServer(socket, async (r) => {
			asked.push({ domain, ...r });
			return await tell(r.params.DOCUMENT_URI, r);
		}));
		fs.chmodSync(socket, 0o777);
	}
	port = await listenPort();
	await startNginx();
});

after(async () => {
	await stopNginx();
	await Promise.all(closers.map((close) => close()));
	fs.rmSync(dir, { recursive: true });
});

beforeEach(() => {
	asked.length = 0;
	tell = (path) => ({ body: `<p>${path}</p>` });
});

const page = (fragments) => '<main>' + fragments.map((path) =>
	'<!--# block name="stub" -->STUB<!--# endblock -->' +
	`[<!--# include virtual="${path}" stub="stub" -->]`).join('') + '</main>';

test('/ redirects once, by cookie, then by browser', async () => {
	const to = async (headers) => (await ask('/', { headers })).headers.location;

	assert.equal(await to({}), '/es/');
	assert.equal(await to({ 'accept-language': 'en-GB,es;q=0.5' }), '/en/');
	assert.equal(await to({ 'accept-language': 'fr, en;q=0.5' }), '/en/');
	assert.equal(await to({ 'accept-language': 'es', cookie: 'zoco_lang=en' }),
	    '/en/');
	assert.equal(await to({ cookie: 'zoco_lang=../evil' }), '/es/');
	const { status, headers } = await ask('/cart?a=1');
	assert.equal(status, 302);
	assert.equal(headers.location, '/es/cart?a=1');
});

test('a program hears the path, the arguments, the address and the id', async () => {
	const { headers } = await ask('/es/p/taz%C3%A1?x=%20', {
		headers: { 'x-request-id': 'forged', zoco_internal: '1',
		    'zoco-internal': '1' } });
	const { params } = asked[0];

	assert.equal(params.DOCUMENT_URI, '/es/p/tazá');
	assert.equal(params.QUERY_STRING, 'x=%20');
	assert.equal(params.REMOTE_ADDR, '127.0.0.1');
	assert.equal(params.ZOCO_INTERNAL, '');
	assert.match(params.REQUEST_ID, /^[0-9a-f]{32}$/);
	assert.equal(headers['x-request-id'], params.REQUEST_ID);
});

test('the security headers are on every answer', async () => {
	tell = (path) => path.endsWith('/500') ? { status: 500 }
	    : path.endsWith('/dead') ? null : { status: 200, body: 'ok' };
	const answers = {
		200: await ask('/es/p/a'),
		302: await ask('/'),
		301: await ask('/es/admin'),
		404: await ask('/nothing'),
		413: await ask('/api/v1/cart/items', { method: 'POST',
		    body: 'x'.repeat(70000) }),
		500: await ask('/api/v1/cart/500'),
		503: await ask('/api/v1/cart/dead'),
	};
	const all = [...Object.values(answers), await ask('/static/t.css'),
	    await ask('/media/x.webp'), await ask('/fragments/cart/small')];

	for (const [status, answer] of Object.entries(answers))
		assert.equal(answer.status, Number(status));
	for (const { headers } of all) {
		assert.match(headers['content-security-policy'],
		    /^default-src 'none'; script-src 'self'; style-src 'self'/);
		assert.equal(headers['x-content-type-options'], 'nosniff');
		assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
		assert.match(headers['x-request-id'], /^[0-9a-f]{32}$/);
		assert.ok(headers['referrer-policy'] && headers['permissions-policy']);
		assert.equal(headers['strict-transport-security'], undefined);
		assert.equal(headers.server, 'nginx');
	}
});

test('an error of nginx is a problem for programs', async () => {
	const rows = [...fs.readFileSync(`${root}lib/web/problems.def`, 'utf8')
	    .matchAll(/^PROBLEM\(\w+, (\d+), "([^"]+)", "([^"]+)"\)/gm)];
	const check = async (path, status, slug, options) => {
		const answer = await ask(path, options);
		const problem = JSON.parse(answer.text);
		const row = rows.find((r) => r[2] === slug);

		assert.equal(answer.status, status);
		assert.equal(answer.headers['content-type'],
		    'application/problem+json');
		assert.deepEqual(problem, { type: `/problems/${slug}`, title: row[3],
		    status: Number(row[1]), instance: answer.headers['x-request-id'] });
		return answer;
	};

	tell = () => null;
	await check('/api/v1/nothing/here', 404, 'not-found');
	await check('/api/v1/cart', 413, 'too-large', { method: 'POST',
	    body: 'x'.repeat(70000) });
	const gone = await check('/api/v1/cart', 503, 'unavailable');
	assert.equal(gone.headers['retry-after'], '2');
	assert.equal((await ask('/es/p/x')).headers['retry-after'], '2');
});

test('an error of nginx is a page for people, in their language', async () => {
	tell = () => null;
	const es = await ask('/es/nada'), en = await ask('/en/cart');

	assert.equal(es.status, 404);
	assert.match(es.headers['content-type'], /^text\/html/);
	assert.match(es.text, /<html lang="es">[^]*Aquí no hay nada/);
	assert.equal(en.status, 503);
	assert.match(en.text, /<html lang="en">[^]*Back in a moment/);
	assert.ok(en.text.includes(en.headers['x-request-id']));
});

test("a program's own error passes as it is", async () => {
	tell = () => ({ status: 404, body: 'its own page' });
	const answer = await ask('/es/p/none');

	assert.equal(answer.status, 404);
	assert.equal(answer.text, 'its own page');
	tell = () => ({ status: 503, headers: { 'Retry-After': 7 }, body: 'later' });
	assert.equal((await ask('/es/p/none')).headers['retry-after'], '7');
});

test('a page is put together, with a stub for what fails', async () => {
	tell = (path) => ({
		'/es/p/whole': { body: page(['/fragments/cart/small',
		    '/fragments/cart/500', '/fragments/cart/dead',
		    '/fragments/cart/moved', '/fragments/catalog/blank']) },
		'/fragments/cart/small': { body: '3 items',
		    headers: { 'Set-Cookie': 'a=b' } },
		'/fragments/cart/500': { status: 500, body: 'BIG ERROR' },
		'/fragments/cart/moved': { status: 302, headers: { Location: '/' } },
		'/fragments/catalog/blank': { body: '\n' },
		'/fragments/cart/dead': null,
	})[path];
	const answer = await ask('/es/p/whole');

	assert.equal(answer.text,
	    '<main>[3 items][STUB][STUB][STUB][\n]</main>');
	assert.equal(answer.headers['set-cookie'], undefined);
});

test('a slow fragment delays the page by 0.4 s at most', async () => {
	tell = async (path) => {
		if (path.startsWith('/fragments/'))
			await sleep(2000);
		return { body: path.startsWith('/es/')
		    ? page(['/fragments/cart/slow', '/fragments/cart/slow2']) : 'late' };
	};
	const start = Date.now();
	const { status, text } = await ask('/es/p/slow');

	assert.equal(status, 200);
	assert.ok(!text.includes('late'));
	assert.ok(Date.now() - start < 1200, `${Date.now() - start} ms`);
});

test('htmx hears that a fragment failed', async () => {
	tell = () => ({ status: 500, body: 'BIG ERROR' });
	const answer = await ask('/fragments/cart/small');

	assert.equal(answer.status, 503);
	assert.ok(!answer.text.includes('BIG'));
});

test('a fragment never receives what was posted to the page', async () => {
	tell = (path) => ({ body: path === '/es/p/form'
	    ? page(['/fragments/cart/small?a=1']) : 'part' });
	await ask('/es/p/form?secret=1', { method: 'POST', body: 'password=x',
	    headers: { 'content-type': 'application/x-www-form-urlencoded' } });
	const [form, part] = asked;

	assert.equal(form.body, 'password=x');
	assert.equal(form.params.REQUEST_METHOD, 'POST');
	assert.equal(part.body, '');
	assert.equal(part.params.REQUEST_METHOD, 'GET');
	assert.equal(part.params.CONTENT_LENGTH, '');
	assert.equal(part.params.CONTENT_TYPE, '');
	assert.equal(part.params.QUERY_STRING, 'a=1');
	assert.equal(part.params.DOCUMENT_URI, '/fragments/cart/small');
	assert.equal(part.params.REQUEST_ID, form.params.REQUEST_ID);
});

test('a HEAD does not put an empty page into the cache', async () => {
	let n = 0;
	tell = () => ({ body: `page ${++n}`, headers: { 'X-Accel-Expires': 3 } });
	const head = await ask('/es/p/head', { method: 'HEAD' });
	const get = await ask('/es/p/head');

	assert.equal(head.text, '');
	assert.equal(asked[0].params.REQUEST_METHOD, 'GET');
	assert.equal(get.headers['x-cache'], 'HIT');
	assert.equal(get.text, 'page 1');
});

test('only pages that are marked are cached, fragments never', async () => {
	let n = 0;
	tell = (path) => ({
		'/es/p/plain': { body: `plain ${++n}` },
		'/es/p/zero': { body: `${++n}`, headers: { 'X-Accel-Expires': 0 } },
		'/es/p/cookie': { body: `${++n}`, headers: { 'X-Accel-Expires': 3,
		    'Set-Cookie': 'a=b' } },
		'/es/p/marked': { body: `marked ${++n} ` +
		    page(['/fragments/cart/small']), headers: { 'X-Accel-Expires': 3 } },
		'/fragments/cart/small': { body: `part ${++n}` },
	})[path];
	for (const path of ['plain', 'zero', 'cookie'])
		assert.notEqual((await ask(`/es/p/${path}`)).text,
		    (await ask(`/es/p/${path}`)).text, path);
	const first = await ask('/es/p/marked'), second = await ask('/es/p/marked');

	assert.equal(second.headers['x-cache'], 'HIT');
	assert.equal(first.text.split(' ')[1], second.text.split(' ')[1]);
	assert.notEqual(first.text, second.text);
});

test('arguments of campaigns do not make another page', async () => {
	tell = () => ({ body: 'p', headers: { 'X-Accel-Expires': 3 } });
	const cache = async (path) => (await ask(path)).headers['x-cache'];

	assert.equal(await cache('/es/p/utm'), 'MISS');
	assert.equal(await cache('/es/p/utm?utm_source=a&utm_medium=b'), 'HIT');
	assert.equal(await cache('/es/p/utm?q=1'), 'MISS');
	assert.equal(await cache('/es/p/utm?q=1&gclid=7&utm_source=x'), 'HIT');
	assert.equal(await cache('/es/p/utm?q=2&utm_source=x'), 'MISS');
	assert.equal(await cache('/en/p/utm'), 'MISS');
});

test('an old page is shown when the program is away', async () => {
	tell = () => ({ body: 'good', headers: { 'X-Accel-Expires': 1 } });
	await ask('/es/p/stale');
	await sleep(1200);
	tell = () => null;
	const answer = await ask('/es/p/stale');

	assert.equal(answer.status, 200);
	assert.equal(answer.text, 'good');
});

test('a read survives a worker that dies, a write is not repeated', async () => {
	let n = 0;
	tell = () => n++ === 0 ? null : { body: 'second' };
	assert.equal((await ask('/api/v1/cart')).text, 'second');
	n = 0;
	assert.equal((await ask('/api/v1/cart', { method: 'POST', body: '{}' }))
	    .status, 503);
	assert.equal(n, 1);
});

test('/internal exists on its own socket only', async () => {
	const path = '/internal/cart/lines';
	const header = { 'x-request-id': 'r-1' };

	assert.equal((await ask(path)).status, 404);
	assert.equal(asked.length, 0);
	const answer = await ask(path, { socket: `${dir}/run/internal.sock`,
	    headers: header, method: 'POST', body: '{}' });
	assert.equal(answer.status, 200);
	assert.equal(asked[0].params.ZOCO_INTERNAL, '1');
	assert.equal(asked[0].params.REQUEST_ID, 'r-1');
	assert.equal(asked[0].body, '{}');
});

test('static files: for ever with a version, else asked for again', async () => {
	const cache = async (path) => (await ask(path)).headers['cache-control'];

	assert.equal(await cache('/static/t.css?v=1'),
	    'public, max-age=31536000, immutable');
	assert.equal(await cache('/static/t.css'), 'no-cache');
	assert.equal(await cache('/media/x.webp'),
	    'public, max-age=31536000, immutable');
	assert.equal(await cache('/static/none.css?v=1'), undefined);
	const { headers, text } = await ask('/static/t.css');
	const again = await ask('/static/t.css', {
		headers: { 'if-none-match': headers.etag } });
	assert.equal(text.length, 3000);
	assert.equal(again.status, 304);
	assert.match(again.headers['content-security-policy'], /default-src/);
});

test('a host name that is not ours gets no answer', async () => {
	await assert.rejects(ask('/', { headers: { host: 'evil.example' } }));
	assert.equal((await ask('/', { headers: { host: 'localhost' } })).status, 302);
});

test('published changes have a socket of their own', async () => {
	const socket = `${dir}/run/publish.sock`;
	const answer = await ask('/publish/staff?channel=order-1', { socket,
	    method: 'POST', body: 'changed' });

	assert.equal(answer.status, 202);	// nobody listens
	assert.equal((await ask('/publish/staff?channel=a', { method: 'POST' })).status,
	    404);
});

test('one address may not ask without end', async () => {
	await stopNginx();
	await startNginx('RATE=5', 'BURST=3');
	await sleep(1000);
	const answers = await Promise.all(Array.from({ length: 20 }, () =>
	    ask('/api/v1/cart')));
	const refused = answers.filter((answer) => answer.status === 429);

	assert.ok(refused.length >= 10 && refused.length <= 17,
	    `${refused.length} refused`);
	assert.equal(JSON.parse(refused[0].text).type,
	    '/problems/too-many-requests');
	assert.equal(refused[0].headers['retry-after'], '1');
	assert.equal((await ask('/static/t.css')).status, 200);
});

test('a file closes the shop, and its removal opens it', async () => {
	const file = `${dir}/run/maintenance`;

	await stopNginx();	// the limits of the test before go
	await startNginx();
	fs.writeFileSync(file, '');
	try {
		for (const [path, word] of [['/es/p/a', 'lang="es"'], ['/en/', 'lang="en"'],
		    ['/api/v1/cart', '/problems/unavailable']]) {
			const answer = await ask(path);

			assert.equal(answer.status, 503, path);
			assert.ok(answer.text.includes(word), answer.text);
			assert.equal(answer.headers['retry-after'], '2');
		}
		assert.equal((await ask('/static/t.css')).status, 200, 'its look stays');
		assert.equal(asked.length, 0, 'no program is asked');
	} finally {
		fs.rmSync(file);
	}
	assert.equal((await ask('/es/p/a')).status, 200);
});

test('with TLS: HTTPS alone, and only for our names', async () => {
	const certificate = `${dir}/certificate.pem`, plain = `${dir}/run/plain.sock`;

	execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt',
	    'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
	    '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example',
	    '-keyout', `${dir}/key.pem`, '-out', certificate], { stdio: 'ignore' });
	await stopNginx();
	await startNginx('SERVER=tls', 'NAMES=shop.example',
	    `LISTEN_PLAIN=unix:${plain}`, `CERTIFICATE=${certificate}`,
	    `CERTIFICATE_KEY=${dir}/key.pem`);
	const tls = { ca: fs.readFileSync(certificate), servername: 'shop.example' };
	const headers = { host: 'shop.example' };
	const answer = await ask('/es/p/a', { tls, headers });

	assert.equal(answer.status, 200);
	assert.equal(answer.headers['strict-transport-security'],
	    'max-age=63072000; includeSubDomains');
	assert.equal(asked[0].params.HTTPS, 'on');
	const moved = await ask('/es/cart?a=1', { socket: plain, headers });
	assert.equal(moved.status, 301);
	assert.equal(moved.headers.location, 'https://shop.example/es/cart?a=1');
	await assert.rejects(ask('/', { tls: { ...tls, servername: 'evil.example' },
	    headers: { host: 'evil.example' } }));
	await assert.rejects(ask('/', { socket: plain,
	    headers: { host: 'evil.example' } }));
});
