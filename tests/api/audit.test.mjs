// The audit trail: it is whole, it says who did what, and whoever bends it, with
// all of PostgreSQL in hand, is found out and the first bad entry named.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import test, { before } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Client, customer, owner, sql, staff, until, variant } from './client.mjs';

const { ZOCO_DIR: dir, ZOCO_CONF: conf, ZOCO_PGHOST: host } = process.env;
const file = `${dir}/log/audit-checkpoints`;
const superuser = text => execFileSync('psql', ['-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-h', host, '-U', 'postgres', '-d', 'zoco_audit', '-c', text]);
const last = () => sql('audit', 'SELECT max(sequence) AS n FROM entry')[0].n;
const checkpoint = () => spawnSync(process.env.ZOCO_INSTANCE, ['job', dir, 'checkpoint_audit'], { encoding: 'utf8' });
const byHand = () => spawnSync(`${dir}/bin/zoco-audit`, ['verify', '--config', conf], { encoding: 'utf8' });
let boss;
const verdict = async () => (await boss.api('GET', '/audit/verify')).body;

// Tables and file as they were, whatever was done to them.
async function bent(how, sequence, fault) {
	const kept = readFileSync(file, 'utf8');
	superuser('CREATE TABLE kept AS TABLE entry; CREATE TABLE kept_detail AS TABLE entry_detail; CREATE TABLE kept_private AS TABLE entry_private');
	try {
		await how();
		const { is_whole, first_bad, fault: named } = await verdict();
		assert.deepEqual([is_whole, first_bad], [false, sequence], named);
		assert.match(named, fault);
		const { status, stdout } = byHand();
		assert.equal(status, 1);
		assert.match(stdout, new RegExp(`^entry ${sequence}: `));
		checkpoint();
		assert.equal((await verdict()).first_bad, sequence, 'no later signature hides it');
	} finally {
		superuser(`TRUNCATE entry, entry_detail, entry_private; INSERT INTO entry SELECT k.* FROM kept k; INSERT INTO entry_detail SELECT k.* FROM kept_detail k;
			INSERT INTO entry_private SELECT k.* FROM kept_private k; DROP TABLE kept, kept_detail, kept_private`);
		writeFileSync(file, kept);
	}
	assert.equal((await verdict()).is_whole, true, 'whole again');
}

before(async () => {
	boss = await owner();
	for (let i = 0; i < 6; i++)
		await new Client().api('POST', '/auth/login', { email: `nobody-${i}@example.com`, password: 'wrong password' });
	await until(() => last() >= 7, 'entries', 30);
	await until(() => checkpoint().status === 0, 'a first checkpoint', 30);
});

test('whole: by the API, by hand and on a page; signed no further twice', async () => {
	const { is_whole, entries, checkpoints, next, missing } = await verdict();
	assert.equal(is_whole, true);
	assert.ok(entries >= 7 && checkpoints >= 1);
	assert.equal(next, 0);
	assert.deepEqual(missing, []);
	const { status, stdout } = byHand();
	assert.equal(status, 0);
	assert.match(stdout, /^whole: \d+ entries, [1-9]\d* checkpoints/);
	assert.match(await (await boss.fetch('/en/admin/audit/verify')).text(), /The log is whole/);
	assert.equal(checkpoint().status, 0);
	const lines = readFileSync(file, 'utf8').trim().split('\n').map(line => line.split(' '));
	assert.ok(lines.every(([sequence, hash, , signature]) => sequence > 0 && /^[0-9a-f]{64}$/.test(hash) && /^[0-9a-f]{128}$/.test(signature)));
	assert.equal(new Set(lines.map(line => line[0])).size, lines.length);
});

test('an altered entry', () => bent(() => superuser(`UPDATE entry SET actor = 'user:somebody-else' WHERE sequence = 3`), 3, /altered/));

