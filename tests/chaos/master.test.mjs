/* What lib/web/master.h and listener.h promise. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, rmSync, statSync,
	writeFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'
import { Connection, request } from './fastcgi_client.mjs'
import { Program, binary, isAlive, sleep, slowness, temporary, until }
	from './loop_program.mjs'

const has = (command) => spawnSync('which', [command]).status === 0

/* How long until `count` workers are there again, and none of `killed`. */
function back(p, count, killed) {
	return until(() => {
		const now = p.workers
		return now.length === count &&
			!killed.some((pid) => now.includes(pid))
	})
}

test('a killed worker is back within 100 ms, 50 times', async (t) => {
	const p = await Program.start(t, { workers: 4 }), times = []
	for (let i = 0; i < 50; i++) {
		const pid = p.workers[i % 4]
		process.kill(pid, 'SIGKILL')
		times.push(await back(p, 4, [pid]))
	}
	t.diagnostic(`slowest: ${Math.max(...times).toFixed(1)} ms`)
	assert.ok(Math.max(...times) < 100 * slowness, `${times}`)
})

test('14 workers killed in a row are back at once', async (t) => {
	const p = await Program.start(t, { workers: 14 })
	await sleep(1100)
	const pids = p.workers
	for (const pid of pids)
		process.kill(pid, 'SIGKILL')
	const time = await back(p, 14, pids)
	t.diagnostic(`${time.toFixed(1)} ms`)
	assert.ok(time < 200 * slowness, `${time}`)
	assert.equal(p.log.match(/replaced in 0 ms/g).length, 14)
})

test('a crash loop slows down to one a second, and is never given up',
	async (t) => {
	const directory = temporary(t), flag = `${directory}/crash`
	writeFileSync(flag, '')
	const p = await Program.start(t, { directory,
		env: { LOOP_PROGRAM_CRASH: flag },
		isReady: () => existsSync(`${directory}/s`) })
	await sleep(4000)
	const deaths = p.log.match(/worker.died/g).length
	assert.ok(deaths >= 8 && deaths <= 13, `${deaths} deaths in 4 s`)
	rmSync(flag)
	await until(() => p.workers.length === 1, 1500)
	await until(async () => (await p.request('/hello')).status === 200)
})

test('a worker that dies in the middle of an answer: nobody takes it as whole',
	async (t) => {
	const p = await Program.start(t)
	const answer = await p.request('/exit')
	assert.equal(answer.isWhole, false)
	assert.equal((await p.request('/hello')).status, 200)
	assert.match(p.log, /status 3/)
})

test('SIGTERM to the master: requests are finished, the path goes',
	async (t) => {
	const p = await Program.start(t, { workers: 2 })
	const slow = p.request('/slow?300')
	await sleep(50)
	p.process.kill('SIGTERM')
	await until(() => !existsSync(p.socket), 50)
	assert.deepEqual(await slow,
		{ status: 200, body: 'slow\n', isWhole: true })
	assert.equal(await p.exited, 0)
})

test('SIGTERM to an idle program ends it within 50 ms', async (t) => {
	const times = []
	for (let i = 0; i < 5; i++) {
		const p = await Program.start(t, { workers: 4 })
		const kept = await Connection.open(p.socket)
		await kept.request('/hello')
		const begun = performance.now()
		p.process.kill(i % 2 ? 'SIGTERM' : 'SIGINT')
		assert.equal(await p.exited, 0)
		times.push(performance.now() - begun)
	}
	t.diagnostic(`ms: ${times.map(Math.round)}`)
	times.sort((a, b) => a - b)
	assert.ok(times[2] < 50 * slowness, `median of ${times}`)
})

test('SIGTERM: who does not finish in 10 s is killed', async (t) => {
	const p = await Program.start(t)
	const slow = p.request('/slow?60000')
	await sleep(50)
	const begun = performance.now()
	p.process.kill('SIGTERM')
	assert.equal(await p.exited, 0)
	const time = performance.now() - begun
	assert.ok(time > 9000 && time < 12000, `${time}`)
	assert.equal((await slow).isWhole, false)
})

