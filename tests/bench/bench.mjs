// CPU time of a request, in microseconds of user + system time from /proc, of
// nginx, the programs, PostgreSQL and Redis together: steady where requests a
// second are not. Beside it throughput, latency, and the bare limits: a static
// file, a FastCGI hello, and pgbench of the SQL that the shop itself sent,
// taken from PostgreSQL's log.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Client, staff, url } from '../api/client.mjs';

const dir = process.env.ZOCO_DIR, socket = process.env.ZOCO_PGHOST;
const seconds = Number(process.argv[2]);
const CHECKOUTS = 200;
const tick = 1e6 / Number(execFileSync('getconf', ['CLK_TCK']));
const pgBin = execFileSync('pg_config', ['--bindir'], { encoding: 'utf8' }).trim();
const costs = {};

const read = file => {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';	// it has just ended
	}
};

// Processes with the shop's folder in their command line, and their children.
function processes() {
	const all = readdirSync('/proc').filter(name => /^\d+$/.test(name));
	const stat = new Map(all.map(pid => [pid, read(`/proc/${pid}/stat`).replace(/.*\) /, '').split(' ')]));
	const mine = new Set(all.filter(pid => read(`/proc/${pid}/cmdline`).includes(dir)));
	return all.filter(pid => mine.has(pid) || mine.has(stat.get(pid)[1]))
		.map(pid => ({ pid, stat: stat.get(pid), name: read(`/proc/${pid}/comm`).trim() }));
}

// With the time of children that have ended.
const cpu = () => processes().reduce((sum, { stat }) =>
	sum + [11, 12, 13, 14].reduce((n, i) => n + Number(stat[i] ?? 0), 0), 0) * tick;

const row = (name, us, rate, p50, p99, note = '') => {
	costs[name] = us;
	console.log(name.padEnd(18), us.toFixed(0).padStart(8), rate.toFixed(0).padStart(8),
		String(p50).padStart(9), String(p99).padStart(9), note);
};

function wrk(name, path, ...options) {
	const load = time => execFileSync('wrk', ['-t1', '-c4', `-d${time}s`, '--latency', ...options, url + path], { encoding: 'utf8' });
	load(1);
	const before = cpu(), out = load(seconds), used = cpu() - before;
	const find = pattern => out.match(pattern)?.[1];
	const n = Number(find(/(\d+) requests in/));
	row(name, used / n, Number(find(/Requests\/sec:\s+([\d.]+)/)), find(/50%\s+(\S+)/), find(/99%\s+(\S+)/),
		find(/(Non-2xx.*)/));
}

const psql = (...commands) => execFileSync('psql', ['-XqAt', '-h', socket, '-U', 'postgres',
	...commands.flatMap(c => ['-c', c])], { encoding: 'utf8' });

// The statements that run() makes the shop send: [{ database, text, values }].
async function record(run) {
	const log = `${dir}/log/postgres.log`, start = read(log).length;
	const logging = async on => {
		psql(...(on ? ["ALTER SYSTEM SET log_statement = 'all'", "ALTER SYSTEM SET log_line_prefix = 'ROW %p %d '"] :
			['ALTER SYSTEM RESET ALL']), 'SELECT pg_reload_conf()');
		await new Promise(resolve => setTimeout(resolve, 500));
	};
	await logging(true);
	await run();
	await logging(false);
	const statements = [], last = new Map();
	for (const entry of read(log).slice(start).split(/^ROW /m)) {
		const [, pid, database, kind, text] = entry.match(
			/^(\d+) zoco_(\w+) (?:LOG|DETAIL): {2}(execute [^:]+|statement|parameters): (.*)/s) ?? [];
		if (kind === 'parameters' || /^DETAIL/.test(kind))
			last.get(pid).values = values(text);
		else if (kind !== undefined) {
			last.set(pid, { database, text: text.trim().replace(/\n\t/g, '\n'), values: [] });
			statements.push(last.get(pid));
		}
	}
	return statements;
}

