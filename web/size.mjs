// What the first visit of a page costs, gzipped: read from the built files, by following static imports. Fonts apart.
// `npm run size` prints the table and fails above the budget of the labelling page.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET = 120_000;
const out = new URL('../src/tawsim/server/static/', import.meta.url).pathname;
const assets = readdirSync(join(out, 'assets'));
const index = readFileSync(join(out, 'index.html'), 'utf8');
const entry = [...index.matchAll(/\/assets\/([^"]+\.(?:js|css))"/g)].map(([, name]) => name);

/** A file and all that it imports without being asked (static imports; for pages also the styles Vite lists beside them). */
function withImports(name, seen = new Set()) {
  if (seen.has(name)) return seen;
  seen.add(name);
  if (!name.endsWith('.js')) return seen;
  const text = readFileSync(join(out, 'assets', name), 'utf8');
  for (const [, other] of text.matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)) withImports(other, seen);
  return seen;
}

const size = (name) => gzipSync(readFileSync(join(out, 'assets', name)), { level: 9 }).length;
const stemOf = (name) => name.replace(/-[\w-]{8}\.\w+$/, '');
// The words of one language come beside: the larger of the two; pages other than the first bring a second part.
const largest = (pattern) => Math.max(...assets.filter((name) => pattern.test(name)).map(size));
const first = largest(/^_words_(?:ar|en)-[\w-]{8}\.js$/);
const more = largest(/^more-[\w-]{8}\.js$/);
const pages = { label: 'Label', home: 'Home', truth: 'TruthPage' };
let over = false;
console.log('page    files   JS gz   CSS gz   total gz (bytes; with index.html)');
for (const [page, stem] of Object.entries(pages)) {
  const own = assets.filter((name) => name.startsWith(`${stem}-`));
  const all = new Set([...entry, ...own].flatMap((name) => [...withImports(name)]));
  // Vite names a style file after the chunk that brings it along.
  const stems = new Set([...all].filter((name) => name.endsWith('.js')).map(stemOf));
  for (const name of assets) if (name.endsWith('.css') && stems.has(stemOf(name))) all.add(name);
  const js = first + (page === 'truth' ? more : 0) + [...all].filter((name) => name.endsWith('.js')).reduce((sum, name) => sum + size(name), 0);
  const css = [...all].filter((name) => name.endsWith('.css')).reduce((sum, name) => sum + size(name), 0);
  const total = js + css + gzipSync(index).length;
  console.log(`${page.padEnd(8)}${String(all.size).padStart(5)}${String(js).padStart(8)}${String(css).padStart(9)}${String(total).padStart(11)}`);
  if (page === 'label' && total > BUDGET) over = true;
}
const fonts = assets.filter((name) => name.endsWith('.woff2')).map((name) => [name, readFileSync(join(out, 'assets', name)).length]);
console.log(`fonts   ${fonts.map(([, bytes]) => bytes).join(' + ')} bytes, each only when its letters are on the page`);
if (over) {
  console.error(`the labelling page is over its budget of ${BUDGET} bytes`);
  process.exitCode = 1;
}
