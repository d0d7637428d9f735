/* What lib/web/loop.h and loop_cgi promise, over the bare protocol. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AUTHORIZER, Connection, abort, begin, paramsFor, record, stdin }
	from './fastcgi_client.mjs'
import { Program, binary, isAlive, sleep, slowness, until }
	from './loop_program.mjs'

function sum(body) {
	let sum = 0
	for (const byte of Buffer.from(body))
		sum = (Math.imul(sum, 31) + byte) >>> 0
	return sum
}

const echoOf = (body) => `${Buffer.byteLength(body)} ${sum(body)}\n`

/* Sizes around libfcgi's buffer of 8192 and the record limit of 65535. */
const sizes = [1, 8000, 8176, 8184, 8192, 16384, 65528, 65536, 300001]
const bodyOf = (n) => 'zoco'.repeat(n / 4 + 1).slice(0, n)

test('answers and bodies are whole, on new and on kept connections',
	async (t) => {
	const p = await Program.start(t)
	const kept = await Connection.open(p.socket)
	for (const n of sizes) {
		const body = bodyOf(n)
		for (const answer of [await p.request('/echo', { body }),
			await kept.request('/echo', { body })])
			assert.deepEqual(answer,
				{ status: 200, body: echoOf(body), isWhole: true })
		const big = await kept.request(`/big?${n}`)
		assert.equal(big.body.length, n)
	}
	assert.equal((await p.request('/nowhere')).status, 404)
	kept.close()
})

test('a body that the handler left unread spoils nothing', async (t) => {
	const p = await Program.start(t)
	const kept = await Connection.open(p.socket)
	for (const n of sizes) {
		const ignored = await kept.request('/ignore', { body: bodyOf(n) })
		assert.deepEqual(ignored,
			{ status: 200, body: 'ignored\n', isWhole: true })
		assert.equal((await kept.request('/hello')).body, 'hello\n')
	}
	kept.close()
})

test('half a body is never taken for a whole one', async (t) => {
	const p = await Program.start(t)
	const broken = {
		'ended early': [stdin('12345'), stdin('')],
		'aborted': [stdin('12345'), abort()],
		'too long': [stdin('1234567890+'), stdin('')],
		'another record': [stdin('12345'), record(99)],
		'hung up': [stdin('12345')],
		'hung up before the end of the stream': [stdin('1234567890')],
	}
	for (const [name, records] of Object.entries(broken)) {
		const c = await Connection.open(p.socket, { allowHalfOpen: true })
		c.send(begin({ keep: true }), paramsFor('/echo', 10), ...records)
		if (name.startsWith('hung up'))
			c.socket.end()
		const answer = await c.answer()
		assert.equal(answer.body, 'half\n', name)
		assert.equal(answer.status, 400, name)
		c.close()
	}
	assert.equal((await p.request('/hello')).body, 'hello\n')
})

test('SIGTERM in the middle of a body: it is read and answered whole',
	async (t) => {
	const p = await Program.start(t)
	const pid = await p.pid(), body = bodyOf(100000)
	const c = await Connection.open(p.socket)
	c.send(begin(), paramsFor('/echo', body.length),
		stdin(body.slice(0, 50001)))
	await sleep(50)
	process.kill(pid, 'SIGTERM')
	await sleep(50)
	c.send(stdin(body.slice(50001)), stdin(''))
	assert.deepEqual(await c.answer(),
		{ status: 200, body: echoOf(body), isWhole: true })
	await until(() => !isAlive(pid))
})

test('SIGTERM in the middle of a request: it is answered whole', async (t) => {
	const p = await Program.start(t)
	const pid = await p.pid()
	const answer = p.request('/slow?300')
	await sleep(50)
	process.kill(pid, 'SIGTERM')
	assert.deepEqual(await answer,
		{ status: 200, body: 'slow\n', isWhole: true })
	await until(() => !isAlive(pid))
})

test('SIGTERM: what has arrived on a kept connection is answered too',
	async (t) => {
	const p = await Program.start(t)
	const kept = await Connection.open(p.socket)
	const pid = parseInt((await kept.request('/pid')).body)
	const slow = p.request('/slow?200')
	await sleep(50)
	process.kill(pid, 'SIGTERM')
	assert.equal((await kept.request('/pid')).body, `${pid} 0 0\n`)
	assert.equal((await slow).body, 'slow\n')
	await kept.closed()
})