test('an altered detail, and one that was taken away', async () => {
	await bent(() => superuser(`UPDATE entry_detail SET detail = '{}' WHERE sequence = 4`), 4, /detail was altered/);
	await bent(() => superuser('DELETE FROM entry_private WHERE sequence = 4; DELETE FROM entry_detail WHERE sequence = 4'), 4, /detail is missing/);
});

test('a removed entry', () => bent(() => superuser('DELETE FROM entry_private WHERE sequence = 5; DELETE FROM entry_detail WHERE sequence = 5; DELETE FROM entry WHERE sequence = 5'), 5, /missing/));

test('entries in another order', () => bent(() => superuser(`ALTER TABLE entry_detail DROP CONSTRAINT entry_detail_sequence_fkey;
	ALTER TABLE entry_private DROP CONSTRAINT entry_private_sequence_fkey;
	UPDATE entry SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3); UPDATE entry SET sequence = -sequence WHERE sequence < 0;
	UPDATE entry_detail SET sequence = CASE sequence WHEN 2 THEN -3 ELSE -2 END WHERE sequence IN (2, 3);
	UPDATE entry_detail SET sequence = -sequence WHERE sequence < 0;
	ALTER TABLE entry_detail ADD CONSTRAINT entry_detail_sequence_fkey FOREIGN KEY (sequence) REFERENCES entry (sequence);
	ALTER TABLE entry_private ADD CONSTRAINT entry_private_sequence_fkey FOREIGN KEY (sequence) REFERENCES entry (sequence)`), 2, /altered/));

test('an end that was cut off', () => {
	const n = last();
	return bent(() => superuser(`DELETE FROM entry_private WHERE sequence = ${n}; DELETE FROM entry_detail WHERE sequence = ${n}; DELETE FROM entry WHERE sequence = ${n}`), n, /later one was signed/);
});

test('a chain that was written anew, with every hash right', () => {
	const n = last();
	return bent(() => {
		const sha = text => createHash('sha256').update(text).digest('hex');
		let previous = '', anew = '';
		for (const e of sql('audit', 'SELECT e.*, d.salt, d.detail FROM entry e JOIN entry_detail d USING (sequence) ORDER BY sequence')) {
			const actor = e.sequence === 2 ? 'guest-of-honour' : e.actor;
			const hash = sha([e.sequence, e.source, e.number, e.event_id, e.at, actor, e.action, e.entity, e.request_id,
				e.detail_sha256, previous, ''].join('\n'));
			anew += `UPDATE entry SET actor = '${actor}', previous_sha256 = '${previous}', sha256 = '${hash}' WHERE sequence = ${e.sequence};`;
			previous = hash;
		}
		superuser(anew);
	}, Number(readFileSync(file, 'utf8').split(' ')[0]), /not the one that was signed/).then(() => assert.ok(n > 0));
});

test('a checkpoint that nobody signed', () => {
	const [sequence] = readFileSync(file, 'utf8').split(' ');
	return bent(() => writeFileSync(file, readFileSync(file, 'utf8').replace(/^(\d+) .{64}/, `$1 ${'0'.repeat(64)}`)), Number(sequence), /not one that was signed/);
});

test('the program itself may add, and nothing else', () => {
	for (const statement of ['UPDATE entry SET actor = actor', 'DELETE FROM entry', 'TRUNCATE entry, entry_detail, entry_private',
		'UPDATE entry_detail SET detail = detail', 'DELETE FROM entry_detail', 'UPDATE entry_private SET private = private', 'DELETE FROM entry_private', 'DROP TABLE entry', 'ALTER TABLE entry ADD x int']) {
		const { status, stderr } = spawnSync('psql', ['-Xq', '-v', 'VERBOSITY=sqlstate', '-v', 'ON_ERROR_STOP=1', '-h', host, '-U', 'zoco_audit', '-d', 'zoco_audit',
			'-c', statement], { encoding: 'utf8' });
		assert.notEqual(status, 0, statement);
		assert.match(stderr, /42501/, statement);
	}
});

