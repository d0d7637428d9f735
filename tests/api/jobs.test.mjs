// Jobs that are not the pump: forgotten carts, and what is thrown away.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { customer, mails, sql, until, variant } from './client.mjs';

const { ZOCO_DIR: dir, ZOCO_CONF: conf } = process.env;
const job = (name, options = [], env = {}) => spawnSync(`${dir}/bin/zoco-job-${name}`, ['--config', conf, ...options],
	{ encoding: 'utf8', env: { ...process.env, ...env }, ...(process.getuid() === 0 ? ids() : {}) });
function ids() {
	const [uid, gid] = spawnSync('stat', ['-c', '%u %g', conf], { encoding: 'utf8' }).stdout.trim().split(' ').map(Number);
	return { uid, gid };
}
const last = result => JSON.parse(result.stderr.trim().split('\n').at(-1));

test('every job knows its flags, and the crontab names each one', () => {
	const crontab = spawnSync('cat', [`${dir}/share/zoco.crontab`], { encoding: 'utf8' }).stdout;
	for (const name of ['abandoned_carts', 'deliver_events', 'expire_orders', 'low_stock_alerts', 'publish_stock', 'purge', 'run_asked', 'send_notifications']) {
		const help = job(name, ['--help']);
		assert.equal(help.status, 0, name);
		for (const option of ['--dry-run', '--limit', '--for', '--verbose'])
			assert.ok(help.stdout.includes(option), `${name} ${option}`);
		assert.equal(job(name, ['--nonsense']).status, 2, name);
		assert.match(crontab, new RegExp(`\\n#[^\\n]*(\\n#[^\\n]*)*\\n[^#\\n]*zoco-job-${name}`), `${name} is explained`);
	}
});

test('a cart that was left is reminded of once, where that was agreed', async () => {
	const ann = await customer(), now = { ZOCO_CART_REMINDER_MINUTES: '0' };
	assert.equal((await ann.api('POST', '/cart/items', { variant_id: variant(1), quantity: 2 })).status, 201);
	assert.equal((await ann.api('PATCH', '/cart', { email: 'left@example.com' })).status, 200);
	assert.equal(last(job('abandoned_carts', ['--dry-run'], now)).done, 0, 'nobody agreed');
	assert.equal((await ann.api('PATCH', '/cart', { marketing_consent: true })).status, 200);
	assert.equal(last(job('abandoned_carts', ['--dry-run'])).done, 0, 'not yet left');
	assert.equal(last(job('abandoned_carts', ['--dry-run'], now)).done, 1);
	assert.equal(last(job('abandoned_carts', [], now)).done, 1);
	assert.equal(last(job('abandoned_carts', [], now)).done, 0);
	const [mail] = await until(async () => { const m = await mails('left@example.com'); return m.length > 0 && m; }, 'the reminder');
	assert.match(mail.text, /2 x /);
	assert.match(mail.text, /\/es\/cart/);
	const headers = new Map(mail.headers);
	const link = headers.get('List-Unsubscribe').slice(1, -1);
	assert.equal((await ann.fetch(new URL(link).pathname, { method: 'POST', body: 'List-Unsubscribe=One-Click',
		headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 200);
	await until(() => sql('cart', 'SELECT 1 FROM cart WHERE marketing_consent').length === 0, 'cart to hear of it');
});

test('what all have had is thrown away, what somebody waits for is kept', async () => {
	const count = table => sql('cart', `SELECT count(*) AS n FROM ${table}`)[0].n;
	await until(() => sql('cart', `SELECT 1 FROM outbox o WHERE number > coalesce((SELECT min(number) FROM outbox_cursor), 0)`).length === 0, 'the pump');
	const events = count('outbox');
	assert.ok(events > 0);
	assert.equal(job('purge').status, 0);
	assert.equal(count('outbox'), events, 'all is young');
	assert.equal(job('purge', ['--dry-run'], { ZOCO_KEEP_DAYS: '0' }).status, 0);
	assert.equal(count('outbox'), events);
	const run = job('purge', [], { ZOCO_KEEP_DAYS: '0' });
	assert.equal(run.status, 0, run.stderr);
	assert.equal(count('outbox'), 0);
	assert.equal(count('inbox'), 0);
	assert.equal(count('idempotency'), 0);
	assert.equal(sql('audit', `SELECT count(*) AS n FROM entry`)[0].n > 0, true, 'audit keeps its own');
});
