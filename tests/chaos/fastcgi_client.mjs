/*
 * A FastCGI client (the web server's side of the protocol), small and bare, so
 * that a test can also break off wherever it likes.
 *
 *	const answer = await request(socketPath, '/hello')
 *	answer.status, answer.body, answer.isWhole
 *
 *	const c = await Connection.open(socketPath)
 *	c.send(begin(), params({...}), stdin('ha'))	// ... and no more
 */
import net from 'node:net'

const BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6
const KEEP = 1
export const RESPONDER = 1, AUTHORIZER = 2

export function record(type, content = Buffer.alloc(0), id = 1) {
	const head = Buffer.alloc(8)
	head.writeUInt8(1, 0)
	head.writeUInt8(type, 1)
	head.writeUInt16BE(id, 2)
	head.writeUInt16BE(content.length, 4)
	return Buffer.concat([head, content])
}

export function begin({ role = RESPONDER, keep = false } = {}) {
	const body = Buffer.alloc(8)
	body.writeUInt16BE(role, 0)
	body.writeUInt8(keep ? KEEP : 0, 2)
	return record(BEGIN, body)
}

function length(n) {
	const b = Buffer.alloc(4)
	b.writeUInt32BE((n | 0x80000000) >>> 0)
	return n < 128 ? Buffer.from([n]) : b
}

export function params(pairs) {
	const parts = []
	for (const [name, value] of Object.entries(pairs)) {
		const n = Buffer.from(name), v = Buffer.from(String(value))
		parts.push(length(n.length), length(v.length), n, v)
	}
	const all = Buffer.concat(parts)
	return Buffer.concat([record(PARAMS, all), record(PARAMS)])
}

/* Content of the body; stdin('') ends it. */
export function stdin(content) {
	const all = Buffer.from(content), records = []
	for (let at = 0; at < all.length; at += 65528)
		records.push(record(STDIN, all.subarray(at, at + 65528)))
	return all.length ? Buffer.concat(records) : record(STDIN)
}

export function abort() {
	return record(ABORT)
}

/* What nginx would pass for this URI. */
export function paramsFor(uri, bodyLength = 0) {
	const [path, query = ''] = uri.split('?')
	return params({
		REQUEST_METHOD: bodyLength ? 'POST' : 'GET',
		DOCUMENT_URI: path,
		QUERY_STRING: query,
		CONTENT_LENGTH: bodyLength || '',
	})
}

function parseAnswer(text) {
	const [head, ...rest] = text.split('\r\n\r\n')
	const status = /^Status: (\d+)/m.exec(head)
	return { status: status ? Number(status[1]) : text ? 200 : 0,
		body: rest.join('\r\n\r\n') }
}

export class Connection {
	static open(path, options = {}) {
		return new Promise((resolve, reject) => {
			const socket = net.connect({ path, ...options })
			socket.once('error', reject)
			socket.once('connect', () => resolve(new Connection(socket)))
		})
	}

	constructor(socket) {
		this.socket = socket
		this.input = Buffer.alloc(0)
		this.stdout = ''
		this.isClosed = false
		this.isEnded = false
		socket.on('error', () => {})
		socket.on('data', (data) => this.#parse(data))
		socket.on('close', () => { this.isClosed = true; this.wake?.() })
	}

	#parse(data) {
		this.input = Buffer.concat([this.input, data])
		while (this.input.length >= 8) {
			const n = this.input.readUInt16BE(4)
			const total = 8 + n + this.input.readUInt8(6)
			if (this.input.length < total)
				break
			const type = this.input.readUInt8(1)
			if (type === STDOUT)
				this.stdout += this.input.subarray(8, 8 + n)
			if (type === END)
				this.isEnded = true
			this.input = this.input.subarray(total)
		}
		if (this.isEnded)
			this.wake?.()
	}

	send(...records) {
		this.socket.write(Buffer.concat(records))
	}

	/* The answer when it has ended or the peer has hung up. */
	async answer() {
		while (!this.isEnded && !this.isClosed)
			await new Promise((resolve) => { this.wake = resolve })
		const answer = { ...parseAnswer(this.stdout),
			isWhole: this.isEnded }
		this.stdout = ''
		this.isEnded = false
		return answer
	}

	async closed() {
		while (!this.isClosed)
			await new Promise((resolve) => { this.wake = resolve })
	}

	request(uri, { body = '', keep = true } = {}) {
		const content = Buffer.from(body)
		this.send(begin({ keep }), paramsFor(uri, content.length),
			stdin(content), ...(content.length ? [stdin('')] : []))
		return this.answer()
	}

	close() {
		this.socket.destroy()
	}
}

/* One request on a connection of its own; status 0 when there was none. */
export async function request(path, uri, options = {}) {
	let c
	try {
		c = await Connection.open(path)
	} catch (error) {
		return { status: 0, body: error.code, isWhole: false }
	}
	const answer = await c.request(uri, { keep: false, ...options })
	c.close()
	return answer
}
