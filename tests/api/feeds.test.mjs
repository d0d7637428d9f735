// What machines read: robots, sitemap, merchant feed; whole and well-formed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { Client, staff, url } from './client.mjs';

const visitor = new Client();
const read = async (path, type) => {
	const answer = await visitor.fetch(path), text = await answer.text();
	assert.equal(answer.status, 200, text);
	assert.match(answer.headers.get('content-type'), type, path);
	if (/xml/.test(path))
		execFileSync('python3', ['-c', 'import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'], { input: text });
	return text;
};

test('robots: pages for people are open, the rest is not, the sitemap is named', async () => {
	const text = await read('/robots.txt', /text\/plain/);
	assert.match(text, /^User-agent: \*$/m);
	assert.match(text, /^Disallow: \/es\/checkout$/m);
	assert.ok(text.includes(`Sitemap: ${url}/sitemap.xml`));
});

test('the sitemap: every page in two languages, and each is there', async () => {
	const text = await read('/sitemap.xml', /application\/xml/);
	const pages = [...text.matchAll(/<loc>([^<]*)<\/loc>/g)].map(m => m[1]);
	const { body } = await visitor.api('GET', '/catalog/products?limit=1');
	const categories = (await visitor.api('GET', '/catalog/categories')).body.items.length;
	assert.equal(pages.length, 2 * (1 + categories + body.total));
	assert.equal(new Set(pages).size, pages.length);
	for (const page of [pages[0], pages[3], pages.at(-1), pages.at(-2)])
		assert.equal((await visitor.fetch(page.slice(url.length))).status, 200, page);
	assert.match(text, /hreflang="en" href="[^"]*\/en\/p\/alba-clay-mug"/);
	assert.equal((await visitor.fetch('/sitemap-9.xml')).status, 404);
});

test('the feed: price, what it was, and whether it can be bought', async () => {
	const client = await staff();
	await client.api('POST', '/catalog/products', { brand: 'A & B', texts: [{ lang: 'es', slug: 'feed', name: 'Cosa <b> & "más"' }],
		variants: [{ sku: 'FEED', price: { amount: 1999, currency: 'EUR' } }] });
	const text = await read('/feeds/products.xml?lang=es', /application\/xml/);
	const item = text.split('<item>').find(i => i.includes('/es/p/feed<'));
	assert.match(item, /<title>Cosa &lt;b&gt; &amp; &quot;más&quot;<\/title>/);
	assert.match(item, /<g:price>19.99 EUR<\/g:price>/);
	assert.match(item, /<g:availability>in_stock<\/g:availability>/);
	assert.match(item, /<g:brand>A &amp; B<\/g:brand>/);
	assert.match(await read('/feeds/products.xml?lang=en', /xml/), /\/en\/p\/alba-clay-mug/);
});
