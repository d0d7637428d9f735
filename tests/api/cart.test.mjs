// Carts: what a guest's and a customer's have in common, where they meet, what
// orders take and give back, and what is left when Redis is away.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import net from 'node:net';
import test from 'node:test';
import { Client, customer, internal, sql, staff, until, variant } from './client.mjs';

const add = (client, id, quantity = 1) => client.api('POST', '/cart/items', { variant_id: id, quantity });
const cartOf = async client => (await client.api('GET', '/cart')).body;
const linesOf = async client => Object.fromEntries((await cartOf(client)).lines.map(l => [l.variant_id, l.quantity]));

// The demo's customer with an empty cart; and what its rows say.
async function emptyCustomer() {
	const client = await customer();
	assert.equal((await client.api('DELETE', '/cart')).status, 204);
	return client;
}
const userId = async client => (await client.api('GET', '/auth/me')).body.id;
const rowsOf = id => sql('cart', `SELECT variant_id, quantity FROM cart_line WHERE cart_key = 'user:${id}'`);

// A guest's key, as programs name it, from the cookie.
const guestKey = client => createHash('sha256')
	.update([...client.cookies].find(([name]) => name.includes('zoco_cart'))[1]).digest('hex');
const keyOf = async (client, who) => who === 'guest' ? guestKey(client) : `user:${await userId(client)}`;

// One command to the shop's Redis, as text.
function redis(...words) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(`${process.env.ZOCO_DIR}/run/redis.sock`, () => socket.write(
			`*${words.length}\r\n` + words.map(w => `$${Buffer.byteLength(String(w))}\r\n${w}\r\n`).join('')));
		socket.on('error', reject).on('data', data => { socket.destroy(); resolve(data.toString()); });
	});
}

// Events as the pump brings them.
const event = (type, subject, data, id = randomUUID()) => ({
	id, type, source: type.split('.')[0] === 'order' ? 'orders' : 'auth', subject, number: 1,
	actor: 'test', request_id: 'test', time: new Date().toISOString(), data,
});

// More than a cart takes: the demo's, and those of a product of ours.
let sku = 0;
async function manyVariants() {
	const { status, body } = await (await staff()).api('POST', '/catalog/products', {
		texts: [{ lang: 'es', slug: `tallas-${++sku}`, name: 'Muchas tallas' }], options: [{ lang: 'es', values: ['Talla'] }],
		variants: Array.from({ length: 20 }, (_, i) => ({ sku: `M-${sku}-${i}`, price: { amount: 100, currency: 'EUR' },
			options: [{ lang: 'es', values: [String(i)] }] })),
	});
	assert.equal(status, 201, JSON.stringify(body));
	return sql('catalog', 'SELECT id FROM variant WHERE is_active ORDER BY id LIMIT 60').map(v => v.id);
}

const people = { guest: async () => new Client(), customer: emptyCustomer };

