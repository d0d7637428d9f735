// The jobs as the staff see them: what each did, when it runs next, and "now".
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, customer, owner, sql, staff, until } from './client.mjs';

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
		assert.ok(wait > -60e3 && wait <= 24 * 3600e3, `${name} ${job.next_at}`);
	}
	assert.equal((await find('purge')).is_looping, false);
});

test('what runs is told from what has ended, and from what was killed', async () => {
	const runs = async () => (await boss.api('GET', '/system/jobs/deliver_events')).body.runs;
	const pid = () => Number(readFileSync(`${dir}/run/pids/job-deliver_events`, 'utf8'));
	process.kill(pid(), 'SIGTERM');     // its databases are gone: the next one has today's
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
