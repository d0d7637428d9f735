// Mails as they lie in the sink, read by a parser that is not ours: both parts,
// the words as they were, one Message-ID, and a way out of marketing only.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { simpleParser } from 'mailparser';
import { Client, customer, sql, until, url, variant } from './client.mjs';

const { ZOCO_DIR: dir, ZOCO_CONF: conf } = process.env;

// Every mail to that address, as it came over SMTP.
async function arrived(to) {
	const all = await Promise.all(readdirSync(`${dir}/mail/new`).map(async file => {
		const raw = readFileSync(`${dir}/mail/new/${file}`);
		return { raw: raw.toString('latin1'), ...await simpleParser(raw) };
	}));
	return all.filter(mail => mail.to?.value.some(one => one.address === to));
}
const one = to => until(async () => (await arrived(to))[0], `the mail to ${to}`, 60);

function check(mail) {
	assert.equal(mail.from.value[0].address, 'tienda@zoco.example');
	assert.match(mail.messageId, /^<[\w.-]+@zoco\.example>$/);
	assert.ok(Math.abs(Date.now() - mail.date) < 600e3, String(mail.date));
	assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
	assert.equal(mail.headers.get('mime-version'), '1.0');
	assert.equal(mail.headers.get('content-type').value, 'multipart/alternative');
	assert.deepEqual([...mail.raw.matchAll(/^content-type: text\/(\w+); *charset="?([\w-]+)/gim)].map(([, kind, charset]) =>
		[kind, charset.toLowerCase()]), [['plain', 'utf-8'], ['html', 'utf-8']]);
	assert.ok(mail.text.trim().length > 20 && /<html/i.test(mail.html));
	assert.doesNotMatch(mail.text + mail.subject, /\{\{|\uFFFD|&amp;|<\w/);
	assert.ok(mail.raw.split('\r\n').every(line => line.length <= 998 && /^[\x00-\x7f]*$/.test(line)), '7 bits, lines that fit');
	assert.deepEqual(mail.attachments, []);
}

test('an account\'s mail: names and words in any script, no way out of it', async () => {
	const email = `m-${randomUUID()}@example.com`, name = 'Ñandú "Zoë" 日本, Señor';
	assert.equal((await new Client().api('POST', '/auth/register', { email, password: 'tres tristes tigres', name })).status, 202);
	const mail = await one(email);
	check(mail);
	assert.equal(mail.to.value[0].name, name);
	assert.equal(mail.headers.has('list-unsubscribe'), false);
	assert.equal(sql('notifications', `SELECT message_id FROM message WHERE to_address = '${email}'`)[0].message_id, mail.messageId);
});

test('marketing: left by one click (RFC 8058), without a cookie, for good', async () => {
	const ann = await customer(), email = `left-${randomUUID()}@example.com`;
	const remind = () => spawnSync('setpriv', ['--reuid', ids[0], '--regid', ids[1], '--clear-groups', `${dir}/bin/zoco-job-abandoned_carts`,
		'--config', conf], { encoding: 'utf8', env: { ...process.env, ZOCO_CART_REMINDER_MINUTES: '0' } });
	const ids = spawnSync('stat', ['-c', '%u %g', conf], { encoding: 'utf8' }).stdout.trim().split(' ');
	assert.equal((await ann.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 })).status, 201);
	assert.equal((await ann.api('PATCH', '/cart', { email, marketing_consent: true })).status, 200);
	await until(() => remind().status === 0, 'the reminder', 60);
	const mail = await one(email);
	check(mail);
	const list = mail.headers.get('list').unsubscribe;
	assert.ok(list.url.startsWith(`${url}/`), list.url);
	assert.equal(mail.headers.get('list')['unsubscribe-post']?.name ?? mail.headers.get('list-unsubscribe-post'), 'List-Unsubscribe=One-Click');
	assert.match(mail.text, /unsubscribe\?token=/);
	const answer = await fetch(list.url, { method: 'POST', body: 'List-Unsubscribe=One-Click',
		headers: { 'content-type': 'application/x-www-form-urlencoded' }, redirect: 'manual' });
	assert.equal(answer.status, 200);
	assert.equal(sql('notifications', `SELECT topic FROM unsubscribed WHERE address = '${email}'`).length, 1);
	await until(() => sql('cart', 'SELECT 1 FROM cart WHERE marketing_consent').length === 0, 'cart to hear of it', 60);
});

test('with a sandbox_address all mail goes there, whoever it is for', async () => {
	const instance = (...args) => spawnSync(process.env.ZOCO_INSTANCE, args, { stdio: 'ignore' });
	const email = `far-${randomUUID()}@example.com`;
	instance('set', dir, 'sandbox_address=box@zoco.example');
	try {
		await until(async () => (await new Client().api('POST', '/auth/register', { email, password: 'tres tristes tigres', name: 'Fía' })
			.catch(() => ({}))).status === 202, 'auth', 60);
		const mail = await one('box@zoco.example');
		check(mail);
		await until(() => sql('notifications', `SELECT 1 FROM message WHERE to_address = '${email}' AND status = 'sent'`).length === 1, 'its record', 60);
		assert.deepEqual(await arrived(email), []);
		assert.equal(mail.headers.get('x-rcptto'), 'box@zoco.example');
	} finally {
		instance('set', dir, 'sandbox_address=');
	}
});