test('an idle worker with kept connections ends within 50 ms', async (t) => {
	const p = await Program.start(t)
	const times = []
	for (let i = 0; i < 5; i++) {
		const kept = []
		for (let k = 0; k < 8; k++)
			kept.push(await Connection.open(p.socket))
		const pid = parseInt((await kept[0].request('/pid')).body)
		for (const c of kept)
			await c.request('/hello')
		process.kill(pid, 'SIGTERM')
		times.push(await until(() => !isAlive(pid)))
		for (const c of kept)
			await c.closed()
	}
	t.diagnostic(`ms: ${times.map(Math.round)}`)
	times.sort((a, b) => a - b)
	assert.ok(times[2] < 50 * slowness, `median of ${times}`)
})

/* Asks again as soon as it is answered; counts, until told to stop. */
async function hammer(socket, state) {
	const c = await Connection.open(socket)
	let n = 0
	for (; !state.isOver; n++)
		if (!(await c.request('/hello')).isWhole)
			break
	c.close()
	return n
}

test('kept connections starve neither each other nor new ones',
	async (t) => {
	const p = await Program.start(t)
	const state = { isOver: false }, times = []
	const clients = Array.from({ length: 8 }, () => hammer(p.socket, state))
	for (let i = 0; i < 50; i++) {
		const begun = performance.now()
		assert.equal((await p.request('/hello')).status, 200)
		times.push(performance.now() - begun)
		await sleep(10)
	}
	state.isOver = true
	const counts = await Promise.all(clients)
	t.diagnostic(`requests: ${counts}; new ones, slowest: ` +
		`${Math.round(Math.max(...times))} ms`)
	assert.ok(Math.min(...counts) > Math.max(...counts) / 4, `${counts}`)
	assert.ok(Math.max(...times) < 250, `${times}`)
})

test('SIGTERM is seen by a worker that is never idle', async (t) => {
	const p = await Program.start(t)
	const state = { isOver: false }, pid = await p.pid()
	const clients = Array.from({ length: 8 }, () => hammer(p.socket, state))
	await sleep(100)
	process.kill(pid, 'SIGTERM')
	await until(() => !isAlive(pid), 500)
	state.isOver = true
	await Promise.all(clients)
})

test('a peer that only connects holds nobody up', async (t) => {
	const p = await Program.start(t)
	const pid = await p.pid(), silent = [], times = []
	for (let i = 0; i < 10; i++) {
		silent.push(await Connection.open(p.socket))
		const begun = performance.now()
		assert.equal((await p.request('/hello')).status, 200)
		times.push(performance.now() - begun)
	}
	t.diagnostic(`ms: ${times.map(Math.round)}`)
	assert.ok(Math.max(...times) < 100 * slowness, `${times}`)
	/* Not even when there are more than a worker holds. */
	for (let i = 0; i < 400; i++)
		silent.push(await Connection.open(p.socket))
	await until(() => silent[0].isClosed)
	assert.equal(await p.pid(), pid)
	const late = await silent.at(-1).request('/hello')
	assert.equal(late.body, 'hello\n')
	for (const c of silent)
		c.close()
})

/* In hundredths of a second. */
function cpuOf(pid) {
	const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ')
	return Number(stat[13]) + Number(stat[14])
}

test('a closed connection of which a child has a copy is forgotten',
	async (t) => {
	const p = await Program.start(t)
	const kept = await Connection.open(p.socket)
	const pid = parseInt((await kept.request('/pid')).body)
	assert.equal((await kept.request('/fork?700')).body, 'forked\n')
	kept.close()
	const before = cpuOf(pid)
	await sleep(500)
	assert.ok(cpuOf(pid) - before < 10, 'no busy loop')
	assert.equal(await p.pid(), pid)
})

test('a peer that has its answer and does not hang up holds nobody up',
	async (t) => {
	const p = await Program.start(t)
	const lazy = await Connection.open(p.socket, { allowHalfOpen: true })
	assert.equal((await lazy.request('/hello', { keep: false })).status, 200)
	const begun = performance.now()
	assert.equal((await p.request('/hello')).status, 200)
	assert.ok(performance.now() - begun < 100 * slowness)
	lazy.close()
})

