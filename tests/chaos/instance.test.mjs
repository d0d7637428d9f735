// The private shop that all other tests stand on: what is killed comes back,
// data go back to their beginning, settings change while it runs.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const { ZOCO_URL: url, ZOCO_DIR: dir, ZOCO_INSTANCE: instance } = process.env;
const services = fs.readFileSync(`${dir}/etc/services`, 'utf8').trim()
    .split('\n').map((line) => line.split('\t')[0])
    .filter((name) => !name.startsWith('job-'));
const domains = fs.readdirSync(`${dir}/bin`)
    .map((name) => /^zoco-(?!migrate|admin|job-)(.*)$/.exec(name)?.[1])
    .filter(Boolean);
const pid = (name) => Number(fs.readFileSync(`${dir}/run/pids/${name}`));

async function status(path) {
	try {
		return (await fetch(url + path, { redirect: 'manual',
		    signal: AbortSignal.timeout(2000) })).status;
	} catch {
		return 0;
	}
}

// Addresses on which a process listens, of TCP.
function listening(process) {
	const inodes = fs.readdirSync(`/proc/${process}/fd`).map((fd) => {
		try {
			return fs.readlinkSync(`/proc/${process}/fd/${fd}`);
		} catch {
			return '';
		}
	});
	return ['tcp', 'tcp6'].flatMap((kind) =>
	    fs.readFileSync(`/proc/${process}/net/${kind}`, 'utf8').split('\n')
	    .map((line) => line.trim().split(/\s+/))
	    .filter((row) => row[3] === '0A' && inodes.includes(`socket:[${row[9]}]`))
	    .map((row) => row[1].split(':')[0]));
}

function run(...command) {
	return execFileSync(command[0], command.slice(1), { encoding: 'utf8',
	    stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

// Milliseconds until the stores and every program say that they are ready.
async function untilReady() {
	const start = Date.now();
	for (;;) {
		try {
			run('pg_isready', '-q', '-h', `${dir}/run`);
			run('redis-cli', '-s', `${dir}/run/redis.sock`, 'ping');
		} catch {
			assert.ok(Date.now() - start < 30000, 'stores not ready');
			continue;
		}
		const all = await Promise.all(domains.map((domain) =>
		    status(`/${domain}/readyz`)));
		if (all.every((code) => code === 200))
			return Date.now() - start;
		if (Date.now() - start > 30000)
			assert.fail(`not ready: ${all}`);
		await sleep(20);
	}
}

function sql(database, text) {
	return run('psql', '-XAtq', '-h', `${dir}/run`, '-U', 'postgres',
	    '-d', database, '-c', text);
}

test('everything runs as an unprivileged user, on loopback only', () => {
	for (const name of services) {
		const uid = /^Uid:\s+(\d+)/m.exec(
		    fs.readFileSync(`/proc/${pid(name)}/status`, 'utf8'))[1];
		assert.notEqual(uid, '0', name);
		assert.deepEqual(listening(pid(name)),
		    name === 'nginx' || name === 'mail' ? ['0100007F'] : [], name);
	}
});

for (const name of services)
	test(`${name} is killed and comes back`, async () => {
		const old = pid(name);

		process.kill(old, 'SIGKILL');
		for (let i = 0; fs.existsSync(`/proc/${old}`) && i < 100; i++)
			await sleep(10);
		await untilReady();
		for (let i = 0; i < 100 && !fs.existsSync(`${dir}/run/pids/${name}`); i++)
			await sleep(20);
		assert.notEqual(pid(name), old);
	});

test('reset-data takes back what was written', async () => {
	const database = `zoco_${domains[0]}`;

	sql(database, 'CREATE TABLE chaos_mark (n int)');
	assert.equal(sql(database, 'SELECT count(*) FROM chaos_mark'), '0');
	run(instance, 'reset-data', dir);
	assert.equal(sql(database, "SELECT to_regclass('chaos_mark') IS NULL"), 't');
	await untilReady();
	assert.equal(sql(database, `SELECT
		has_database_privilege('zoco_${domains[0]}', '${database}', 'CONNECT'),
		has_database_privilege('zoco_${domains[1]}', '${database}', 'CONNECT')`),
	    't|f');
});

test('a setting changes nginx without a restart of anything', async () => {
	const before = services.map((name) => [name, pid(name)]);

	const ask = () => Promise.all(Array.from({ length: 12 }, () =>
	    status(`/${domains[0]}/readyz`)));
	const set = (...pairs) => run(instance, 'set', dir, ...pairs);
	const wait = async (wanted) => {
		for (let i = 0; i < 30; i++) {
			if (wanted(await ask()))
				return true;
			await sleep(100);
		}
		return false;
	};

	set('RATE=1', 'BURST=2');
	assert.ok(await wait((codes) =>
	    codes.filter((code) => code === 429).length > 8));
	set('RATE=1000000', 'BURST=100000');
	assert.ok(await wait((codes) => codes.every((code) => code === 200)));
	assert.deepEqual(before.map(([name]) => [name, pid(name)]), before);
});
