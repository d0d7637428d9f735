// The questions of tests/bench/find. Without arguments: asks them and prints
// JSON; with a folder and sizes: prints what was measured, side by side.
import { readFileSync } from 'node:fs';

const list = '/catalog/products?lang=es&';
export const questions = {
	'list: newest': list,
	'list: cheapest': `${list}sort=price`,
	'list: by name, second page': null,	// its address is found by asking
	'list: a department': `${list}category=seccion-2`,
	'list: a category by price': `${list}category=seccion-11&sort=-price`,
	'facets: a brand': `${list}brand=casa-sonabe`,
	'facets: two colours': `${list}attr.color=rojo,azul`,
	'facets: colour and material': `${list}attr.color=rojo&attr.material=clay`,
	'facets: category, brand, colour': `${list}category=seccion-2&brand=casa-sonabe&attr.color=verde`,
	'facets: prices between': `${list}min_price=20&max_price=40`,
	'facets: in stock in a department': `${list}category=seccion-3&in_stock=true`,
	'search: a common word': `${list}q=taza`,
	'search: two words': `${list}q=taza+barro`,
	'search: three, plural, accents': `${list}q=L%C3%A1mparas+de+barro+sonabe`,
	'search: a beginning': `${list}q=cam`,
	'search: mistyped': `${list}q=tetrea`,
	'search: words that do not meet': `${list}q=guitarra+submarina`,
	'search: word, colour, by price': `${list}q=camiseta&attr.color=negro&sort=price`,
	'suggest: two letters': '/catalog/suggest?lang=es&q=ma',
	'suggest: a word and a half': '/catalog/suggest?lang=es&q=taza+de+ba',
};

const base = `${process.env.ZOCO_URL}/api/v1`;
const ROUNDS = Number(process.env.ROUNDS ?? 40);

async function ask(path) {
	const start = process.hrtime.bigint();
	const answer = await fetch(base + path);
	const body = await answer.json();
	if (answer.status !== 200)
		throw new Error(`${path}: ${JSON.stringify(body)}`);
	return [Number(process.hrtime.bigint() - start) / 1e6, body];
}

async function measure() {
	const [, first] = await ask(`${list}sort=name`);
	questions['list: by name, second page'] = `${list}sort=name&after=${first.next}`;
	const results = {};
	for (const [name, path] of Object.entries(questions)) {
		const times = [];
		let body;
		for (let i = 0; i < ROUNDS; i++) {
			const [ms, answer] = await ask(path);
			times.push(ms);
			body = answer;
		}
		times.sort((a, b) => a - b);
		results[name] = { p50: times[ROUNDS >> 1], p95: times[Math.floor(ROUNDS * 0.95)],
			found: body.total === undefined ? body.products.length : body.total === null ? '' : body.total + (body.is_more ? '+' : '') };
	}
	return results;
}

if (process.argv.length === 2) {
	console.log(JSON.stringify(await measure()));
} else {
	const [folder, ...sizes] = process.argv.slice(2);
	const all = sizes.map(size => JSON.parse(readFileSync(`${folder}/${size}`, 'utf8')));
	console.log(''.padEnd(34) + sizes.map(s => `${s} products`.padStart(26)).join(''));
	console.log('milliseconds'.padEnd(34) + sizes.map(() => 'p50     p95    found'.padStart(26)).join(''));
	for (const name of Object.keys(questions))
		console.log(name.padEnd(34) + all.map(r => (r[name].p50.toFixed(1).padStart(11) + r[name].p95.toFixed(1).padStart(8)
			+ String(r[name].found).padStart(7))).join(''));
}
