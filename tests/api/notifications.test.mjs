// Messages by mail, SMS, Web Push and feed; preferences, templates, dead
// letters. The push service and the SMS provider are doubles that check what
// comes in by npm's http_ece and jose, and by Twilio's own specification.
import assert from 'node:assert/strict';
import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import http from 'node:http';
import test, { after, before } from 'node:test';
import ece from 'http_ece';
import { importJWK, jwtVerify } from 'jose';
import { Client, customer, internal, mails, owner, sql, staff, until, url, variant } from './client.mjs';
import { provePhone, readSms } from './twilio.mjs';

const port = Number(process.env.ZOCO_FAKE_PORT);
const base = `http://127.0.0.1:${port}`;
const boss = await owner();

const seen = [];
const answers = new Map();		// path -> list of [status, headers]
const double = http.createServer((request, response) => {
	const parts = [];
	request.on('data', part => parts.push(part)).on('end', () => {
		seen.push({ path: request.url, method: request.method, headers: request.headers, body: Buffer.concat(parts) });
		const queue = answers.get(request.url) ?? [];
		const [status, headers] = queue.length > 1 ? queue.shift() : queue[0] ?? [201, {}];
		response.writeHead(status, headers).end('{}');
	});
});
before(() => new Promise(resolve => double.listen(port, '127.0.0.1', resolve)));
after(() => double.close());
const to = path => seen.filter(s => s.path === path);

function browser(name) {
	const ecdh = createECDH('prime256v1');
	ecdh.generateKeys();
	const auth = randomBytes(16);
	return { ecdh, auth, path: `/push/${name}`, subscription: { endpoint: `${base}/push/${name}`,
		p256dh: ecdh.getPublicKey().toString('base64url'), auth: auth.toString('base64url') } };
}
const subscribe = (client, b) => client.api('POST', '/notifications/push-subscriptions', b.subscription);
const low = async product => {
	for (const set_to of [50, 1])
		assert.equal((await boss.idempotent('POST', '/inventory/adjustments', { variant_id: variant(product), set_to, reason: 'count' })).status, 201);
};
const row = (where, columns = '*') => sql('notifications', `SELECT ${columns} FROM message WHERE ${where}`);

