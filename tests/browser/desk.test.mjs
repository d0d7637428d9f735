// Staff at work: the pages of products and orders for all who use them, phone
// and desk; a picture sent, changes kept from being lost, Ctrl+K by keyboard.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { staff, url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 400000).unref();	// a browser that hangs

const MUG = '0190a000-0000-7000-8001-000000000001';
let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

async function signedIn(width, colorScheme = 'light') {
	const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
	const page = await context.newPage(), faults = [];
	page.on('pageerror', error => faults.push(String(error)));
	page.on('console', message => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
	await page.goto(`${url}/es/login`);
	await page.fill('#email', 'owner@zoco.example');
	await page.fill('#password', 'demo-owner-2026');
	await page.locator('form[action$="/login"] button').click();
	await page.waitForURL('**/admin/**');
	return { context, page, faults };
}

async function look(page, name, width) {
	const { violations } = await new AxeBuilder({ page }).analyze();
	assert.deepEqual(violations.map(v => `${name}: ${v.id} ${v.nodes[0].html}`), []);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	assert.ok(wide <= width, `${name} is ${wide} wide`);
}

for (const [width, scheme] of [[360, 'dark'], [1280, 'light']])
	test(`products, categories, orders, ${width} pixels, ${scheme}`, async () => {
		const { context, page, faults } = await signedIn(width, scheme);
		for (const path of [`products/${MUG}`, `products/${MUG}/variants`, `products/${MUG}/variants/new`, `products/${MUG}/images`, 'products/new',
			'unlisted', 'categories', 'categories/new', 'attributes', 'attributes/color', 'synonyms', 'orders?status=confirmed&sort=-total']) {
			const answer = await page.goto(`${url}/es/admin/${path}`);
			assert.equal(answer.status(), 200, path);
			await look(page, path, width);
		}
		assert.deepEqual(faults, []);
		await context.close();
	});

test('Ctrl+K: a page, a product by its SKU, by keyboard alone', async () => {
	const { context, page, faults } = await signedIn(1280);
	await page.keyboard.press('Control+k');
	const field = page.locator('.palette input');
	await field.waitFor();
	await look(page, 'palette', 1280);
	await field.fill('ZC-001-01');
	await page.locator('.palette li', { hasText: 'Alba' }).first().waitFor();
	assert.equal(await page.locator('.palette [aria-selected=true]').count(), 1);
	await page.keyboard.press('Enter');
	await page.waitForURL(`**/admin/products/${MUG}`);
	await page.keyboard.press('Control+k');
	await field.fill('auditoria');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	await page.waitForURL('**/admin/audit');
	await page.keyboard.press('Control+k');
	await page.keyboard.press('Escape');
	assert.equal(await field.isVisible(), false);
	assert.deepEqual(faults, []);
	await context.close();
});

test('leaving unsaved changes is asked about, saving them is not', async () => {
	const { context, page } = await signedIn(1280);
	const asked = [];
	page.on('dialog', dialog => {
		asked.push(dialog.type());
		dialog.dismiss().catch(() => {});
	});
	await page.goto(`${url}/es/admin/products/${MUG}`);
	await page.fill('#brand', 'Otra marca');
	await page.locator('.menu a[href$="/admin/orders"]').click();
	await page.waitForFunction(() => document.querySelector('#brand').value === 'Otra marca');
	assert.deepEqual(asked, ['beforeunload']);
	await page.locator('form[data-guard] .button').first().click();
	await page.waitForURL('**saved=true');
	assert.deepEqual(asked, ['beforeunload']);
	assert.equal(await page.inputValue('#brand'), 'Otra marca');
	await context.close();
});

test('a picture is sent from its page', async () => {
	const boss = await staff(), before = (await boss.api('GET', `/catalog/products/${MUG}/source`)).body.images.length;
	const { context, page } = await signedIn(1280);
	await page.goto(`${url}/es/admin/products/${MUG}/images`);
	const png = await page.evaluate(() => {
		const canvas = Object.assign(document.createElement('canvas'), { width: 700, height: 700 });
		canvas.getContext('2d').fillRect(0, 0, 700, 700);
		return canvas.toDataURL('image/png').split(',')[1];
	});
	await page.setInputFiles('#file', { name: 'new.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') });
	await page.fill('#alt_es', 'Un cuadrado');
	await page.fill('#alt_en', 'A square');
	await page.locator('form[data-upload] .button').click();
	await page.locator('.picture-row').nth(before).waitFor();
	assert.equal((await boss.api('GET', `/catalog/products/${MUG}/source`)).body.images[before].alt.en, 'A square');
	await context.close();
});
