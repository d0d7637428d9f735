// A shopper buys in a browser: with and without JavaScript, by transfer and by
// card; staff ship it; the mails are in the sink, each once.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { mails, sql, until, url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 280000).unref();	// a browser that hangs

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

async function visitor(options = {}) {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce', ...options });
	const page = await context.newPage();
	const faults = [];
	page.on('console', message => message.type() === 'error' && faults.push(message.text()));
	page.on('pageerror', error => faults.push(String(error)));
	return { context, page, faults };
}

async function fillCart(page, lang, slug) {
	await page.goto(`${url}/${lang}/`);
	await page.locator(`a[href$="/c/${lang === 'es' ? 'jardin' : 'garden'}"]`).first().click();
	await page.locator(`a[href="/${lang}/p/${slug}"]`).click();
	await page.locator('form[action$="/cart/items"] button').click();
	assert.equal(new URL(page.url()).pathname, `/${lang}/cart`);
	await page.locator(`a[href="/${lang}/checkout"]`).click();
}

async function fillCheckout(page, email, method) {
	await page.fill('#email', email);
	await page.fill('#name', 'Ana Pérez');
	await page.fill('#line1', 'Calle Sol 1');
	await page.fill('#postcode', '28013');
	await page.fill('#city', 'Madrid');
	await page.locator('form[action$="/checkout/details"] .button-wide').click();
	await page.locator('form[action$="/checkout/delivery"] .button-wide').click();
	await page.check(`input[name=payment_method][value=${method}]`);
	await page.locator('form[action$="/checkout"] button').click();
}

async function signIn(page) {
	await page.goto(`${url}/es/login`);
	await page.fill('#email', 'staff@zoco.example');
	await page.fill('#password', 'demo-staff-2026');
	await page.locator('form[action$="/login"] button').click();
	assert.equal(new URL(page.url()).pathname, '/es/admin/orders');
}

for (const javaScriptEnabled of [true, false])
	test(`by transfer, JavaScript ${javaScriptEnabled ? 'on' : 'off'}; received, shipped, three mails`, async () => {
		const email = `ana-${randomUUID()}@example.com`;
		const { context, page, faults } = await visitor({ javaScriptEnabled });
		await fillCart(page, 'es', 'regadera-lluvia');
		await fillCheckout(page, email, 'bank_transfer');
		const number = await page.locator('#number').textContent();
		assert.match(number, /^Z\d{6}$/);
		assert.match(await page.locator('main').textContent(), /IBAN/);
		const before = sql('inventory', `SELECT on_hand FROM level WHERE variant_id = '0190a000-0000-7000-8000-000000002201'`)[0];

		const staff = await visitor({ viewport: { width: 1280, height: 900 } });
		await signIn(staff.page);
		await staff.page.goto(`${url}/es/admin/payments`);
		await staff.page.locator('tr', { hasText: number }).locator('button').click();
		await until(async () => {
			await staff.page.goto(`${url}/es/admin/orders`);
			await staff.page.locator('a', { hasText: number }).click();
			return staff.page.locator('#tracking').isVisible();
		}, 'the order to be payable');
		await staff.page.fill('#tracking', 'ES-9');
		await staff.page.locator('form[action$="/ship"] button').click();
		await until(async () => (await mails(email)).length === 3, 'three mails', 20);
		await page.reload();
		assert.match(await page.locator('main').textContent(), /ES-9/);
		const now = sql('inventory', `SELECT on_hand FROM level WHERE variant_id = '0190a000-0000-7000-8000-000000002201'`)[0];
		assert.equal(now.on_hand, before.on_hand - 1);
		assert.deepEqual(faults, []);
		await context.close();
		await staff.context.close();
	});

for (const javaScriptEnabled of [true, false])
	test(`by card, declined and then paid, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
		const { context, page, faults } = await visitor({ javaScriptEnabled });
		await fillCart(page, 'en', 'garden-secateurs');
		await fillCheckout(page, `ann-${randomUUID()}@example.com`, 'demo_card');
		await page.fill('#card', '4000 0000 0000 0002');
		await page.press('#card', 'Enter');
		await until(async () => { await page.reload(); return page.locator('form[action$="/pay"]').isVisible(); }, 'the decline');
		const number = await page.locator('#number').textContent();
		await page.locator('form[action$="/pay"] button').click();
		await page.fill('#card', '4242 4242 4242 4242');
		await page.press('#card', 'Enter');
		await until(async () => { await page.reload(); return (await page.locator('.badge-paid').count()) > 0; }, 'the payment');
		assert.equal(await page.locator('#number').textContent(), number);
		assert.deepEqual(faults, []);
		await context.close();
	});

test('no page has a finding of axe, nor scrolls sideways on a phone', async () => {
	const { context, page, faults } = await visitor({ viewport: { width: 360, height: 740 } });
	await fillCart(page, 'es', 'regadera-lluvia');
	const paths = ['/es/checkout', '/es/', '/en/p/alba-clay-mug', '/es/c/mesa', '/es/search?q=nada', '/es/cart', '/es/login', '/es/register', '/es/forgot'];
	for (const path of paths) {
		await page.goto(url + path);
		const { violations } = await new AxeBuilder({ page }).analyze();
		assert.deepEqual(violations.map(v => `${path}: ${v.id} ${v.nodes[0].html}`), []);
		const width = await page.evaluate(() => document.documentElement.scrollWidth);
		assert.ok(width <= 360, `${path} is ${width} wide`);
	}
	assert.deepEqual(faults, []);
	await context.close();
});