for (const [who, make] of Object.entries(people)) {
	test(`${who}: in, up, down, out; live prices and totals`, async () => {
		const client = await make(), a = variant(1), b = variant(2);
		let answer = await add(client, a, 2);
		assert.equal(answer.status, 201, JSON.stringify(answer.body));
		assert.equal((await add(client, a, 3)).body.lines[0].quantity, 5);
		answer = await add(client, b);
		assert.equal(answer.body.count, 6);
		const [price] = sql('catalog', `SELECT amount FROM price WHERE variant_id = '${a}' AND currency = 'EUR'`);
		const line = answer.body.lines.find(l => l.variant_id === a);
		assert.equal(line.unit.amount, price.amount);
		assert.equal(line.total.amount, price.amount * 5);
		assert.equal(line.total.currency, 'EUR');
		assert.ok(line.name && line.slug && line.sku);
		assert.equal(answer.body.totals.subtotal.amount,
			answer.body.lines.reduce((sum, l) => sum + l.total.amount, 0));
		assert.ok(answer.body.totals.tax.amount > 0);
		assert.deepEqual(answer.body.problems, []);

		answer = await client.api('PATCH', `/cart/items/${a}`, { quantity: 1 });
		assert.equal(answer.status, 200);
		assert.deepEqual(await linesOf(client), { [a]: 1, [b]: 1 });
		answer = await client.api('DELETE', `/cart/items/${a}`);
		assert.equal(answer.status, 200);
		assert.deepEqual(await linesOf(client), { [b]: 1 });
		assert.equal((await client.api('DELETE', `/cart/items/${a}`)).status, 200, 'gone is gone');
		assert.equal((await client.api('PATCH', `/cart/items/${a}`, { quantity: 2 })).status, 404);
		assert.equal((await client.api('DELETE', '/cart')).status, 204);
		assert.deepEqual(await cartOf(client), {
			lines: [], problems: [], count: 0, email: null, marketing_consent: false,
			totals: { subtotal: { amount: 0, currency: 'EUR' }, tax: { amount: 0, currency: 'EUR' } },
		});
	});

	test(`${who}: twenty adds at once are twenty, and ninety-nine is the most`, async () => {
		const client = await make(), id = variant(3);
		await add(client, id);
		const answers = await Promise.all(Array.from({ length: 20 }, () => add(client, id)));
		assert.deepEqual([...new Set(answers.map(a => a.status))], [201]);
		assert.equal((await cartOf(client)).count, 21);
		await Promise.all(Array.from({ length: 3 }, () => add(client, id, 50)));
		assert.equal((await cartOf(client)).count, 99);
	});

	test(`${who}: fifty lines and no more, also when many come at once`, async () => {
		const client = await make(), known = await manyVariants();
		await add(client, known[0]);
		for (let i = 1; i < 46; i += 5)
			await Promise.all(known.slice(i, i + 5).map(id => add(client, id)));
		assert.equal((await cartOf(client)).lines.length, 46);
		const answers = await Promise.all(known.slice(46).map(id => add(client, id)));
		assert.equal(answers.filter(a => a.status === 201).length, 4);
		assert.ok(answers.filter(a => a.status !== 201).every(a => a.status === 409 && a.body.type === '/problems/cart-full'));
		assert.equal((await cartOf(client)).lines.length, 50);
		assert.equal((await add(client, known[0])).status, 201, 'more of what is there');
	});

	test(`${who}: problems name their line`, async () => {
		const client = await make(), id = variant(11), boss = await staff();
		const [before] = sql('inventory', `SELECT on_hand, reserved FROM level WHERE variant_id = '${id}'`);
		const set = available => boss.idempotent('POST', '/inventory/adjustments', {
			variant_id: id, reason: 'count',
			delta: available - sql('inventory', `SELECT on_hand - reserved AS n FROM level WHERE variant_id = '${id}'`)[0].n,
		});
		await add(client, id, 4);
		assert.equal((await set(3)).status, 201);
		assert.deepEqual((await cartOf(client)).problems, [{ code: 'not-enough', variant_id: id, available: 3 }]);
		assert.equal((await cartOf(client)).lines[0].available, 3);
		assert.match(await (await client.fetch('/en/cart')).text(), /name="quantity" value="3"[^]*Take 3/);
		assert.equal((await set(0)).status, 201);
		assert.deepEqual((await cartOf(client)).problems, [{ code: 'not-available', variant_id: id, available: 0 }]);
		const page = await (await client.fetch('/en/cart')).text();
		assert.match(page, /class="field-error"/);
		assert.doesNotMatch(page, /href="\/en\/checkout"/);
		await set(before.on_hand - before.reserved);
		assert.deepEqual((await cartOf(client)).problems, []);
	});

	test(`${who}: a price that changed since is named, with both prices`, async () => {
		const client = await make(), id = variant(5), boss = await staff();
		const { amount, currency } = sql('catalog', `SELECT amount, currency FROM price WHERE variant_id = '${id}' AND currency = 'EUR'`)[0];
		const price = async cents => assert.equal((await boss.api('PATCH', `/catalog/variants/${id}`,
			{ price: { amount: cents, currency } }, { 'if-match': '*' })).status, 200);
		assert.equal((await add(client, id)).body.lines[0].was, null, 'the first answer shows the cart too');
		await price(amount + 150);
		try {
			let [line] = (await client.api('PATCH', `/cart/items/${id}`, { quantity: 2 })).body.lines;
			assert.deepEqual([line.was.amount, line.unit.amount], [amount, amount + 150]);
			const page = await (await client.fetch('/en/cart')).text();
			assert.match(page, /it was €[\d.]+, now it is €[\d.]+/);
			assert.match(page, /href="\/en\/checkout"/, 'and keeps nobody from buying');
			[line] = (await add(client, id)).body.lines;
			assert.deepEqual([line.was, line.quantity], [null, 3], 'who adds more has seen the new price');
		} finally {
			await price(amount);
		}
	});

	test(`${who}: what was removed can be taken back, without script`, async () => {
		const client = await make(), id = variant(1);
		await add(client, id, 4);
		const answer = await client.form(`/en/cart/items/${id}`, { _method: 'DELETE' });
		assert.equal(answer.status, 303);
		const way = answer.headers.get('location').replace(/^https?:..[^/]*/, '');
		assert.deepEqual(await linesOf(client), {});
		let page = await (await client.fetch(way)).text();
		assert.match(page, / is out of the cart\./);
		const fields = Object.fromEntries([...page.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(f => [f[1], f[2]]));
		assert.deepEqual(fields, { variant_id: id, quantity: '4' });
		assert.equal((await client.form('/en/cart/items', fields)).status, 303);
		assert.deepEqual(await linesOf(client), { [id]: 4 });
		page = await (await client.fetch(way)).text();
		assert.doesNotMatch(page, / is out of the cart\./, 'what is there again is not offered');
		for (const odd of ['removed=x', `removed=${randomUUID()}`, 'quantity=0'])
			assert.ok([200, 422].includes((await client.fetch(`/en/cart?${odd}`)).status), odd);
	});

	test(`${who}: reading writes nothing`, async () => {
		const client = await make();
		await add(client, variant(1));
		const state = async () => who === 'guest' ? redis('OBJECT', 'IDLETIME', `cart:${guestKey(client)}`).then(() =>
			redis('HGETALL', `cart:${guestKey(client)}`)) : sql('cart', 'SELECT * FROM cart NATURAL JOIN cart_line');
		if (who === 'guest')
			await redis('EXPIRE', `cart:${guestKey(client)}`, 1000);
		const before = await state();
		await cartOf(client);
		await client.fetch('/es/cart');
		await client.fetch('/fragments/cart/summary?lang=es');
		assert.deepEqual(await state(), before);
		if (who === 'guest') {
			assert.ok(Number((await redis('TTL', `cart:${guestKey(client)}`)).slice(1)) <= 1000);
			await add(client, variant(1));
			assert.ok(Number((await redis('TTL', `cart:${guestKey(client)}`)).slice(1)) > 29 * 86400, 'a change is 30 days');
		}
	});

	test(`${who}: an address for a reminder`, async () => {
		const client = await make();
		await add(client, variant(1));
		let answer = await client.api('PATCH', '/cart', { email: 'ana@example.com', marketing_consent: true });
		assert.equal(answer.status, 200);
		assert.equal(answer.body.email, 'ana@example.com');
		answer = await client.api('PATCH', '/cart', { marketing_consent: false });
		assert.deepEqual([answer.body.email, answer.body.marketing_consent], ['ana@example.com', false]);
		answer = await client.api('PATCH', '/cart', { email: 'no address' });
		assert.equal(answer.status, 422);
		assert.equal(answer.body.errors[0].field, 'email');
		await client.api('DELETE', '/cart');
		assert.equal((await cartOf(client)).email, null, 'emptied means forgotten');
	});

	test(`${who}: an order takes its lines once, and gives them back once`, async () => {
		const client = await make(), a = variant(1), b = variant(2), order = randomUUID();
		await add(client, a, 5);
		await add(client, b, 2);
		const cart_key = await keyOf(client, who);
		const read = await internal('orders', 'POST', '/internal/cart/read', { cart_key });
		assert.deepEqual(read.body.lines.map(l => l.quantity), [5, 2]);
		const ordered = { cart_key, order_id: order, lines: [{ variant_id: a, quantity: 3 }, { variant_id: b, quantity: 2 }] };
		const answers = await Promise.all(Array.from({ length: 5 }, () => internal('orders', 'POST', '/internal/cart/ordered', ordered)));
		assert.deepEqual(answers.map(x => x.status), [204, 204, 204, 204, 204]);
		assert.deepEqual(await linesOf(client), { [a]: 2 });
		for (const type of ['order.expired', 'order.cancelled']) {
			const sent = await internal('orders', 'POST', '/internal/cart/events', { events: [event(type, order, {})] });
			assert.equal(sent.body.results[0].ok, true, JSON.stringify(sent.body));
			assert.deepEqual(await linesOf(client), { [a]: 5, [b]: 2 });
		}
		// Undone before it was told: the late telling takes nothing.
		const other = randomUUID();
		await internal('orders', 'POST', '/internal/cart/events', { events: [event('order.expired', other, {})] });
		assert.equal((await internal('orders', 'POST', '/internal/cart/ordered', { ...ordered, order_id: other })).status, 204);
		assert.deepEqual(await linesOf(client), { [a]: 5, [b]: 2 });
	});
}

test('signing in joins the carts: the larger quantity, no line lost, shown at once', async () => {
	const before = await emptyCustomer();
	await add(before, variant(1), 2);
	await add(before, variant(2), 4);
	const client = new Client();
	await add(client, variant(1), 5);
	await add(client, variant(3), 1);
	const key = guestKey(client), expected = { [variant(1)]: 5, [variant(2)]: 4, [variant(3)]: 1 };
	await client.signIn('customer@zoco.example', 'demo-customer-2026');
	assert.deepEqual(await linesOf(client), expected);
	const id = await userId(client);
	await until(() => rowsOf(id).length === 3, 'the event to join them');
	await until(async () => (await redis('EXISTS', `cart:${key}`)).startsWith(':0'), 'the guest\'s cart to be empty');
	assert.deepEqual(await linesOf(client), expected);
	assert.deepEqual(await linesOf(await customer()), expected, 'on every device');
});

test('the first change joins them too, without the event', async () => {
	const client = await emptyCustomer(), guest = new Client();
	await add(guest, variant(4), 2);
	const [name, value] = [...guest.cookies][0];
	client.cookies.set(name, value);
	assert.deepEqual(await linesOf(client), { [variant(4)]: 2 });
	assert.deepEqual(rowsOf(await userId(client)), [], 'not by reading');
	await add(client, variant(5));
	assert.deepEqual(await linesOf(client), { [variant(4)]: 2, [variant(5)]: 1 });
	assert.equal(rowsOf(await userId(client)).length, 2);
	assert.equal((await cartOf(guest)).count, 0);
	assert.equal((await client.api('DELETE', `/cart/items/${variant(4)}`)).status, 200);
	assert.deepEqual(await linesOf(client), { [variant(5)]: 1 }, 'removed is removed');
});

test('the same sign-in told twice changes nothing', async () => {
	const client = await emptyCustomer(), guest = new Client(), id = await userId(client);
	await add(guest, variant(6), 3);
	const data = { cart_key: guestKey(guest) };
	for (let i = 0; i < 2; i++) {
		const sent = await internal('auth', 'POST', '/internal/cart/events', { events: [event('user.signed-in', id, data)] });
		assert.equal(sent.body.results[0].ok, true, JSON.stringify(sent.body));
		assert.deepEqual(await linesOf(client), { [variant(6)]: 3 });
	}
	for (const other of [{}, { cart_key: 7 }, { cart_key: 'user:x' }]) {
		const sent = await internal('auth', 'POST', '/internal/cart/events', { events: [event('user.signed-in', id, other)] });
		assert.equal(sent.status, 200);
	}
	assert.deepEqual(await linesOf(client), { [variant(6)]: 3 });
});

test('no cart is an empty cart, without a cookie; the first item makes both', async () => {
	const client = new Client();
	assert.equal((await cartOf(client)).count, 0);
	assert.equal(client.cookies.size, 0);
	assert.equal((await client.api('PATCH', `/cart/items/${variant(1)}`, { quantity: 1 })).status, 404);
	assert.equal((await client.api('PATCH', '/cart', { email: 'a@example.com' })).status, 404);
	assert.equal((await client.api('DELETE', '/cart')).status, 204);
	assert.equal(client.cookies.size, 0);
	const answer = await add(client, variant(1));
	const cookie = answer.headers.getSetCookie().find(c => c.includes('zoco_cart'));
	assert.match(cookie, /HttpOnly; SameSite=Lax/);
	assert.match(cookie, /Max-Age=2592000/);
	assert.equal((await cartOf(new Client())).count, 0, 'nobody else sees it');
});

test('bad input is named, and changes nothing', async () => {
	const client = new Client();
	for (const [body, field] of [
		[{ variant_id: randomUUID() }, 'variant_id'],
		[{ variant_id: 'x' }, 'variant_id'],
		[{}, 'variant_id'],
		[{ variant_id: variant(1), quantity: 0 }, 'quantity'],
		[{ variant_id: variant(1), quantity: 100 }, 'quantity'],
		[{ variant_id: variant(1), quantity: -1 }, 'quantity'],
		[{ variant_id: variant(1), quantity: 1.5 }, 'quantity'],
		[{ variant_id: variant(1), quantity: '2' }, 'quantity'],
		[{ variant_id: variant(1), price: 1 }, 'price'],
	]) {
		const { status, body: problem } = await client.api('POST', '/cart/items', body);
		assert.equal(status, 422, JSON.stringify(body));
		assert.equal(problem.errors[0].field, field, JSON.stringify(problem));
	}
	assert.equal(client.cookies.size, 0);
	assert.equal((await client.api('PATCH', `/cart/items/${variant(1)}`, { quantity: 0 })).status, 422);
	assert.equal((await client.api('PATCH', '/cart/items/x', { quantity: 1 })).status, 422);
	const foreign = await client.api('POST', '/cart/items', {}, { origin: 'https://evil.example' });
	assert.deepEqual([foreign.status, foreign.body.type], [403, '/problems/foreign-origin']);
});

test('other programs: who may ask, and what', async () => {
	const body = { cart_key: 'x' };
	assert.equal((await internal('payments', 'POST', '/internal/cart/read', body)).status, 404);
	assert.deepEqual((await internal('notifications', 'POST', '/internal/cart/read', body)).body, { lines: [] });
	assert.equal((await internal('notifications', 'POST', '/internal/cart/ordered', {})).status, 404);
	assert.equal((await internal('orders', 'POST', '/internal/cart/ordered', { ...body, order_id: randomUUID(), lines: [] })).status, 422);
});

test('pages: forms without script, the count, the empty cart; in both languages', async () => {
	const client = new Client(), id = variant(1);
	let page = await (await client.fetch('/es/cart')).text();
	assert.match(page, /class="empty card"/);
	assert.doesNotMatch(page, /cart\.[a-z]+\b(?![^<]*>)/, 'words, not their keys');
	let answer = await client.form('/es/cart/items', { variant_id: id, quantity: 2 });
	assert.equal(answer.status, 303);
	assert.match(answer.headers.get('location'), /\/es\/cart$/);
	answer = await client.form(`/en/cart/items/${id}`, { quantity: 3 });
	assert.equal(answer.status, 303);
	page = await (await client.fetch('/en/cart')).text();
	assert.match(page, new RegExp(`name="quantity"[^>]*value="3"`));
	assert.match(page, /href="\/en\/checkout"/);
	assert.match(page, /<h1>Your cart<\/h1>/);
	assert.match(page, /<span class="badge">3<\/span>/);
	// A fault shows the page again, with the problem once and no line to blame.
	answer = await client.form(`/en/cart/items/${id}`, { quantity: 100 });
	assert.equal(answer.status, 422);
	page = await answer.text();
	assert.equal(page.match(/role="alert"/g).length, 1);
	answer = await client.form(`/en/cart/items/${id}`, { _method: 'DELETE' });
	assert.equal(answer.status, 303);
	assert.equal((await cartOf(client)).count, 0);
});

test('Redis away: guests hear 503, customers and the rest of the shop notice nothing', async () => {
	const guest = new Client(), client = await emptyCustomer();
	await add(guest, variant(1));
	await add(client, variant(2));
	client.cookies.set(...[...guest.cookies][0]);	// a cart that waits to join
	await redis('CLIENT', 'PAUSE', 20000, 'ALL');
	try {
		const answer = await add(guest, variant(1));
		assert.equal(answer.status, 503, JSON.stringify(answer.body));
		assert.equal(answer.headers.get('retry-after'), '2');
		assert.equal((await guest.api('GET', '/cart')).status, 503);
		assert.deepEqual(await linesOf(client), { [variant(2)]: 1 });
		assert.equal((await add(client, variant(2), 2)).status, 201);
		assert.deepEqual(await linesOf(client), { [variant(2)]: 3 });
		const page = await guest.fetch('/es/');
		assert.equal(page.status, 200);
		assert.match(await page.text(), /class="cart-link"/, 'the link stays, without its number');
	} finally {
		await redis('CLIENT', 'UNPAUSE');
	}
	await until(async () => (await guest.api('GET', '/cart')).status === 200, 'Redis to be back');
	assert.deepEqual(await linesOf(client), { [variant(1)]: 1, [variant(2)]: 3 });
});
