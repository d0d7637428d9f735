/* Starts tests/chaos/loop_program.c under its master, for the tests beside. */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync }
	from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from './fastcgi_client.mjs'

const build = path.join('../../build', process.env.MODE ?? 'release')
export const binary = process.env.LOOP_PROGRAM ?? fileURLToPath(
	new URL(path.join(build, 'tests/chaos/loop_program'), import.meta.url))

/* The sanitizers look for leaks when a process ends; that takes its time. */
export const slowness = process.env.MODE === 'asan' ? 12 : 1

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/* Waits until is() holds, at most ms; returns how long it took. */
export async function until(is, ms = 3000) {
	const begin = performance.now()
	while (!await is()) {
		if (performance.now() - begin > ms)
			throw new Error(`not within ${ms} ms: ${is}`)
		await sleep(2)
	}
	return performance.now() - begin
}

/* A process that nobody has reaped yet is gone all the same. */
export function isAlive(pid) {
	try {
		return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
	} catch {
		return false
	}
}

/* The oldest first. */
export function childrenOf(pid) {
	const children = []
	for (const entry of readdirSync('/proc')) {
		if (!/^\d+$/.test(entry))
			continue
		try {
			const stat = readFileSync(`/proc/${entry}/stat`, 'latin1')
			const [state, parent] =
				stat.slice(stat.lastIndexOf(')') + 2).split(' ')
			if (Number(parent) === pid && state !== 'Z')
				children.push(Number(entry))
		} catch { /* it has gone meanwhile */ }
	}
	return children.sort((a, b) => a - b)
}

/* An empty directory that lasts as long as the test. */
export function temporary(t) {
	const directory = mkdtempSync(path.join(tmpdir(), 'loop.'))
	t.after(() => rmSync(directory, { recursive: true, force: true }))
	return directory
}

async function answers(p) {
	return existsSync(p.socket) &&
		(await p.request('/hello')).status === 200
}

/*
 * A running program with a pool of `workers` on this.socket, until the test
 * ends. `wrap` turns the command into another one that starts it.
 */
export class Program {
	static async start(t, { workers = 1, args = [], env = {},
		directory = temporary(t), wrap = (command) => command,
		isReady = answers } = {}) {
		const p = new Program()
		p.socket = path.join(directory, 's')
		p.log = ''
		const [command, ...rest] = wrap([binary, ...args,
			`${p.socket}:${workers}`], p.socket)
		p.process = spawn(command, rest, {
			env: { ...process.env, ...env },
			stdio: ['ignore', 'ignore', 'pipe'],
		})
		p.process.stderr.on('data', (data) => { p.log += data })
		p.exited = new Promise((resolve) =>
			p.process.on('exit', (code) => resolve(code)))
		t.after(() => p.end())
		await until(() => isReady(p))
		return p
	}

	get master() {
		return this.process.pid
	}

	get workers() {
		return childrenOf(this.master)
	}

	request(uri, options) {
		return request(this.socket, uri, options)
	}

	async pid() {
		return parseInt((await this.request('/pid')).body)
	}

	async end() {
		if (this.process.exitCode === null && !this.process.signalCode) {
			this.process.kill('SIGTERM')
			await this.exited
		}
	}
}
