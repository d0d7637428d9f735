// The shop in a browser, light and dark, phone and desk: readable for all, no
// wider than the screen, and the cart changes without leaving the page.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { set } from '../chaos/shop.mjs';
import { url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 400000).unref();	// a browser that hangs

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

async function visitor(width, colorScheme = 'light', more = {}) {
	const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, ...more });
	const page = await context.newPage();
	const faults = [];
	page.on('pageerror', error => faults.push(String(error)));
	page.on('console', message => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
	return { context, page, faults };
}

async function fillCart(page) {
	await page.goto(`${url}/es/p/regadera-lluvia`);
	await page.locator('form[action$="/cart/items"] button').click();
	await page.waitForURL('**/cart');
}

async function signIn(page) {
	await page.goto(`${url}/es/login`);
	await page.fill('#email', 'owner@zoco.example');
	await page.fill('#password', 'demo-owner-2026');
	await page.locator('form[action$="/login"] button').click();
	await page.waitForURL('**/admin/**');
}

async function look(page, name, width) {
	const { violations, passes } = await new AxeBuilder({ page }).analyze();
	assert.deepEqual(violations.map(v => `${name}: ${v.id} ${v.nodes[0].html}`), []);
	assert.ok(passes.some(rule => rule.id === 'color-contrast'), `${name}: contrast was not looked at`);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	assert.ok(wide <= width, `${name} is ${wide} wide`);
}

for (const [width, scheme] of [[360, 'dark'], [1280, 'light']])
	test(`shop and staff's pages, ${width} pixels, ${scheme}`, async () => {
		const { context, page, faults } = await visitor(width, scheme);
		await fillCart(page);
		for (const path of ['/es/cart', '/es/checkout', '/en/', '/es/search?q=nada', '/es/p/none', '/es/privacy', '/es/register', '/es/registered', '/es/verify?token=x', '/es/forgot']) {
			const answer = await page.goto(url + path);
			assert.equal(answer.status(), path === '/es/p/none' ? 404 : 200, path);
			await look(page, path, width);
		}
		await page.goto(`${url}/es/checkout`);
		await page.evaluate(() => document.querySelectorAll('form').forEach(form => { form.noValidate = true; }));
		await page.locator('form[action$="/checkout/details"] button').last().click();
		await page.locator('.notice-error').waitFor();
		await look(page, 'checkout with faults', width);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'email');
		await signIn(page);
		for (const path of ['', 'orders', 'products', 'stock', 'stock/locations', 'stock/transfers', 'stock/counts', 'stock/file', 'stock/0190a000-0000-7000-8000-000000000101', 'payments', 'messages', 'jobs/events', 'audit']) {
			await page.goto(`${url}/es/admin/${path}`);
			await look(page, `admin/${path}`, width);
			assert.equal(await page.locator('.menu [aria-current]').count(), 1, path);
		}
		assert.deepEqual(faults, []);
		await context.close();
	});

test('a quantity changes in place, and so does the count above', async () => {
	const { context, page, faults } = await visitor(390);
	await fillCart(page);
	await page.evaluate(() => { window.stayed = true; });
	const total = page.locator('.totals dd.total');	// of the articles, then with delivery
	assert.match(await total.first().textContent(), /^36,00/);
	assert.match(await total.last().textContent(), /^40,95/);
	await page.fill('input[name=quantity]', '2');
	await page.press('input[name=quantity]', 'Tab');
	await total.first().and(page.getByText('72,00')).waitFor();
	await total.last().and(page.getByText(/^7[2-9],/)).waitFor();
	await page.locator('#top-links .badge', { hasText: '2' }).waitFor();
	assert.equal(await page.evaluate(() => window.stayed), true);
	assert.deepEqual(faults, []);
	await context.close();
});

test('the language changes on the same page, without JavaScript too', async () => {
	const { context, page } = await visitor(390, 'light', { javaScriptEnabled: false });
	for (const path of ['/es/', '/es/p/regadera-lluvia', '/es/cart', '/es/login']) {
		await page.goto(url + path);
		await page.locator('#top-links a[hreflang=en]').click();
		assert.match(page.url(), /\/en\//);
		assert.equal(await page.locator('html').getAttribute('lang'), 'en');
		assert.equal(await page.locator('#top-links').count(), 1, path);
		assert.ok(!(await page.title()).includes('nothing'), path);
	}
	await context.close();
});

test('static files carry their version and are kept', async () => {
	const text = await (await fetch(`${url}/es/`)).text();
	const files = [...text.matchAll(/(?:href|src)="(\/static\/(?:css|js)\/[^"]+)"/g)].map(found => found[1]);
	assert.ok(files.length >= 2);
	for (const file of files) {
		assert.match(file, /\?v=[0-9a-f]{10}$/);
		const answer = await fetch(url + file);
		assert.equal(answer.status, 200);
		assert.match(answer.headers.get('cache-control'), /immutable/);
	}
});

// A passkey of chromium's own (WebAuthn's testing API). They want a host's name.
test('a passkey: made, asked for at login and for step-up, removed', async () => {
	const shop = url.replace('127.0.0.1', 'localhost');
	await set('zoco-auth', `base_url=${shop}`);
	after(() => set('zoco-auth', `base_url=${url}`));
	const { context, page, faults } = await visitor(390);
	const cdp = await context.newCDPSession(page);
	await cdp.send('WebAuthn.enable');
	const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal',
		hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
	const login = async () => {
		await page.goto(`${shop}/en/login?next=/en/account/security`);
		await page.fill('#email', 'customer@zoco.example');
		await page.fill('#password', 'demo-customer-2026');
		await page.locator('form[action$="/login"] button').click();
	};
	await login();
	await page.waitForURL('**/account/security');
	await look(page, 'security', 390);
	await page.fill('#passkey_name', 'My phone');
	await page.locator('form[data-passkey="create"] button').click();
	await page.locator('.codes li').first().waitFor();
	assert.equal(await page.locator('.codes li').count(), 10);
	await look(page, 'recovery codes', 390);
	const [download] = await Promise.all([page.waitForEvent('download'), page.locator('a[download]').click()]);
	assert.match(download.suggestedFilename(), /\.txt$/);
	const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
	assert.equal(credentials.length, 1);

	await context.clearCookies();
	await login();
	await page.waitForURL('**/login/code**');
	await look(page, 'login code', 390);
	await page.locator('form[data-passkey="get"] button').click();
	await page.waitForURL('**/account/security');
	await page.goto(`${shop}/en/step-up?next=/en/account/security`);
	await look(page, 'step-up', 390);
	await page.locator('form[data-passkey="get"] button').click();
	await page.waitForURL('**/account/security');
	await page.locator('form[action*="/passkeys/"] button').click();
	await page.locator('form[action*="/passkeys/"]').waitFor({ state: 'detached' });
	assert.deepEqual(faults, []);
	await context.close();
});
