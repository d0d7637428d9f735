// The jobs as the staff see them: what each did, when it runs next, and "now".
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, customer, mails, owner, sql, staff, until } from './client.mjs';

const boss = await owner(), dir = process.env.ZOCO_DIR;
const jobs = async () => (await boss.api('GET', '/system/jobs')).body;
const find = async name => (await jobs()).items.find(job => job.name === name);

test('every job of the crontab is listed with its next run', async () => {
	const lines = spawnSync('sed', ['-n', 's/^\\([^#]*\\)\tzoco\tzoco-job-\\([a-z_]*\\).*/\\2 \\1/p', `${dir}/share/zoco.crontab`],
		{ encoding: 'utf8' }).stdout.trim().split('\n');
	const { items, away } = await until(async () => { const all = await jobs(); return all.away.length === 0 && all; }, 'all domains');
	assert.deepEqual(away, []);
	for (const [name, schedule] of lines.map(line => line.split(/ (.*)/))) {
		const job = items.find(item => item.name === name);
		assert.equal(job?.schedule, schedule, name);
		const wait = new Date(job.next_at) - Date.now();
		const most = (schedule.split(' ')[2] === '*' ? 1 : 31) * 86400e3;
		assert.ok(wait > -60e3 && wait <= most, `${name} ${job.next_at}`);
	}
	assert.equal((await find('purge')).is_looping, false);
});

test('what runs is told from what has ended, and from what was killed', async () => {
	const runs = async () => (await boss.api('GET', '/system/jobs/deliver_events')).body.runs;
	const pid = () => Number(readFileSync(`${dir}/run/pids/job-deliver_events`, 'utf8'));
	for (const domain of ['orders', 'system'])
		await until(async () => (await runs()).some(run => run.domain === domain && run.state === 'running' && run.ended_at === null), 'the pump', 60);
	const pump = await find('deliver_events');
	assert.ok(pump.is_looping && pump.domains.includes('orders') && pump.domains.includes('system'));
	for (const child of readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim().split(' '))
		process.kill(Number(child), 'SIGKILL');
	await until(async () => (await runs()).some(run => run.state === 'lost' && run.ended_at === null), 'the end', 30);
	assert.equal((await boss.api('GET', '/system/jobs/nonsense')).status, 404);
});

test('a job is run now, by another process, once for a wish asked twice', async () => {
	const before = (await boss.api('GET', '/system/jobs/purge')).body.runs.length;
	const key = randomUUID(), ask = () => boss.idempotent('POST', '/system/jobs/purge/run', {}, key);
	const [one, two] = [await ask(), await ask()];
	assert.deepEqual([one.status, two.status, one.body.id], [202, 202, two.body.id]);
	const wish = await until(async () => { const { wish } = (await boss.api('GET', '/system/jobs/purge')).body; return wish.ended_at && wish; },
		'the run', 60);
	assert.deepEqual([wish.id, wish.status], [one.body.id, 0]);
	const { runs } = (await boss.api('GET', '/system/jobs/purge')).body;
	assert.ok(runs.length > before && runs.every(run => run.state === 'done'));
	await until(() => sql('audit', `SELECT 1 FROM entry WHERE action = 'job.asked'`).length > 0, 'the audit', 30);
	assert.equal((await find('purge')).state, 'done');
});

test('a wish for a job that runs already ends with 75; unknown jobs are none', async () => {
	assert.equal((await boss.idempotent('POST', '/system/jobs/run_asked/run', {})).status, 202);
	const wish = await until(async () => { const { wish } = (await boss.api('GET', '/system/jobs/run_asked')).body; return wish.ended_at && wish; }, 'the run', 60);
	assert.equal(wish.status, 75);
	for (const name of ['nonsense', '..', 'purge%20--help', 'purge;id'])
		assert.equal((await boss.idempotent('POST', `/system/jobs/${name}/run`, {})).status, 404, name);
});

