// Two windows, one of the staff and one of a shopper: stock changes in both
// while nobody touches them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { chromium } from 'playwright-core';
import { owner, url, variant } from '../api/client.mjs';

setTimeout(() => process.exit(9), 200000).unref();	// a browser that hangs

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

test('the staff\'s list and the product page change without a reload', async () => {
	const boss = await owner();
	const adjust = set_to => boss.idempotent('POST', '/inventory/adjustments', { variant_id: variant(1), set_to, reason: 'count' });
	await adjust(30);
	const desk = await (await browser.newContext()).newPage(), shop = await (await browser.newContext()).newPage();
	const faults = [];
	for (const page of [desk, shop]) {
		page.on('pageerror', error => faults.push(String(error)));
		page.on('console', message => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
	}
	await desk.goto(`${url}/es/login`);
	await desk.fill('#email', 'staff@zoco.example');
	await desk.fill('#password', 'demo-staff-2026');
	await desk.locator('form[action$="/login"] button').click();
	await desk.waitForURL('**/admin/**');
	await desk.goto(`${url}/es/admin/stock`);
	await shop.goto(`${url}/es/p/0190a000-0000-7000-8001-000000000001`);
	for (const page of [desk, shop])
		await page.evaluate(() => { window.stayed = true; });
	const cell = desk.locator(`[data-level="${variant(1)}/main"] [data-field=on_hand]`);
	await cell.waitFor();
	const reads = async (locator, text) => {
		await locator.filter({ hasText: text }).first().waitFor({ timeout: 60000 });
	};
	await reads(cell, /^30$/);
	await adjust(2);
	await reads(cell, /^2$/);
	await reads(shop.locator(`.availability [data-variant="${variant(1)}"] .badge-low`), '¡Solo quedan 2!');
	await adjust(0);
	await reads(shop.locator(`.availability [data-variant="${variant(1)}"] .badge-out`), 'Agotado');
	await shop.locator('.notify summary').first().click();
	await shop.fill(`.availability input[name=email]`, `${randomUUID()}@example.com`);
	await adjust(50);
	await reads(cell, /^50$/);
	for (const page of [desk, shop])
		assert.equal(await page.evaluate(() => window.stayed), true);
	assert.deepEqual(faults, []);
});