// "$1 = 'it''s', $2 = NULL" -> the literals.
const values = text => [...text.replace(/\n\t/g, '\n').matchAll(/\$\d+ = (NULL|'(?:[^']|'')*')/g)].map(match => match[1]);

// What a client of PostgreSQL and PostgreSQL need for a script, in us and s.
function run(script, command, ...args) {
	const file = `${dir}/bench.sql`, before = cpu();
	writeFileSync(file, script);
	const { stdout, stderr, status } = spawnSync('bash', ['-c', 'time -p "$0" "$@"', command, '-h', socket, ...args, '-f', file],
		{ encoding: 'utf8' });
	if (status !== 0 || /ERROR|failed transactions: [^0]/.test(stdout + stderr))
		throw new Error((stdout + stderr).slice(0, 2000));
	const times = Object.fromEntries([...stderr.matchAll(/^(real|user|sys) ([\d.]+)/gm)].map(m => [m[1], Number(m[2])]));
	return { used: cpu() - before + (times.user + times.sys) * 1e6, seconds: times.real };
}

// One statement, again and again, prepared once.
function pgbench(name, { database, text, values }) {
	const literal = text.replace(/\$(\d+)/g, (_, n) => values[n - 1]), n = 4000 * seconds;
	const { used, seconds: time } = run(`${literal};\n`, `${pgBin}/pgbench`, '-n', '-M', 'prepared', '-c', '4', '-t', String(n / 4),
		'-U', `zoco_${database}`, `zoco_${database}`);
	row(name, used / n, n / time, '', '');
}

// The same transactions in the same databases, one after the other. By psql:
// pgbench's time grows with the square of a script's lines.
function replay(name, statements, n) {
	let used = 0, time = 0;
	for (const database of new Set(statements.map(s => s.database))) {
		const prepared = new Map(), lines = [];
		for (const { text, values } of statements.filter(s => s.database === database)) {
			const isPlain = values.length === 0;
			if (!isPlain && !prepared.has(text))
				prepared.set(text, `s${prepared.size}`);
			lines.push(isPlain ? `${text};` : `EXECUTE ${prepared.get(text)}(${values.join(', ')});`);
		}
		const script = [...prepared].map(([text, s]) => `PREPARE ${s} AS ${text};`).concat(lines).join('\n');
		const result = run(script, 'psql', '-Xqo', '/dev/null', '-v', 'ON_ERROR_STOP=1', '-U', `zoco_${database}`, `zoco_${database}`);
		used += result.used;
		time += result.seconds;
	}
	row(name, used / n, n / time, '', '');
}

const address = { name: 'Ana', line1: 'Calle 1', postcode: '28013', city: 'Madrid', country: 'ES' };

const variant = '0190a000-0000-7000-8000-000000001101';
const stockUp = async () => (await staff()).idempotent('POST', '/inventory/adjustments',
	{ variant_id: variant, delta: 100000, reason: 'received' });

async function fullCart() {
	const client = new Client();
	await client.api('POST', '/cart/items', { variant_id: variant, quantity: 1 });
	const [line] = (await client.api('GET', '/cart')).body.lines;
	return { client, total: line.unit.amount + (line.unit.amount >= 5000 ? 0 : 495) };
}

async function checkout({ client, total }) {
	const start = performance.now();
	const { status, body } = await client.idempotent('POST', '/orders', { email: 'bench@example.com', shipping_address: address,
		payment_method: 'bank_transfer', expected_total: total }, randomUUID());
	if (status !== 201)
		throw new Error(`checkout: ${status} ${JSON.stringify(body)}`);
	return performance.now() - start;
}

const carts = n => Promise.all(Array.from({ length: n }, fullCart));

async function checkouts() {
	const full = await carts(CHECKOUTS), times = [], before = cpu(), start = performance.now();
	await Promise.all(Array.from({ length: 4 }, async () => {
		for (let cart; (cart = full.pop()) !== undefined;)
			times.push(await checkout(cart));
	}));
	const took = (performance.now() - start) / 1000, used = cpu() - before;
	times.sort((a, b) => a - b);
	const ms = share => `${times[Math.floor(share * times.length)].toFixed(2)}ms`;
	row('checkout', used / CHECKOUTS, CHECKOUTS / took, ms(0.5), ms(0.99));
}

// One after the other, so that the log has them in an order that can be replayed.
async function recordCheckouts(n) {
	const full = await carts(n);
	return record(async () => {
		for (const cart of full)
			await checkout(cart);
	});
}

function memory() {
	for (const [name, pattern] of [['programs', /^zoco-/], ['PostgreSQL', /^postgres/], ['nginx', /^nginx/], ['Redis', /^redis/]]) {
		const kb = processes().filter(p => pattern.test(p.name))
			.reduce((sum, { pid }) => sum + Number(read(`/proc/${pid}/smaps_rollup`).match(/^Pss:\s+(\d+)/m)?.[1] ?? 0), 0);
		console.log(`memory of ${name.padEnd(12)} ${(kb / 1024).toFixed(0).padStart(5)} MB PSS`);
	}
}

const target = (name, limit, base) => console.log(`${name.padEnd(18)} ${(costs[name] / base).toFixed(2)}x of ${base.toFixed(0)} us, aim ${limit}x`);

const product = '/api/v1/catalog/products/taza-de-barro-alba';
await stockUp();
const purchase = await recordCheckouts(CHECKOUTS);
execFileSync(process.env.ZOCO_INSTANCE, ['reset-data', dir]);
await stockUp();
console.log('request'.padEnd(18), 'CPU-us'.padStart(8), 'req/s'.padStart(8), 'p50'.padStart(9), 'p99'.padStart(9));
replay('sql-checkout', purchase, CHECKOUTS);
await checkouts();
wrk('static', '/static/css/zoco.css?v=1');
wrk('hello', '/api/v1/audit/hello');
const [select] = await record(() => fetch(url + product));
pgbench('pgbench-product', select);
wrk('product-json', product);
wrk('list-json', '/api/v1/catalog/products?limit=20');
wrk('product-page', '/es/p/taza-de-barro-alba');
writeFileSync(`${dir}/add.lua`, `wrk.method = "POST"
wrk.body = '{"variant_id":"${variant}"}'
wrk.headers["Content-Type"] = "application/json"\n`);
wrk('cart-add', '/api/v1/cart/items', '-s', `${dir}/add.lua`);
console.log();
target('product-json', 2, costs.hello + costs['pgbench-product']);
target('checkout', 4, costs['sql-checkout']);
memory();
