// What a shopper on a slow phone sees: how soon the largest thing is there, and
// that nothing moves once it is.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chromium } from 'playwright-core';
import { url } from '../api/client.mjs';

setTimeout(() => process.exit(9), 280000).unref();	// a browser that hangs

// Slow 4G. Generous as to time: the machine of a test may be busy.
const NETWORK = { offline: false, latency: 150, downloadThroughput: 200000, uploadThroughput: 90000 };
const LCP_MS = 10000, CLS = 0.1;

test('home, a category and a product on a slow phone: soon there, and still', async t => {
	const browser = await chromium.launch({ executablePath: '/usr/bin/chromium',
		args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'] });
	t.after(() => browser.close());
	for (const path of ['/es/', '/es/c/mesa', '/es/p/botas-canada']) {
		const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true });
		const page = await context.newPage(), session = await context.newCDPSession(page);
		await session.send('Network.enable');
		await session.send('Network.emulateNetworkConditions', NETWORK);
		await page.addInitScript(() => {
			window.vitals = { lcp: 0, cls: 0 };
			new PerformanceObserver(list => {
				for (const entry of list.getEntries())
					window.vitals.lcp = entry.startTime;
			}).observe({ type: 'largest-contentful-paint', buffered: true });
			new PerformanceObserver(list => {
				for (const entry of list.getEntries())
					window.vitals.cls += entry.hadRecentInput ? 0 : entry.value;
			}).observe({ type: 'layout-shift', buffered: true });
		});
		await page.goto(url + path, { waitUntil: 'load' });
		await page.waitForFunction(() => window.vitals.lcp > 0);
		const { lcp, cls } = await page.evaluate(() => window.vitals);
		t.diagnostic(`${path}: LCP ${Math.round(lcp)} ms, CLS ${cls.toFixed(3)}`);
		assert.ok(lcp < LCP_MS, `${path}: the largest thing is there after ${lcp} ms`);
		assert.ok(cls < CLS, `${path}: things move by ${cls}`);
		await context.close();
	}
});
