// The checkout by keys alone, and by the browser's Back; each of its steps
// looked at by axe, on a phone and on a desk.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 280000).unref();	// a browser that hangs

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

// Goes on by Tab until that is where the focus is.
async function tabTo(page, selector) {
	for (let i = 0; i < 60; i++) {
		await page.keyboard.press('Tab');
		if (await page.evaluate(s => document.activeElement.matches(s), selector))
			return;
	}
	assert.fail(`${selector} is not reached by keys at ${page.url()}`);
}

async function press(page, selector, key, to) {
	await tabTo(page, selector);
	const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	assert.notEqual(outline, 'none', `${selector}: the focus is seen`);
	await Promise.all([page.waitForURL(to), page.keyboard.press(key)]);
}

async function look(page, name, width) {
	const { violations } = await new AxeBuilder({ page }).analyze();
	assert.deepEqual(violations.map(v => `${name}: ${v.id} ${v.nodes[0].html}`), []);
	const wide = await page.evaluate(() => document.documentElement.scrollWidth);
	assert.ok(wide <= width, `${name} is ${wide} wide`);
}

const typed = { '#email': `ana-${randomUUID()}@example.com`, '#name': 'Ana Pérez', '#line1': 'Calle Sol 1', '#postcode': '28013', '#city': 'Madrid' };

for (const [width, scheme] of [[360, 'dark'], [1280, 'light']])
	test(`bought by keys alone, ${width} pixels; every step is good for all`, async () => {
		const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: scheme, reducedMotion: 'reduce' });
		const page = await context.newPage();
		await page.goto(`${url}/es/p/regadera-lluvia`);
		await press(page, '#buy .button', 'Enter', '**/cart');
		await press(page, `a[href="/es/checkout"]`, 'Enter', '**/checkout');
		await look(page, 'details', width);
		assert.ok(await page.locator('form .field:visible').count() <= 8, 'no more fields than that');
		assert.match(await page.locator('#total').textContent(), /\d/, 'the total is there before any address');
		for (const [selector, text] of Object.entries(typed)) {
			await tabTo(page, selector);
			await page.keyboard.type(text);
		}
		await press(page, 'form[action$="/checkout/details"] .button-wide', 'Enter', '**step=delivery');
		await look(page, 'delivery', width);
		await press(page, 'form[action$="/checkout/delivery"] .button-wide', 'Enter', '**step=payment');
		await look(page, 'payment', width);
		await tabTo(page, 'input[name=payment_method]');
		await page.keyboard.press('Space');
		await press(page, 'form[action$="/checkout"] .button-wide', 'Enter', '**/orders/**');
		assert.match(await page.locator('#number').textContent(), /^Z\d{6}$/);
		await look(page, 'order', width);
		await context.close();
	});

for (const javaScriptEnabled of [true, false])
	test(`Back goes a step back, with what was typed; JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
		const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce', javaScriptEnabled });
		const page = await context.newPage();
		await page.goto(`${url}/es/p/regadera-lluvia`);
		await page.locator('#buy .button').click();
		await page.goto(`${url}/es/checkout`);
		for (const [selector, text] of Object.entries(typed))
			await page.fill(selector, text);
		await page.locator('form[action$="/checkout/details"] .button-wide').click();
		await page.check('input[value=express]');
		await page.locator('form[action$="/checkout/delivery"] .button-wide').click();
		await page.locator('form[action$="/es/checkout"]').waitFor();
		await page.goBack();
		assert.match(page.url(), /step=delivery$/);
		assert.ok(await page.isChecked('input[value=express]'));
		await page.goBack();
		assert.match(page.url(), /\/checkout$/);
		assert.equal(await page.inputValue('#line1'), typed['#line1']);
		await page.fill('#postcode', '2801300000000');
		await page.press('#city', 'Enter');
		await page.locator('#postcode-error', { hasText: /\S/ }).waitFor();
		assert.equal(await page.inputValue('#line1'), typed['#line1']);
		await page.fill('#postcode', '28901');
		await page.fill('#city', 'Getafe');
		await page.press('#city', 'Enter');
		await page.locator('form[action$="/checkout/delivery"]').waitFor();
		assert.match(await page.locator('.stage').first().textContent(), /Getafe/);
		await page.locator('.stage a').first().click();
		assert.equal(await page.inputValue('#city'), 'Getafe', 'so does the way back on the page');
		await context.close();
	});