test('who may not look may not run; pages say the same', async () => {
	for (const [who, status] of [[new Client(), 401], [await customer(), 403]]) {
		assert.equal((await who.api('GET', '/system/jobs')).status, status);
		assert.equal((await who.idempotent('POST', '/system/jobs/purge/run', {})).status, status);
	}
	const clerk = await staff();
	assert.equal((await clerk.api('GET', '/system/jobs')).status, 200);
	assert.equal((await clerk.idempotent('POST', '/system/jobs/purge/run', {})).status, 403);
	for (const [lang, word] of [['es', 'Repartir los eventos'], ['en', 'Deliver events']]) {
		const text = await (await boss.fetch(`/${lang}/admin/jobs`)).text();
		assert.ok(text.includes(word) && !text.includes('system.job.') && text.includes('badge-running'), lang);
		assert.equal((await boss.fetch(`/${lang}/admin/jobs/purge`)).status, 200);
	}
	const answer = await boss.form('/en/admin/jobs/purge/run', { idempotency_key: randomUUID() });
	assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/en/admin/jobs/purge']);
});

test('a job tells how far it is, on a terminal only', async () => {
	const command = `${dir}/bin/zoco-job-low_stock_alerts --config ${process.env.ZOCO_CONF}`;
	await until(async () => (await find('low_stock_alerts')).state !== 'running', 'the one of now', 60);
	const run = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', env: { ...process.env, TERM: 'xterm' } });
	assert.equal(run.status, 0, run.stdout);
	assert.match(run.stdout, /\rlow_stock_alerts: \d+ done, 0 failed, \d+ s/);
	assert.doesNotMatch(spawnSync('sh', ['-c', `${command} 2>&1`], { encoding: 'utf8' }).stdout, /\r/);
});

test('somebody writes to the shop: a mail to it, whose answer goes to them; once; robots are not heard', async () => {
	const visitor = new Client(), word = `pedal-${Date.now()}`;
	const text = { name: 'Ana Ruiz', email: 'ana.escribe@example.com', topic: 'order', number: 'ZC-2026-7', message: `Hola:\n¿Y mi ${word}?` };
	const found = async () => (await mails()).filter(m => JSON.stringify(m).includes(word));
	const key = randomUUID();
	for (let i = 0; i < 2; i++)
		assert.equal((await visitor.idempotent('POST', '/system/contact', text, key)).status, 204);
	assert.equal((await visitor.idempotent('POST', '/system/contact', { ...text, website: 'https://spam.example' })).status, 204);
	const bad = await visitor.idempotent('POST', '/system/contact', { ...text, email: 'ana', topic: 'spam', message: undefined });
	assert.deepEqual([bad.status, bad.body.errors.map(e => e.field)], [422, ['email', 'topic', 'message']]);
	const form = await visitor.form('/es/contact', { ...text, email: 'ana', idempotency_key: randomUUID() }), html = await form.text();
	assert.equal(form.status, 422);
	assert.match(html, new RegExp(`value="Ana Ruiz".*value="ana".*<option value="order" selected>.*value="ZC-2026-7".*Y mi ${word}`, 's'));
	const sent = await visitor.form('/en/contact', { ...text, message: `Again, ${word}`, idempotency_key: randomUUID() });
	assert.deepEqual([sent.status, sent.headers.get('location')], [303, '/en/contact/sent']);
	assert.match(await (await visitor.fetch('/en/contact/sent')).text(), /We have your message/);
	await until(async () => (await found()).length === 2, 'both mails', 30);
	const seen = await found();
	for (const mail of seen) {
		assert.match(JSON.stringify(mail), /ana\.escribe@example\.com/);
		assert.notEqual(mail.to, text.email);
		assert.match(mail.subject, /Ana Ruiz/);
	}
	assert.deepEqual(sql('notifications', `SELECT DISTINCT reply_to, to_name, status FROM message WHERE text LIKE '%${word}%'`),
		[{ reply_to: text.email, to_name: '', status: 'sent' }]);
});
