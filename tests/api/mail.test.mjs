// Mails as they lie in the sink, read by a parser that is not ours: both parts,
// the words as they were, one Message-ID, and no way out of what is no marketing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { simpleParser } from 'mailparser';
import { Client, internal, sql, until } from './client.mjs';
import { meddle } from '../chaos/shop.mjs';

const dir = process.env.ZOCO_DIR;
const BATCH = 20;      // of cron/send_notifications.c

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

test('a marketing mail\'s way out, as RFC 8058 wants it', async () => {
	const email = `m-${randomUUID()}@example.com`;
	await internal('cart', 'POST', '/internal/notifications/events', { events: [{ id: randomUUID(), number: 1, type: 'cart.abandoned', source: 'cart',
		subject: randomUUID(), actor: 'job:test', request_id: '', time: new Date().toISOString(),
		data: { email, lang: 'es', lines: [{ name: 'Taza «Ñ»', quantity: 2 }] } }] });
	const mail = await one(email), { unsubscribe, 'unsubscribe-post': post } = mail.headers.get('list');
	check(mail);
	assert.equal(post.name, 'List-Unsubscribe=One-Click');
	const { pathname } = new URL(unsubscribe.url), visitor = new Client();
	assert.equal((await visitor.fetch(pathname)).status, 405);
	assert.equal(sql('notifications', `SELECT 1 FROM unsubscribed WHERE address = '${email}'`).length, 0);
	assert.equal((await visitor.form(pathname, { 'List-Unsubscribe': 'One-Click' })).status, 200);
	assert.equal(sql('notifications', `SELECT 1 FROM unsubscribed WHERE address = '${email}'`).length, 1);
});

test('a trial shop writes to one address only; a channel hands over so many a minute', async () => {
	const pid = () => readFileSync(`${dir}/run/pids/job-send_notifications`, 'utf8');
	const set = async (...pairs) => {
		const old = pid();
		execFileSync(process.env.ZOCO_INSTANCE, ['set', dir, ...pairs], { stdio: 'ignore' });
		await until(() => { try { return pid() !== old; } catch { return false; } }, 'the next job', 60);
	};
	await set('sandbox_address=trial@example.com', 'mail_per_minute=60');
	meddle('notifications', `INSERT INTO message (id, event_id, kind, to_address, lang, subject, text, html, message_id, status, created_at, next_at)
		SELECT gen_random_uuid(), gen_random_uuid(), 'order_placed', 'somebody@example.com', 'es', 'Trial ' || n, 'x', '', '<' || gen_random_uuid() || '@zoco.example>',
		'queued', now(), now() FROM generate_series(1, ${BATCH + 4}) n`);
	const trial = async () => (await arrived('trial@example.com')).filter(mail => /^Trial/.test(mail.subject));
	await until(async () => (await trial()).length === BATCH + 4, 'all of them', 90);
	assert.deepEqual(await arrived('somebody@example.com'), []);
	const [{ s }] = sql('notifications', `SELECT extract(epoch FROM max(at) - min(at))::int AS s FROM delivery_attempt
		WHERE message_id IN (SELECT id FROM message WHERE subject LIKE 'Trial%')`);
	assert.ok(s >= 3, `${s} s: a batch at once, then one a second`);
	await set('sandbox_address=', 'mail_per_minute=3000');
});
