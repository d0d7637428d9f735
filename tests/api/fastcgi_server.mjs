// A FastCGI program in a few lines, for tests of what stands in front of one.
import net from 'node:net';

const END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

function readPairs(bytes) {
	const params = {};
	let at = 0;
	const length = () => {
		const first = bytes[at];
		if (first < 128) {
			at += 1;
			return first;
		}
		at += 4;
		return bytes.readUInt32BE(at - 4) & 0x7fffffff;
	};
	while (at < bytes.length) {
		const name = length(), value = length();
		params[bytes.toString('utf8', at, at += name)] =
		    bytes.toString('utf8', at, at += value);
	}
	return params;
}

function record(type, id, content) {
	const header = Buffer.alloc(8);
	header.writeUInt8(1, 0);
	header.writeUInt8(type, 1);
	header.writeUInt16BE(id, 2);
	header.writeUInt16BE(content.length, 4);
	return Buffer.concat([header, content]);
}

/**
 * Listens on a Unix socket. answer({params, body}) gives {status, headers,
 * body}, later if it likes, or null to hang up without a word. Returns a
 * function that closes.
 */
export async function fastcgiServer(path, answer) {
	const sockets = new Set();
	const server = net.createServer((socket) => {
		let bytes = Buffer.alloc(0);
		const params = [], body = [];
		sockets.add(socket);
		socket.on('close', () => sockets.delete(socket));
		socket.on('error', () => {});
		socket.on('data', async (chunk) => {
			bytes = Buffer.concat([bytes, chunk]);
			while (bytes.length >= 8) {
				const [type, id, n] = [bytes[1], bytes.readUInt16BE(2),
				    bytes.readUInt16BE(4)];
				const end = 8 + n + bytes[6];
				if (bytes.length < end)
					return;
				const content = bytes.subarray(8, 8 + n);
				bytes = bytes.subarray(end);
				if (type === PARAMS)
					params.push(content);
				if (type !== STDIN)
					continue;
				body.push(content);
				if (n > 0)
					continue;
				const got = await answer({
					params: readPairs(Buffer.concat(params)),
					body: Buffer.concat(body).toString(),
				});
				if (got === null) {
					socket.destroy();
					return;
				}
				const { status = 200, headers = {}, body: text = '' } = got;
				const head = Object.entries({ Status: status,
				    'Content-Type': 'text/html', ...headers })
				    .map(([name, value]) => `${name}: ${value}\r\n`).join('');
				const out = Buffer.from(`${head}\r\n${text}`);
				for (let i = 0; i < out.length; i += 32768)
					socket.write(record(STDOUT, id,
					    out.subarray(i, i + 32768)));
				socket.write(record(STDOUT, id, Buffer.alloc(0)));
				socket.end(record(END, id, Buffer.alloc(8)));
			}
		});
	});
	await new Promise((done) => server.listen(path, done));
	return () => new Promise((done) => {
		server.close(done);
		for (const socket of sockets)
			socket.destroy();
	});
}