test('SIGKILL to the master takes the workers with it', async (t) => {
	const p = await Program.start(t, { workers: 4 })
	const workers = p.workers
	const slow = p.request('/slow?1500')
	await sleep(50)
	p.process.kill('SIGKILL')
	await until(() => workers.filter(isAlive).length <= 1,
		200 * slowness)

	/* Neither the path nor who is still busy is an obstacle. */
	assert.ok(existsSync(p.socket))
	const q = await Program.start(t, { directory: p.socket.slice(0, -2),
		isReady: (q) => q.log.includes('master.start') })
	assert.ok(!workers.includes(await q.pid()))
	assert.ok(workers.some(isAlive))
	assert.equal((await slow).body, 'slow\n')
	await until(() => !workers.some(isAlive), 200 * slowness)
})

/* Requests on connections of their own until the end; who failed. */
async function clientOf(p, state, uri) {
	while (!state.isOver) {
		const answer = await p.request(uri)
		state.count++
		if (!answer.isWhole || answer.status !== 200)
			state.failed.push(answer)
	}
}

/*
 * The same on a kept one. Like nginx it asks anew when the connection was
 * closed before anything came back.
 */
async function keptClientOf(p, state) {
	let c = await Connection.open(p.socket)
	while (!state.isOver) {
		const answer = await c.request('/hello')
		if (!answer.isWhole && answer.status === 0) {
			state.reopened++
			c = await Connection.open(p.socket)
			continue
		}
		state.count++
		if (answer.body !== 'hello\n')
			state.failed.push(answer)
	}
	c.close()
}

test('SIGHUP under load: new workers, no failed request', async (t) => {
	const p = await Program.start(t, { workers: 4 })
	const state = { isOver: false, count: 0, reopened: 0, failed: [] }
	const clients = ['/hello', '/hello', '/slow?3', '/big?20000',
		'/slow?30'].map((uri) => clientOf(p, state, uri))
	clients.push(keptClientOf(p, state), keptClientOf(p, state))
	await sleep(200)
	for (let i = 0; i < 3; i++) {
		const before = p.workers
		p.process.kill('SIGHUP')
		await sleep(100)
		p.process.kill('SIGHUP')
		await back(p, 4, before)
	}
	state.isOver = true
	await Promise.all(clients)
	t.diagnostic(`${state.count} requests, kept connections reopened ` +
		`${state.reopened} times`)
	assert.deepEqual(state.failed, [])
	assert.ok(state.count > 1000, `${state.count}`)
	p.process.kill('SIGTERM')
	assert.equal(await p.exited, 0)
	assert.ok(!existsSync(p.socket), 'still the owner of its path')
})

test('SIGHUP starts the new program, unless its check fails', async (t) => {
	const directory = temporary(t), refuse = `${directory}/refuse`
	const program = `${directory}/program`
	copyFileSync(binary, program)
	const p = await Program.start(t, { directory,
		wrap: ([, ...args]) => [program, ...args],
		env: { LOOP_PROGRAM_REFUSE: refuse } })
	const before = p.workers

	writeFileSync(refuse, '')
	p.process.kill('SIGHUP')
	await until(() => p.log.includes('not restarted'))
	assert.deepEqual(p.workers, before)

	rmSync(refuse)
	copyFileSync(binary, `${program}.new`)
	renameSync(`${program}.new`, program)
	p.process.kill('SIGHUP')
	await back(p, 1, before)
	assert.equal((await p.request('/hello')).status, 200)
	const running = spawnSync('readlink', [`/proc/${p.workers[0]}/exe`])
	assert.equal(running.stdout.toString(), `${program}\n`)

	/* A program that cannot even be started is no program. */
	rmSync(program)
	p.process.kill('SIGHUP')
	await until(() => p.log.match(/not restarted/g).length === 2)
	assert.equal((await p.request('/hello')).status, 200)
})

