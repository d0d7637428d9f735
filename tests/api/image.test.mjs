// Pictures: what is taken, what becomes of it, what is refused.
import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import test from 'node:test';
import { Client, staff } from './client.mjs';

const visitor = new Client();
let client, id;
test.before(async () => {
	client = await staff();
	id = (await client.api('POST', '/catalog/products', { texts: [{ lang: 'es', slug: 'retrato', name: 'Retrato' }],
		variants: [{ sku: 'RET', price: { amount: 100, currency: 'EUR' } }] })).body.id;
});

function chunk(kind, data) {
	const head = Buffer.concat([Buffer.from(kind), data]), out = Buffer.alloc(head.length + 8);
	out.writeUInt32BE(data.length, 0);
	head.copy(out, 4);
	let crc = ~0;
	for (const byte of head) {
		crc ^= byte;
		for (let k = 0; k < 8; k++)
			crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	}
	out.writeUInt32BE(~crc >>> 0, head.length + 4);
	return out;
}

// A PNG of that size; `claims` another height than it has rows.
function png(width, height, claims = height) {
	const ihdr = Buffer.alloc(13), rows = Buffer.alloc((width * 3 + 1) * height, 0x7f);
	ihdr.writeUInt32BE(width, 0);
	ihdr.writeUInt32BE(claims, 4);
	ihdr.set([8, 2, 0, 0, 0], 8);
	for (let y = 0; y < height; y++)
		rows[y * (width * 3 + 1)] = 0;
	return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', ihdr),
		chunk('tEXt', Buffer.from('Author\0a secret name')), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

const put = (body, n = 1, query = 'alt_es=Un+retrato&alt_en=A+portrait', who = client, match = '*') =>
	who.api('PUT', `/catalog/products/${id}/images/${n}?${query}`, body, { 'content-type': 'image/png', ...(match && { 'if-match': match }) });

test('a picture becomes WebP in fixed widths, without what was hidden in it', async () => {
	const { status, body } = await put(png(1000, 500));
	assert.equal(status, 200, JSON.stringify(body));
	const [image] = body.images;
	assert.match(image.src, /^\/media\/[0-9a-f]{64}-640\.webp$/);
	assert.deepEqual([image.width, image.height, image.alt], [640, 320, 'Un retrato']);
	const files = image.srcset.split(', ').map(part => part.split(' '));
	assert.deepEqual(files.map(f => f[1]), ['160w', '320w', '640w', '960w']);
	for (const [path] of files) {
		const answer = await visitor.fetch(path), bytes = Buffer.from(await answer.arrayBuffer());
		assert.equal(answer.status, 200);
		assert.equal(answer.headers.get('content-type'), 'image/webp');
		assert.match(answer.headers.get('cache-control'), /immutable/);
		assert.equal(bytes.toString('latin1', 0, 4), 'RIFF');
		assert.ok(!bytes.includes('secret'));
	}
	const english = await visitor.api('GET', `/catalog/products/${id}?lang=en`);
	assert.equal(english.body.images[0].alt, 'A portrait');
	assert.equal((await visitor.api('GET', '/catalog/products?q=retrato&lang=es')).body.items[0].image, image.src);
});

test('the same bytes are the same file; another place is another picture', async () => {
	const first = (await put(png(300, 300), 2)).body.images[1];
	assert.deepEqual((await put(png(300, 300), 3)).body.images[2].src, first.src);
	assert.deepEqual(first.srcset.split(', ').map(part => part.split(' ')[1]), ['160w', '300w'], 'no wider than it is');
	const answer = await client.api('DELETE', `/catalog/products/${id}/images/3`, undefined, { 'if-match': '*' });
	assert.equal(answer.status, 200);
	assert.equal(answer.body.images.length, 2);
	assert.equal((await client.api('DELETE', `/catalog/products/${id}/images/9`, undefined, { 'if-match': '*' })).status, 404);
});

test('what is no picture, or a bomb, is refused and leaves nothing', async () => {
	const before = (await visitor.api('GET', `/catalog/products/${id}`)).body;
	const cut = png(400, 400).subarray(0, 200);
	for (const [bytes, wanted] of [['<svg onload="alert(1)"/>', 415], ['GIF89a' + 'x'.repeat(100), 415], [cut, 415],
		[png(100, 1, 60000), 413], [png(8000, 1, 8000), 413], [Buffer.concat([png(1, 1).subarray(0, 40), Buffer.alloc(100)]), 415]])
		assert.equal((await put(bytes, 1)).status, wanted);
	assert.equal((await put(Buffer.alloc(0))).status, 415);
	assert.deepEqual((await visitor.api('GET', `/catalog/products/${id}`)).body, before);
});

test('what it shows is told in each language; the version is matched; staff only', async () => {
	const { status, body } = await put(png(10, 10), 1, 'alt_es=Algo');
	assert.equal(status, 422);
	assert.equal(body.errors[0].field, 'alt_en');
	assert.equal((await put(png(10, 10), 1, undefined, client, null)).status, 428);
	assert.equal((await put(png(10, 10), 1, undefined, client, '"1"')).status, 412);
	assert.equal((await put(png(10, 10), 1, undefined, visitor)).status, 401);
});

test('a page sends a picture without JavaScript; what is wrong is said beside what was typed', async () => {
	const place = 7, path = `/es/admin/products/${id}/images`;
	const version = /name="version" value="(\d+)"/.exec(await (await client.fetch(path)).text())[1];
	const send = (fields, file, to = `${path}/${place}`, who = client) => {
		const form = new FormData();
		for (const [name, value] of Object.entries({ version, alt_es: 'De lado', alt_en: 'From the side', ...fields }))
			form.append(name, value);
		form.append('file', new Blob(file ?? [], { type: 'image/png' }), file ? 'lado.png' : '');
		return who.fetch(to, { method: 'POST', body: form });
	};
	const none = await send({}), text = await none.text();
	assert.equal(none.status, 422);
	assert.match(text, /id="file-error">[^<]+<.*value="De lado".*value="From the side"/s);
	assert.equal((await send({ alt_en: '' }, [png(300, 200)])).status, 422);
	assert.equal((await send({}, [Buffer.from('no picture at all')])).status, 415);
	assert.equal((await send({ version: '1' }, [png(300, 200)])).status, 412);
	assert.equal((await send({}, [png(300, 200)], `/es/admin/products/${id}`)).status, 415, 'no other form takes files');
	assert.equal((await send({}, [png(300, 200)], undefined, new Client())).status, 401);
	assert.equal((await client.fetch(`${path}/${place}`, { method: 'POST', body: '--x\r\n', headers: { 'content-type': 'multipart/form-data; boundary=x' } })).status, 400);
	const noise = Buffer.alloc(200000).map((_, i) => i * 7919 % 251);	// more than other pages take
	const good = await send({}, [png(300, 200), noise]);
	assert.deepEqual([good.status, good.headers.get('location')], [303, path]);
	const { images } = (await client.api('GET', `/catalog/products/${id}/source`)).body;
	assert.deepEqual(images.find(i => i.n === place).alt, { es: 'De lado', en: 'From the side' });
});