test('looking for entries: by actor, action, entity and time; page by page', async () => {
	const get = query => boss.api('GET', `/audit/entries?${query}`).then(a => a.body.items ?? a.body);
	const [first, second] = await get('action=user.sign-in-failed&limit=2');
	assert.ok(first.sequence > second.sequence);
	assert.deepEqual((await get(`entity=${second.entity}`)).map(e => e.sequence), [second.sequence]);
	assert.ok((await get(`actor=${first.actor}`)).every(e => e.actor === first.actor));
	const day = first.at.slice(0, 10), next = (await boss.api('GET', '/audit/entries?limit=3')).body.next;
	assert.ok((await get(`from=${day}&to=${day}`)).length > 0);
	assert.deepEqual(await get('to=2020-01-01'), []);
	assert.deepEqual(await get('from=2100-01-01'), []);
	assert.deepEqual((await get(`from=${second.at}&to=${second.at}&action=user.sign-in-failed`)).map(e => e.sequence), [second.sequence]);
	assert.equal((await get('from=yesterday')).errors[0].field, 'from');
	assert.ok((await get(`limit=3&after=${next}`))[0].sequence < (await get('limit=3'))[2].sequence);
	const [entered] = await get('action=user.signed-in&limit=1');
	assert.equal(entered.actor, `user:${entered.entity}`);
	const page = await (await boss.fetch(`/es/admin/audit?action=user.sign-in-failed&from=${day}`)).text();
	assert.match(page, new RegExp(`value="${day}"`));
	assert.doesNotMatch(page, /settings\.changed/);
});

test('each entry says from where, and by which factor it came; nobody but audit hears it', async () => {
	const { body: role } = await boss.api('PUT', '/auth/roles/origin', { permissions: [] });
	const entry = id => until(async () => (await boss.api('GET', `/audit/entries?entity=${id}`)).body.items.at(-1), 'the entry', 30);
	assert.deepEqual(JSON.parse((await entry(role.id)).detail).origin, { address: '127.0.0.1', factor: 'password' });
	const [failed] = (await boss.api('GET', '/audit/entries?action=user.sign-in-failed&limit=1')).body.items;
	assert.equal(JSON.parse(failed.detail).origin.address, '127.0.0.1');
	// Of a program that was called: the one who asked first.
	const guest = await customer();
	await guest.api('POST', '/cart/items', { variant_id: variant(1), quantity: 1 });
	const [line] = (await guest.api('GET', '/cart')).body.lines;
	const order = await guest.idempotent('POST', '/orders', { email: 'eva@example.com', payment_method: 'bank_transfer',
		shipping_address: { name: 'Eva', line1: 'Calle 1', postcode: '28013', city: 'Madrid', country: 'ES' },
		expected_total: line.unit.amount + (line.unit.amount >= 5000 ? 0 : 495) });
	assert.equal(order.status, 201, JSON.stringify(order.body));
	for (const action of ['payment.created', 'stock.held', 'order.placed']) {
		const [{ detail }] = await until(async () => {
			const { items } = (await boss.api('GET', `/audit/entries?action=${action}&limit=1`)).body;
			return items.length > 0 && items;
		}, action, 30);
		assert.deepEqual(JSON.parse(detail).origin, { address: '127.0.0.1', factor: 'password' }, action);
	}
	assert.ok(sql('notifications', 'SELECT text, html FROM message').every(m => !/origin/.test(m.text + m.html)));
});