test('two pools: own sockets, own workers, own niceness', async (t) => {
	const directory = temporary(t)
	const p = await Program.start(t, { workers: 2, directory,
		args: [`${directory}/nice:1:7`] })
	const [pid, pool, nice] = (await request(`${directory}/nice`, '/pid'))
		.body.split(' ').map(Number)
	assert.deepEqual([pool, nice], [0, 7])
	assert.match((await p.request('/pid')).body, / 1 0\n$/)
	assert.notEqual(await p.pid(), pid)
	const busy = request(`${directory}/nice`, '/slow?300')
	const begun = performance.now()
	await p.request('/hello')
	assert.ok(performance.now() - begun < 200)
	assert.equal((await busy).status, 200)
	process.kill(pid, 'SIGKILL')
	await until(async () =>
		/ 0 7\n$/.test((await request(`${directory}/nice`, '/pid')).body))
})

test('paths: mode 0660, a second start is refused, a stale one replaced',
	async (t) => {
	const p = await Program.start(t)
	assert.equal(statSync(p.socket).mode & 0o777, 0o660)
	const second = spawnSync(binary, [`${p.socket}:1`], { timeout: 5000 })
	assert.equal(second.status, 1)
	assert.match(second.stderr.toString(), /somebody listens/)
	assert.equal((await p.request('/hello')).status, 200)
	assert.ok(existsSync(p.socket))

	/* A path that meanwhile is somebody else's is left alone. */
	rmSync(p.socket)
	const other = net.createServer().listen(p.socket)
	t.after(() => other.close())
	await until(() => existsSync(p.socket))
	p.process.kill('SIGTERM')
	await p.exited
	assert.ok(existsSync(p.socket))
})

test('paths that cannot be are refused with a message', async (t) => {
	for (const socket of [`/tmp/${'x'.repeat(110)}`, '/nowhere/at/all']) {
		const done = spawnSync(binary, [`${socket}:1`], { timeout: 5000 })
		assert.equal(done.status, 1)
		assert.ok(done.stderr.includes(socket), `${done.stderr}`)
	}
})

test('a socket from spawn-fcgi', { skip: !has('spawn-fcgi') },
	async (t) => {
	const p = await Program.start(t, { workers: 2, wrap: (command, socket) =>
		['spawn-fcgi', '-n', '-s', socket, '--', ...command] })
	const workers = p.workers
	assert.equal(workers.length, 2)
	process.kill(workers[0], 'SIGKILL')
	await back(p, 2, workers.slice(0, 1))
	p.process.kill('SIGHUP')
	await back(p, 2, workers)
	assert.equal((await p.request('/hello')).status, 200)
	p.process.kill('SIGTERM')
	assert.equal(await p.exited, 0)
	assert.ok(existsSync(p.socket), 'not ours to remove')
})

test('a socket from systemd', { skip: !has('systemd-socket-activate') },
	async (t) => {
	const directory = temporary(t)
	const p = await Program.start(t, { workers: 2, directory,
		wrap: ([...command], socket) => ['systemd-socket-activate',
			'-l', `${directory}/first`, '-l', socket, command.shift(),
			`${directory}/unused:1`, ...command] })
	assert.equal((await request(`${directory}/first`, '/hello')).status, 200)
	assert.match((await request(`${directory}/first`, '/pid')).body, / 0 0/)
	assert.match((await p.request('/pid')).body, / 1 0/)
	assert.ok(!existsSync(`${directory}/unused`))
	const before = p.workers
	p.process.kill('SIGHUP')
	await back(p, 3, before)
	assert.match((await p.request('/pid')).body, / 1 0/)
	p.process.kill('SIGTERM')
	assert.equal(await p.exited, 0)
	assert.ok(existsSync(p.socket), 'not ours to remove')
})

test('more sockets from systemd than pools are refused',
	{ skip: !has('systemd-socket-activate') }, async (t) => {
	const directory = temporary(t)
	const p = await Program.start(t, { directory, wrap: (command, socket) =>
		['systemd-socket-activate', '-l', socket, '-l', `${socket}2`,
			...command], isReady: () => existsSync(`${directory}/s2`) })
	net.connect(p.socket).on('error', () => {})
	assert.equal(await p.exited, 1)
	assert.match(p.log, /2 sockets passed, 1 wanted/)
})