test('a peer that stops in the middle is given up', { timeout: 20000 },
	async (t) => {
	const p = await Program.start(t)
	const stuck = await Connection.open(p.socket)
	stuck.send(begin(), paramsFor('/echo', 10).subarray(0, 20))
	await sleep(50)
	const begun = performance.now()
	assert.equal((await p.request('/hello')).status, 200)
	assert.ok(performance.now() - begun < 6000)
	await stuck.closed()
})

test('what is no request of ours is refused, and the worker goes on',
	async (t) => {
	const p = await Program.start(t)
	const pid = await p.pid()
	const strange = {
		'another role': [begin({ role: AUTHORIZER }), paramsFor('/hello'),
			stdin('')],
		'no such role': [begin({ role: 77 }), paramsFor('/hello')],
		'HTTP': [Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
		'no begin': [paramsFor('/hello'), stdin('')],
		'parameters cut': [begin(), record(4, Buffer.from([200, 0, 0]))],
		'a wrong length': [begin(), record(4, Buffer.from([5, 5, 65])),
			record(4)],
	}
	for (const [name, records] of Object.entries(strange)) {
		const c = await Connection.open(p.socket, { allowHalfOpen: true })
		c.send(...records)
		c.socket.end()
		const answer = await c.answer()
		assert.equal(answer.body, '', name)
		c.close()
	}
	assert.equal(await p.pid(), pid)
})

test('a worker ends after so many requests, above its memory, or when told',
	async (t) => {
	const p = await Program.start(t, { args: ['--requests', '3'] })
	const pids = []
	for (let i = 0; i < 9; i++)
		pids.push(await p.pid())
	const runs = new Map()
	for (const pid of pids)
		runs.set(pid, (runs.get(pid) ?? 0) + 1)
	assert.ok(runs.size >= 3 && Math.max(...runs.values()) === 3, `${pids}`)

	const q = await Program.start(t, { args: ['--memory-kb', '60000'] })
	const lean = await q.pid()
	assert.equal((await q.request('/eat?16')).status, 200)
	assert.equal(await q.pid(), lean)
	assert.equal((await q.request('/eat?90')).body, 'eaten\n')
	const next = await q.pid()
	assert.notEqual(next, lean)
	assert.equal((await q.request('/last')).body, 'last\n')
	assert.notEqual(await q.pid(), next)
})

test('counters: exact over all workers, and over their death', async (t) => {
	const p = await Program.start(t, { workers: 2 })
	const sample = async (name) => Number(new RegExp(`^${name}\\S* (\\d+)$`,
		'm').exec((await p.request('/metrics')).body)[1])
	const before = await sample('zoco_requests_total{domain="test",class="2')
	await Promise.all(Array.from({ length: 40 }, () => p.request('/hello')))
	const after = await sample('zoco_requests_total{domain="test",class="2')
	assert.equal(after, before + 41)
	process.kill(await p.pid(), 'SIGKILL')
	await until(async () => await sample('zoco_worker_respawns_total') === 1)
	assert.ok(await sample('zoco_requests_total{domain="test",class="2') >
		after)
	assert.equal(await sample('zoco_requests_in_flight'), 1)
	assert.equal(await sample('zoco_request_seconds_bucket.*Inf'),
		await sample('zoco_request_seconds_count') - 1)
})

function cgi(uri, { body = '', length = body.length } = {}) {
	const [path, query = ''] = uri.split('?')
	const done = spawnSync(binary, [], { input: body, env: {
		REQUEST_METHOD: 'POST', DOCUMENT_URI: path, QUERY_STRING: query,
		CONTENT_LENGTH: String(length) } })
	return { code: done.status, text: done.stdout.toString() }
}

test('plain CGI: one request from the environment', () => {
	assert.match(cgi('/hello').text, /^Status: 200 OK\r\n[^]*\r\n\r\nhello\n$/)
	assert.equal(cgi('/hello').code, 0)
	for (const n of sizes)
		assert.ok(cgi('/echo', { body: bodyOf(n) }).text
			.endsWith(echoOf(bodyOf(n))), `${n}`)
	assert.match(cgi('/echo', { body: '12345', length: 10 }).text,
		/^Status: 400/)
	/* Bytes after the body are not the body's. */
	assert.ok(cgi('/echo', { body: '1234567', length: 5 }).text
		.endsWith(echoOf('12345')))
	assert.equal(cgi('/big?300000').text.split('\r\n\r\n')[1].length, 300000)
})
