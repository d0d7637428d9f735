// Medians of lighthouse's reports against what they have to reach; see ./lighthouse.
import { readFileSync, readdirSync } from 'node:fs';

const dir = process.argv[2], least = { performance: 95, accessibility: 100, 'best-practices': 100, seo: 100 }, pages = new Map();
const median = numbers => numbers.sort((a, b) => a - b)[numbers.length >> 1];

for (const file of readdirSync(dir)) {
	const page = `/${file.replace(/\.\d+$/, '').replaceAll(',', '/')}`;
	pages.set(page, [...pages.get(page) ?? [], JSON.parse(readFileSync(`${dir}/${file}`))]);
}
console.log(`${'page'.padEnd(26)}${[...Object.keys(least), 'LCP ms', 'TBT ms'].map(name => name.padStart(16)).join('')}`);
for (const [page, reports] of pages) {
	const of = pick => median(reports.map(pick));
	const scores = Object.keys(least).map(name => Math.round(100 * of(report => report.categories[name].score)));
	const times = ['largest-contentful-paint', 'total-blocking-time'].map(name => Math.round(of(report => report.audits[name].numericValue)));
	const low = Object.entries(least).some(([name, score], i) => scores[i] < score && !(name === 'seo' && page.endsWith('/cart'))) || times[0] > 1500;
	console.log(`${page.padEnd(26)}${[...scores, ...times].map(number => String(number).padStart(16)).join('')}${low ? '  too low' : ''}`);
	process.exitCode ||= low ? 1 : 0;
}
