// What a page of the shop may weigh: a budget that breaks the build. And no page
// is wider than its screen, blocks on a script, or hides its first picture.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 280000).unref();	// a browser that hangs

const KB = 1024, BUDGET = { document: 30 * KB, stylesheet: 15 * KB, script: 30 * KB, all: 300 * KB };
const PAGES = ['/es/', '/en/c/light', '/es/p/botas-canada', '/es/cart', '/es/checkout', '/en/orders', '/es/withdrawal', '/en/contact'];

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
});
after(() => browser?.close());

test('every page keeps its budget, and is as wide as its screen', async () => {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
	const page = await context.newPage();
	await page.goto(`${url}/es/p/regadera-lluvia`);
	await page.locator('#buy .button').click();
	await page.waitForURL('**/cart');
	for (const path of PAGES) {
		const fresh = await context.newPage(), sizes = { document: 0, stylesheet: 0, script: 0, all: 0 }, reads = [];
		fresh.on('response', answer => reads.push(answer.body().then(body => {
			const kind = answer.request().resourceType();
			const size = kind === 'image' && !answer.url().endsWith('.svg') ? body.length : gzipSync(body).length;
			sizes.all += size;
			if (kind in sizes)
				sizes[kind] += size;
		}, () => {})));
		const answer = await fresh.goto(url + path, { waitUntil: 'load' });
		assert.equal(answer.status(), 200, path);
		await Promise.all(reads);
		assert.ok(sizes.document > 0 && sizes.stylesheet > 0, `${path}: nothing was weighed`);
		for (const [kind, most] of Object.entries(BUDGET))
			assert.ok(sizes[kind] <= most, `${path}: ${kind} weighs ${sizes[kind]} of ${most}`);
		const { blocking, lazy } = await fresh.evaluate(() => ({
			blocking: [...document.querySelectorAll('script[src]')].filter(s => !s.defer && !s.async && s.type !== 'module').length,
			lazy: [...document.querySelectorAll('main img')].slice(0, 1).filter(i => i.loading === 'lazy').length,
		}));
		assert.equal(blocking, 0, `${path}: a script blocks`);
		if (path === '/es/' || path.includes('/p/'))
			assert.equal(lazy, 0, `${path}: the first picture is lazy`);
		for (const width of [360, 768, 1440]) {
			await fresh.setViewportSize({ width, height: 800 });
			const wide = await fresh.evaluate(() => document.documentElement.scrollWidth);
			assert.ok(wide <= width, `${path} is ${wide} wide at ${width}`);
		}
		await fresh.close();
	}
	await context.close();
});

test('a choice that is not made cannot be chosen, one that is sold out says so', async () => {
	const context = await browser.newContext({ viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
	const page = await context.newPage();
	await page.goto(`${url}/es/p/botas-canada`);
	assert.equal(await page.locator('.pick input').count(), 10);
	assert.equal(await page.locator('.pick.is-missing').count(), 2);
	assert.equal(await page.locator('.pick.is-out').count(), 1);
	await page.locator('.pick', { hasText: 'Negro 42' }).locator('input').check();
	await page.waitForFunction(() => document.querySelector('#gallery').scrollLeft > 300);
	await context.close();
});