test('low stock reaches those who asked: mail, feed, Web Push, SMS', async () => {
	const b = browser('one'), worker = await staff();
	const choices = [{ topic: 'alerts', channel: 'sms', is_on: true }];
	await provePhone(worker, '+34600111222');
	const set = await worker.api('PUT', '/notifications/preferences', { choices, alerts: ['main'] });
	assert.equal(set.status, 200, JSON.stringify(set.body));
	assert.equal((await subscribe(worker, b)).status, 204);
	await low(1);
	await until(async () => (await mails('staff@zoco.example')).some(mail => /\b1\b/.test(mail.subject)), 'the mail');
	const [push] = await until(() => to(b.path).length > 0 && to(b.path), 'the push');

	// RFC 8291: only this browser can read it.
	const text = ece.decrypt(push.body, { version: 'aes128gcm', privateKey: b.ecdh, authSecret: b.auth.toString('base64url') });
	const payload = JSON.parse(text);
	assert.equal(payload.url, `/es/admin/stock/${variant(1)}`);
	assert.equal(push.headers['content-encoding'], 'aes128gcm');
	assert.ok(Number(push.headers.ttl) > 0);

	// RFC 8292: signed by the key that browsers subscribed with.
	const [, token, key] = /^vapid t=([^,]+), k=(.+)$/.exec(push.headers.authorization);
	const { body: { public_key } } = await new Client().api('GET', '/notifications/push-key');
	assert.equal(key, public_key);
	const point = Buffer.from(key, 'base64url');
	const jwk = { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') };
	const { payload: claims } = await jwtVerify(token, await importJWK(jwk, 'ES256'), { audience: base });
	assert.ok(claims.exp - Date.now() / 1000 < 86400 && claims.exp > Date.now() / 1000);
	assert.match(claims.sub, /^mailto:/);

	const texts = () => seen.filter(s => s.path.endsWith('/Messages.json')).map(s => readSms({ ...s, url: s.path }));
	await until(() => texts().some(sms => sms.To === '+34600111222' && /admin\/stock/.test(sms.Body)), 'the SMS');
	const { body: feed } = await worker.api('GET', '/notifications/feed');
	assert.equal(feed.items[0].path, `/admin/stock/${variant(1)}`);
	assert.equal(feed.items[0].read_at, null);
	assert.equal((await worker.api('POST', '/notifications/feed/read')).status, 204);
	assert.notEqual((await worker.api('GET', '/notifications/feed')).body.items[0].read_at, null);
	assert.deepEqual((await boss.api('GET', '/notifications/feed')).body.items, []);
});

test('another location\'s alerts, and what was refused, do not come', async () => {
	const worker = await staff();
	await worker.api('PUT', '/notifications/preferences', { choices: [{ topic: 'alerts', channel: 'mail', is_on: false }], alerts: ['main'] });
	await boss.api('PUT', '/notifications/preferences', { alerts: ['elsewhere'] });
	const about = async address => (await mails(address)).filter(m => m.text.includes(variant(2))).length;
	await low(2);
	await until(async () => (await worker.api('GET', '/notifications/feed')).body.items.some(i => i.path.endsWith(variant(2))), 'the feed');
	assert.equal(await about('staff@zoco.example'), 0);
	assert.equal(await about('owner@zoco.example'), 0);
});

test('a browser that has left is forgotten; a busy push service is asked again', async () => {
	const gone = browser('gone'), busy = browser('busy'), worker = await staff();
	answers.set(gone.path, [[410, {}]]);
	answers.set(busy.path, [[503, { 'retry-after': '120' }]]);
	await subscribe(worker, gone);
	await subscribe(worker, busy);
	await low(3);
	await until(() => to(gone.path).length > 0 && to(busy.path).length > 0, 'both');
	await until(() => sql('notifications', `SELECT 1 FROM push_subscription WHERE endpoint LIKE '%gone'`).length === 0, 'the end of one');
	const waiting = await until(() => row(`channel = 'push' AND status = 'queued' AND tries = 1`, 'extract(epoch FROM next_at - now()) AS s')[0], 'the other');
	assert.ok(waiting.s > 100 && waiting.s < 180, `${waiting.s} s`);
	await worker.api('DELETE', '/notifications/push-subscriptions', { endpoint: busy.subscription.endpoint });
});

test('what is no endpoint or key is refused; what leads inside is never asked', async () => {
	const worker = await staff();
	for (const change of [{ endpoint: 'http://push.example/x' }, { endpoint: 'file:///etc/passwd' }, { p256dh: 'A'.repeat(87) }, { auth: '!'.repeat(22) }]) {
		const { status, body } = await worker.api('POST', '/notifications/push-subscriptions', { ...browser('x').subscription, ...change });
		assert.equal(status, 422, JSON.stringify(change));
		assert.ok(body.errors.length > 0);
	}
	for (const endpoint of [`https://127.0.0.1:${port}/inside`, `https://[::1]:${port}/inside`, `https://0x7f000001:${port}/inside`])
		assert.equal((await worker.api('POST', '/notifications/push-subscriptions', { ...browser('x').subscription, endpoint })).status, 204);
	await low(4);
	const rows = await until(() => { const r = row(`channel = 'push' AND tries > 0 AND status <> 'sending' AND to_address IN (SELECT id::text FROM push_subscription WHERE endpoint LIKE '%/inside')`,
		'last_error'); return r.length === 3 && r; }, 'three refusals');
	assert.ok(rows.every(r => r.last_error !== ''));
	assert.equal(to('/inside').length, 0);
});

test('quiet hours hold SMS, push and marketing back, not what somebody waits for', async () => {
	const worker = await staff();
	const hour = Number(new Intl.DateTimeFormat('en', { timeZone: 'Europe/Madrid', hour: 'numeric', hourCycle: 'h23' }).format());
	await worker.api('PUT', '/notifications/preferences', { quiet_from: hour, quiet_to: (hour + 3) % 24, alerts: [''],
		choices: [{ topic: 'alerts', channel: 'mail', is_on: true }] });
	const n = to('/push/one').length, m = (await mails('staff@zoco.example')).length;
	await low(5);
	await until(async () => (await mails('staff@zoco.example')).length === m + 1, 'the mail');
	const held = row(`channel IN ('push', 'sms') AND status = 'queued' AND tries = 0`, `extract(epoch FROM next_at - now()) / 3600 AS hours`);
	assert.ok(held.length >= 2);
	assert.ok(held.every(h => h.hours > 1 && h.hours < 4), JSON.stringify(held));
	assert.equal(to('/push/one').length, n);
	const me = (await worker.api('GET', '/auth/me')).body, offer = randomUUID();
	await tell('cart', 'cart.abandoned', { email: me.email, name: 'S', lang: 'es', lines: [] }, offer, me.id);
	const [waits] = await until(() => { const r = row(`event_id = '${offer}'`, `status, unsubscribe, extract(epoch FROM next_at - now()) / 3600 AS hours`); return r.length > 0 && r; }, 'the offer');
	assert.ok(waits.status === 'queued' && waits.hours > 1, 'marketing waits, too');
	assert.equal((await new Client().form(`/api/v1/notifications/unsubscribe/${waits.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })).status, 200);
	assert.deepEqual(row(`event_id = '${offer}'`), [], 'and does not go out to whom has left');
	assert.equal((await worker.api('PUT', '/notifications/preferences', { quiet_from: 24 })).body.errors[0].field, 'quiet_from');
	assert.equal((await worker.api('PUT', '/notifications/preferences', { phone: '+34600111222' })).body.errors[0].field, 'phone', 'only a proven one');
});

// An event of another program, as the pump would carry it.
const tell = (source, type, data, id = randomUUID(), subject = randomUUID()) => internal(source, 'POST', '/internal/notifications/events', { events: [
	{ id, number: 1, type, source, subject, actor: 'guest', request_id: '', time: new Date().toISOString(), data }] });

test('marketing leaves with one click, and a look at the link changes nothing', async () => {
	const data = { email: 'Ana@example.com', name: 'Ana', lang: 'es', lines: [{ name: 'Taza', quantity: 2 }] };
	await tell('cart', 'cart.abandoned', data);
	const [mail] = await until(async () => { const m = await mails('ana@example.com'); return m.length > 0 && m; }, 'the reminder');
	const [stored] = row(`kind = 'cart_abandoned'`);
	const headers = new Map(mail.headers);
	assert.equal(headers.get('List-Unsubscribe-Post'), 'List-Unsubscribe=One-Click');
	assert.equal(headers.get('List-Unsubscribe'), `<${url}/api/v1/notifications/unsubscribe/${stored.unsubscribe}>`);
	const path = `/api/v1/notifications/unsubscribe/${stored.unsubscribe}`;
	const visitor = new Client();
	assert.equal((await visitor.fetch(path)).status, 405);
	const page = await visitor.fetch(`/es/unsubscribe?token=${stored.unsubscribe}`);
	assert.equal(page.status, 200);
	assert.match(await page.text(), /ana@example.com/i);
	assert.equal((await visitor.fetch('/es/unsubscribe?token=forged.x')).status, 422);
	assert.equal((await visitor.form('/es/unsubscribe', { token: 'forged.x' })).status, 422);
	assert.deepEqual(sql('notifications', "SELECT address FROM unsubscribed WHERE address LIKE 'ana@%'"), []);
	for (let i = 0; i < 2; i++) {	// as a mail program does: no cookie, a foreign origin
		const answer = await visitor.fetch(path, { method: 'POST', body: 'List-Unsubscribe=One-Click',
			headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://mail.example' } });
		assert.equal(answer.status, 200, await answer.text());
	}
	assert.deepEqual(sql('notifications', "SELECT address, topic FROM unsubscribed WHERE address LIKE 'ana@%'"), [{ address: 'ana@example.com', topic: 'offers' }]);
	await tell('cart', 'cart.abandoned', data);
	await tell('auth', 'user.password-changed', { email: 'ana@example.com', name: 'Ana', lang: 'es', url: 'http://x' });
	await until(async () => (await mails('ana@example.com')).length === 2, 'the mail of the account');
	assert.equal(row(`kind = 'cart_abandoned'`).length, 1);
	assert.equal(row(`kind = 'user_password_changed'`)[0].unsubscribe, '');
});

test('an event that comes twice is one mail, and its Message-ID is the event\'s', async () => {
	const id = randomUUID(), data = { email: 'twice@example.com', name: 'Z', lang: 'en', url: 'http://x' };
	for (let i = 0; i < 2; i++)
		await tell('auth', 'user.password-changed', data, id);
	await until(async () => (await mails('twice@example.com')).length === 1, 'the mail');
	assert.equal(row(`to_address = 'twice@example.com'`).length, 1);
	assert.ok(row(`to_address = 'twice@example.com'`)[0].message_id.startsWith(`<${id}.`));
});

test('a refused mail is a dead letter that staff read and replay; others pass it', async () => {
	const run = randomUUID().slice(0, 8);	// the sink remembers whom it refused
	await tell('auth', 'user.password-changed', { email: `refuse-550-1@dead-${run}.example`, name: 'R', lang: 'en', url: 'http://x' });
	await tell('auth', 'user.password-changed', { email: 'after@example.com', name: 'A', lang: 'en', url: 'http://x' });
	await until(async () => (await mails('after@example.com')).length === 1, 'the next one');
	const dead = await until(async () => (await boss.api('GET', '/notifications/deliveries?status=failed&channel=mail'))
		.body.items.find(m => m.to_address === `refuse-550-1@dead-${run}.example`), 'the dead letter');
	assert.match(dead.last_error, /^550/);
	const detail = await boss.api('GET', `/notifications/deliveries/${dead.id}`);
	assert.equal(detail.body.attempts.length, 1);
	assert.equal(detail.body.text, '', 'links of an account stay its own');
	const page = await boss.fetch(`/en/admin/messages/${dead.id}`);
	assert.match(await page.text(), /550/);
	assert.equal((await boss.idempotent('POST', `/notifications/deliveries/${dead.id}/resend`, {})).status, 200);
	await until(async () => (await mails(`refuse-550-1@dead-${run}.example`)).length === 1, 'the replay');
	for (const to of [`refuse-550-1@all-${run}.example`, `refuse-550-1@left-${run}.example`])
		await tell('cart', 'cart.abandoned', { email: to, name: 'R', lang: 'en', lines: [] });
	await until(() => row(`to_address ~ '@(all|left)-${run}' AND status = 'failed'`).length === 2, 'two more');
	const left = row(`to_address LIKE '%@left-${run}%'`)[0];
	assert.equal((await new Client().form(`/api/v1/notifications/unsubscribe/${left.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })).status, 200);
	assert.equal((await boss.idempotent('POST', `/notifications/deliveries/${left.id}/resend`, {})).status, 409);
	assert.match(await (await boss.fetch('/es/admin/')).text(), /<strong>\d<\/strong> mensajes fallidos/);
	assert.match(await (await boss.fetch('/en/admin/messages?status=failed')).text(), /admin\/messages\/resend/);
	assert.equal((await boss.idempotent('POST', '/notifications/deliveries/resend', { channel: 'sms' })).body.resent, 0);
	assert.equal((await boss.idempotent('POST', '/notifications/deliveries/resend', { channel: 'mail' })).body.resent, 1);
	await until(async () => (await mails(`refuse-550-1@all-${run}.example`)).length === 1, 'the other');
	assert.equal((await mails(`refuse-550-1@left-${run}.example`)).length, 0, 'who left hears no more');
	await until(() => sql('audit', `SELECT 1 FROM entry WHERE action = 'mail.resent'`).length === 2, 'the entries');
	assert.equal((await (await customer()).api('GET', '/notifications/deliveries')).status, 403);
});

test('the owner\'s words are used, versioned, tried out, and left again', async () => {
	const path = '/notifications/templates/user_password_changed/en';
	const ours = (await boss.api('GET', path)).body;
	assert.equal(ours.is_ours, true);
	const mine = { subject: 'Hi {{name}}', text: 'Changed, {{name}}.', html: '{{<mail/frame.html}}{{$body}}<p>{{name}} &amp; co</p>{{/body}}{{/mail/frame.html}}' };
	const preview = await boss.api('POST', `${path}/preview`, mine);
	assert.equal(preview.status, 200, JSON.stringify(preview.body));
	assert.equal(preview.body.subject, 'Hi Ana');
	assert.match(preview.body.html, /<p>Ana &amp; co<\/p>/);
	assert.equal((await boss.api('PUT', path, { ...mine, text: '{{#open}}' })).status, 422);
	assert.equal((await boss.api('PUT', path, mine)).status, 200);
	const say = async address => {
		await tell('auth', 'user.password-changed', { email: address, name: '<b>', lang: 'en', url: 'http://x' });
		return until(() => row(`to_address = '${address}'`)[0], 'the message');
	};
	let message = await say('t1@example.com');
	assert.equal(message.subject, 'Hi <b>');
	assert.equal(message.text, 'Changed, <b>.');
	assert.match(message.html, /<p>&lt;b&gt; &amp; co<\/p>/);
	assert.equal((await boss.api('POST', `${path}/test`, {})).status, 200);
	await until(async () => (await mails('owner@zoco.example')).some(m => m.subject === 'Hi Ana'), 'the test mail');
	assert.equal((await boss.api('PUT', path, { ...mine, subject: 'Two' })).body.version, 2);
	const letter = '/en/admin/messages/templates/user_password_changed/en/letter';
	const look = async query => (await boss.fetch(letter + query)).text();
	assert.match(await look(''), /<p>Ana &amp; co<\/p>/);
	assert.match(await look('?part=text'), /^Two\n\nChanged, Ana\./);
	assert.match(await look('?part=text&version=1'), /^Hi Ana\n/);
	assert.match(await look('?part=text&version=0'), /password/i);
	assert.equal((await boss.fetch(`${letter}?version=9`)).status, 404);
	const typed = await boss.form(letter, { ...mine, html: '<i>{{name}}</i><!--# include virtual="/healthz" -->', part: 'html' });
	assert.equal(await typed.text(), '<i>Ana</i><!--# include virtual="/healthz" -->', 'nothing is included');
	const wrong = await boss.form(letter, { ...mine, text: '{{#open}}', part: 'text' });
	assert.deepEqual([wrong.status, wrong.headers.get('content-type')], [422, 'text/plain; charset=utf-8']);
	assert.match(await wrong.text(), /open/);
	assert.equal((await boss.api('POST', `${path}/restore`, { version: 1 })).body.subject, 'Hi {{name}}');
	assert.equal((await boss.api('POST', `${path}/restore`, { version: 0 })).body.is_ours, true);
	message = await say('t2@example.com');
	assert.match(message.subject, /password/i);
	assert.equal((await boss.api('GET', '/notifications/templates/none/en')).status, 404);
	assert.equal((await (await staff()).api('PUT', path, mine)).status, 403);
});

test('every message can be looked at in both languages, as HTML and as text, styled and harmless', async () => {
	const { items } = (await boss.api('GET', '/notifications/templates')).body;
	assert.ok(items.length >= 50);
	for (const { name, lang } of items)
		for (const part of ['html', 'text']) {
			const answer = await boss.fetch(`/es/admin/messages/templates/${name}/${lang}/letter?part=${part}`), text = await answer.text();
			assert.equal(answer.status, 200, name);
			assert.doesNotMatch(text, /mail\.\w|\{\w|\{\{/, `${name} ${lang}`);
			assert.match(answer.headers.get('content-security-policy'), /^default-src 'none'; style-src 'unsafe-inline';.*sandbox$/);
			assert.match(answer.headers.get('content-type'), part === 'html' ? /^text\/html/ : /^text\/plain/);
		}
	assert.match((await boss.fetch('/es/admin/messages')).headers.get('content-security-policy'), /style-src 'self'/);
	assert.equal((await boss.fetch('/es/admin/messages/templates/none/es/letter')).status, 404);
	assert.equal((await (await customer()).fetch('/es/admin/messages/templates/order_placed/es/letter')).status, 403);
});

test('pages of messages, in both languages', async () => {
	for (const lang of ['es', 'en'])
		for (const path of ['admin/messages', 'admin/messages?status=failed', 'admin/messages/templates', 'admin/messages/templates/order_placed/es', 'account/messages'])
			assert.equal((await boss.fetch(`/${lang}/${path}`)).status, 200, path);
	const answer = await boss.form('/es/account/messages', { alerts_all: 'true', alerts_mail: 'true' });
	assert.equal(answer.status, 303, await answer.text());
	const { body } = await boss.api('GET', '/notifications/preferences');
	assert.deepEqual(body.alerts, ['']);
	assert.equal(body.choices.find(c => c.topic === 'offers' && c.channel === 'mail').is_on, false);
	assert.equal((await boss.form('/es/account/messages', { quiet_from: '99' })).status, 422);
});
