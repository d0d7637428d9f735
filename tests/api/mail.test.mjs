// Mails as they lie in the sink, read by a parser that is not ours: both parts,
// the words as they were, one Message-ID, and no way out of what is no marketing.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { simpleParser } from 'mailparser';
import { Client, sql, until } from './client.mjs';

const dir = process.env.ZOCO_DIR;

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
