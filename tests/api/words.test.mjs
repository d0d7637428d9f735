// What people read: every word that code and templates name is there, in both
// languages; and templates keep to what the content security policy allows.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

const root = new URL('../..', import.meta.url).pathname;
const read = file => fs.readFileSync(path.join(root, file), 'utf8');
const words = (folder, lang) => JSON.parse(read(`${folder}/lang/${lang}.json`));
const domains = fs.readdirSync(path.join(root, 'cgi')).filter(name => fs.existsSync(path.join(root, 'cgi', name, 'lang')));
const folders = ['lib/web', ...domains.map(name => `cgi/${name}`)];
const shared = { ...words('lib/web', 'en') };

function templates(folder) {
	const pages = path.join(root, folder, 'pages');
	if (!fs.existsSync(pages))
		return [];
	return fs.readdirSync(pages, { recursive: true }).filter(name => name.endsWith('.mustache'))
		.map(name => ({ name: `${folder}/pages/${name}`, text: read(`${folder}/pages/${name}`) }));
}

test('both languages have the same words, none of them empty', () => {
	for (const folder of folders) {
		const es = words(folder, 'es'), en = words(folder, 'en');
		assert.deepEqual(Object.keys(es).sort(), Object.keys(en).sort(), folder);
		for (const [key, text] of [...Object.entries(es), ...Object.entries(en)])
			assert.ok(Object.keys(text).length > 0, `${folder}: ${key}`);
	}
});

test('every problem and every fault of a field has its words', () => {
	const slugs = [...read('lib/web/problems.def').matchAll(/^PROBLEM\(\w+, (\d+), "([^"]+)"/gm)].filter(row => row[1] !== '200').map(row => row[2]);
	const codes = [...read('lib/web/json_in.c').matchAll(/fault(?:_range)?\(\w+, \w+, "([a-z-]+)"/g)].map(found => found[1]);
	assert.ok(slugs.length > 20 && codes.length > 10);
	for (const key of [...slugs.map(slug => `problem.${slug}`), ...codes.map(code => `field.${code}`), 'field.format', 'field.cursor'])
		assert.ok(key in shared, key);
});

test('every word that a template names is there', () => {
	let n = 0;
	for (const folder of folders) {
		const known = { ...shared, ...words(folder, 'en') };
		for (const { name, text } of templates(folder))
			for (const [, key] of text.matchAll(/\{\{#t\}\}([^{}]+)\{\{\/t\}\}/g)) {
				assert.ok(key in known, `${name}: ${key}`);
				n++;
			}
	}
	assert.ok(n > 100);
});

test('pages hold no script, style or handler of their own', () => {
	for (const folder of folders)
		for (const { name, text } of templates(folder)) {
			if (name.includes('/mail/'))
				continue;
			assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|hx-on|javascript:/i, name);
			for (const [tag] of text.matchAll(/<script[^>]*>/g))
				assert.match(tag, /src="\/static\/|type="application\/(ld\+)?json"/, name);
		}
});