test('exports: CSV and JSON, for who may, as files; a cell is no formula', async () => {
	const answer = await boss.fetch('/api/v1/audit/export.csv?action=user.sign-in-failed');
	assert.equal(answer.status, 200);
	assert.match(answer.headers.get('content-disposition'), /audit\.csv/);
	const lines = (await answer.text()).trim().split('\n');
	assert.match(lines[0], /^sequence,source,/);
	assert.match(lines[1], /^\d+,auth,\d+,[0-9a-f-]{36},"20/);
	const { body } = await boss.api('GET', '/audit/export.json?action=user.sign-in-failed');
	assert.equal(body.items.length, lines.length - 1);
	assert.equal((await boss.fetch('/es/admin/audit/export.json?limit=5')).headers.get('content-type'), 'application/json');
	assert.equal((await (await staff()).api('GET', '/audit/export.json')).status, 403);
	superuser(`INSERT INTO entry SELECT 1000000, source, 1000000, event_id, at, '=1+1', action, entity, request_id, detail_sha256, previous_sha256, sha256 FROM entry WHERE sequence = 2;
		INSERT INTO entry_detail VALUES (1000000, '', '')`);
	try {
		assert.match(await (await boss.fetch('/api/v1/audit/export.csv?limit=1')).text(), /"'=1\+1"/);
	} finally {
		superuser('DELETE FROM entry_private WHERE sequence = 1; DELETE FROM entry_detail WHERE sequence = 1000000; DELETE FROM entry WHERE sequence = 1000000');
	}
});

// --- The archive: here everything but the newest entry is old enough. ---

const folder = `${dir}/log/audit-archive`, old = `${dir}/etc/old.conf`;
const archived = () => readdirSync(folder).filter(name => name.endsWith('.gz')).sort();
const whole = (...more) => spawnSync(`${dir}/bin/zoco-audit`, ['verify', '--config', conf, ...more], { encoding: 'utf8' });
const withArchive = () => whole('--archive', folder);
const span = () => sql('audit', 'SELECT min(sequence) AS first, max(sequence) AS last FROM entry')[0];
const archive = () => spawnSync(`${dir}/bin/zoco-job-archive_audit`, ['--config', old], { encoding: 'utf8' });

test('the archive: killed between its file and the removal it loses nothing; then the rows are gone and the chain is whole, both ways', async () => {
	const { last } = span(), lines = readFileSync(file, 'utf8').trim().split('\n').length;
	assert.equal(spawnSync(process.env.ZOCO_INSTANCE, ['job', dir, 'archive_audit']).status, 0);
	assert.equal(span().first, 1, 'nothing is two years old');
	mkdirSync(folder);
	execFileSync('chown', ['--reference', file, folder]);
	const blocker = spawn('psql', ['-Xqtc', 'BEGIN; LOCK TABLE entry_detail IN SHARE MODE; SELECT pg_sleep(300)', '-h', host, '-U', 'postgres', '-d', 'zoco_audit']);
	await until(() => sql('audit', `SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' AND relation = 'entry_detail'::regclass`).length > 0, 'the lock', 30);
	writeFileSync(old, readFileSync(conf, 'utf8') + 'audit_months = 0\n', { mode: 0o600 });
	const job = spawn(`${dir}/bin/zoco-job-archive_audit`, ['--config', old], { stdio: 'ignore' });
	await until(() => readFileSync(file, 'utf8').trim().split('\n').length > lines, 'the cut', 60);
	job.kill('SIGKILL');
	await new Promise(done => job.on('exit', done));
	superuser(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()`);
	await new Promise(done => blocker.on('exit', done));
	assert.equal(span().first, 1, 'nothing was removed');
	assert.equal((await verdict()).is_whole, true);
	assert.match(withArchive().stdout, /^whole: /);
	const [name] = archived(), made = readFileSync(`${folder}/${name}`);
	const { status, stderr } = archive();
	assert.equal(status, 0, stderr);
	const { first } = span();
	assert.ok(first >= last && first > 1, `from ${first}`);
	assert.deepEqual(readFileSync(`${folder}/${name}`), made, 'the file is as it was');
	assert.equal(statSync(`${folder}/${name}`).mode & 0o777, 0o400);
	assert.equal(gunzipSync(made).toString().trim().split('\n').length, Number(name.match(/-(\d+)\./)[1]));
	const alone = await verdict();
	assert.deepEqual([alone.is_whole, alone.missing], [true, []], alone.fault);
	assert.match(whole().stdout, /^whole: /);
	const all = withArchive();
	assert.match(all.stdout, /^whole: /, all.stdout + all.stderr);
	assert.ok(Number(all.stdout.match(/\d+/)[0]) >= last, all.stdout);
	const end = span().last;
	await new Client().api('POST', '/auth/login', { email: 'nobody@example.com', password: 'wrong password' });
	await until(() => span().last > end, 'it goes on', 30);
	assert.equal(checkpoint().status, 0);
	assert.match(withArchive().stdout, /^whole: /);
});

test('the archive: what is bent in a file, taken away, or cut elsewhere is named', async () => {
	const [name] = archived(), path = `${folder}/${name}`, { first } = span(), kept = readFileSync(file, 'utf8');
	const named = async (how, back, answers) => {
		await how();
		try {
			for (const [more, sequence, fault] of answers) {
				const { status, stdout } = whole(...more);
				assert.equal(status, 1, stdout);
				assert.match(stdout, new RegExp(`^entry ${sequence}: .*${fault}`));
			}
		} finally {
			await back();
		}
		assert.match(withArchive().stdout, /^whole: /);
	};
	const files = ['--archive', folder];
	const rewrite = change => {
		copyFileSync(path, `${path}.kept`);
		const lines = gunzipSync(readFileSync(path)).toString().trim().split('\n');
		chmodSync(path, 0o600);
		writeFileSync(path, gzipSync(change(lines).map(line => line + '\n').join('')));
	};
	const back = () => { rmSync(path); copyFileSync(`${path}.kept`, path); rmSync(`${path}.kept`); };
	await named(() => rewrite(lines => lines.map((line, i) => i === 2 ? line.replace(/"actor":"[^"]*"/, '"actor":"guest-of-honour"') : line)),
		back, [[files, 3, 'altered']]);
	await named(() => rewrite(lines => lines.filter((_, i) => i !== 3)), back, [[files, 4, 'missing']]);
	await named(() => rewrite(lines => lines.slice(0, -1)), back, [[files, Number(name.match(/-(\d+)\./)[1]), 'missing']]);
	await named(() => rewrite(lines => [...lines.slice(0, 4), 'not an entry', ...lines.slice(5)]), back, [[files, 5, 'cannot be read']]);
	await named(() => { copyFileSync(path, `${path}.kept`); rmSync(path); }, () => { copyFileSync(`${path}.kept`, path); rmSync(`${path}.kept`); },
		[[files, 1, 'missing']]);
	// The first entry after the cut, and the cut itself.
	superuser('CREATE TABLE kept AS TABLE entry; CREATE TABLE kept_detail AS TABLE entry_detail; CREATE TABLE kept_private AS TABLE entry_private');
	const rows = () => superuser(`TRUNCATE entry, entry_detail, entry_private; INSERT INTO entry SELECT k.* FROM kept k;
		INSERT INTO entry_detail SELECT k.* FROM kept_detail k; INSERT INTO entry_private SELECT k.* FROM kept_private k`);
	await named(() => superuser(`DELETE FROM entry_private WHERE sequence = ${first}; DELETE FROM entry_detail WHERE sequence = ${first}; DELETE FROM entry WHERE sequence = ${first}`), rows,
		[[[], first, 'missing'], [files, first, 'missing']]);
	superuser('DROP TABLE kept, kept_detail, kept_private');
	await named(() => writeFileSync(file, kept.replace(/^(\d+)( \S+ \S+ \S+ \w+:)/gm, (_, n, rest) => `${Number(n) + 1}${rest}`)), () => writeFileSync(file, kept),
		[[[], '\\d+', 'missing|not one that was signed']]);
	await named(() => writeFileSync(file, kept.replace(/^.* \w+:.*\n/gm, '')), () => writeFileSync(file, kept), [[[], 1, 'missing']]);
	assert.equal(archive().status, 0, 'and it goes on');
});
