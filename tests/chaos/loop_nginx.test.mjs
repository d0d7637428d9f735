/*
 * The loop and its master behind the real nginx, in three ways.
 *
 * Without fastcgi_keep_conn nginx takes the end of the connection as the end
 * of the answer, so it cannot tell one that a dying worker has cut: with a
 * Content-Length the client at least waits for the rest, without one the half
 * is passed on as whole. With fastcgi_keep_conn it insists on the protocol's
 * own end, and a pool of kept connections is not needed for that.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'
import { Program, sleep, temporary, until } from './loop_program.mjs'

const skip = spawnSync('sh', ['-c', 'command -v nginx']).status !== 0

function freePort() {
	return new Promise((resolve) => {
		const server = net.createServer().listen(0, '127.0.0.1', () => {
			const { port } = server.address()
			server.close(() => resolve(port))
		})
	})
}

const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']

const ways = [
	{ name: 'new connections', keep: '', pool: '' },
	{ name: 'new connections, keep_conn', keep: 'fastcgi_keep_conn on;',
		pool: '' },
	{ name: 'kept connections', keep: 'fastcgi_keep_conn on;',
		pool: 'keepalive 8;' },
]

function configuration(directory, socket, port, way) {
	return `daemon off; pid ${directory}/pid;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 2;
events { worker_connections 256; }
http {
	access_log off;
	${temp.map((t) => `${t}_temp_path ${directory}/${t};`).join('\n\t')}
	upstream program {
		server unix:${socket};
		${way.pool}
	}
	server {
		listen 127.0.0.1:${port};
		client_max_body_size 8m;
		location / {
			fastcgi_pass program;
			${way.keep}
			fastcgi_param REQUEST_METHOD $request_method;
			fastcgi_param DOCUMENT_URI $document_uri;
			fastcgi_param QUERY_STRING $args;
			fastcgi_param CONTENT_LENGTH $content_length;
		}
	}
}
`
}

async function startNginx(t, socket, way) {
	const directory = temporary(t), port = await freePort()
	const conf = `${directory}/nginx.conf`
	writeFileSync(conf, configuration(directory, socket, port, way))
	const nginx = spawn('nginx', ['-e', `${directory}/error.log`, '-c', conf],
		{ stdio: 'inherit' })
	t.after(() => new Promise((resolve) => {
		nginx.on('exit', resolve)
		nginx.kill('SIGTERM')
	}))
	const url = `http://127.0.0.1:${port}`
	await until(() => fetch(`${url}/hello`).then((r) => r.ok, () => false))
	return url
}

async function clientOf(url, state) {
	for (let i = 0; !state.isOver; i++) {
		const uri = ['/hello', '/slow?5', '/big?30000'][i % 3]
		const answer = await fetch(url + uri)
		await answer.arrayBuffer()
		state.count++
		if (answer.status !== 200)
			state.failed.push(answer.status)
	}
}

for (const way of ways) {
	test(`behind nginx, ${way.name}: bodies are whole`, { skip }, async (t) => {
		const p = await Program.start(t, { workers: 2 })
		const url = await startNginx(t, p.socket, way)
		for (const n of [1, 8192, 65535, 65536, 3000000]) {
			const posted = await fetch(`${url}/echo`,
				{ method: 'POST', body: 'z'.repeat(n) })
			assert.match(await posted.text(), new RegExp(`^${n} `))
			const ignored = await fetch(`${url}/ignore`,
				{ method: 'POST', body: 'z'.repeat(n) })
			assert.equal(await ignored.text(), 'ignored\n')
			const big = await fetch(`${url}/big?${n}`)
			assert.equal((await big.text()).length, n)
		}
		if (way.keep)
			await assert.rejects(
				fetch(`${url}/exit`).then((half) => half.text()),
				'an answer that was cut is seen as cut')
	})

	test(`behind nginx, ${way.name}: SIGHUP fails no request`, { skip },
		async (t) => {
		const p = await Program.start(t, { workers: 4 })
		const url = await startNginx(t, p.socket, way)
		const state = { isOver: false, count: 0, failed: [] }
		const clients = Array.from({ length: 8 },
			() => clientOf(url, state))
		for (let i = 0; i < 2; i++) {
			const before = p.workers
			await sleep(200)
			p.process.kill('SIGHUP')
			await until(() => p.workers.length === 4 &&
				!before.some((pid) => p.workers.includes(pid)))
		}
		state.isOver = true
		await Promise.all(clients)
		t.diagnostic(`${state.count} requests`)
		assert.deepEqual(state.failed, [])
		assert.ok(state.count > 300, `${state.count}`)
	})
}
