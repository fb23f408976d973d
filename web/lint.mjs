// House rules that a machine can check: logical properties only, both languages complete, nothing fetched from outside.
// Plain Node, no packages: `npm run lint`.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('src/', import.meta.url).pathname;
const problems = [];

/** All files under `folder`. */
function files(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

const SIDES = [
  [/(?<![\w-])(?:margin|padding|border)-(?:left|right|top|bottom)\b/, 'use -inline-start, -inline-end, -block-start, -block-end'],
  [/(?<![\w-])(?:left|right|top|bottom)\s*:/, 'use inset-inline-start, inset-inline-end, inset-block-…'],
  [/text-align:\s*(?:left|right)/, 'use text-align: start or end'],
  [/float:\s*(?:left|right)/, 'use float: inline-start or inline-end'],
  [/(?<![\w-])(?:min-|max-)?(?:width|height)\s*:/, 'use inline-size and block-size'],
];

/** The style parts of a file, with everything else blanked so that line numbers stay. */
function styleOf(path, text) {
  if (path.endsWith('.css')) return text;
  const blank = (part) => part.replace(/[^\n]/g, ' ');
  const inside = [...text.matchAll(/<style>[\s\S]*?<\/style>/g)];
  let out = '';
  let at = 0;
  for (const { index, 0: part } of inside) {
    out += blank(text.slice(at, index)) + part;
    at = index + part.length;
  }
  return out + blank(text.slice(at));
}

for (const path of files(root).filter((one) => /\.(css|svelte|ts)$/.test(one))) {
  const text = readFileSync(path, 'utf8');
  const short = path.slice(root.length - 4);
  if (/\.(css|svelte)$/.test(path)) {
    styleOf(path, text).split('\n').forEach((line, index) => {
      const css = line.replace(/@media[^{]*/g, ''); // media features are named by the screen, not by the text
      for (const [pattern, advice] of SIDES) if (pattern.test(css)) problems.push(`${short}:${index + 1}: ${css.trim().slice(0, 80)} (${advice})`);
    });
  }
  if (path.endsWith('.svelte')) {
    const markup = text.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');
    if (/\sstyle="/.test(markup)) problems.push(`${short}: a style attribute in markup is stopped by the CSP; use a class or style:`);
    if (/\{@html/.test(markup)) problems.push(`${short}: {@html} puts unescaped text on the page`);
  }
  // User text becomes elements in one place only, which sanitises it.
  if (!short.startsWith('src/lib/markup/sanitise.ts')) {
    const raw = /\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|DOMParser|srcdoc)\b|from 'dompurify'|document\.write/.exec(text);
    if (raw) problems.push(`${short}: ${raw[0]}: only lib/markup/sanitise.ts makes elements of text`);
  }
  for (const [url] of text.matchAll(/https?:\/\/[^\s'"`)]+/g)) if (!url.startsWith('http://www.w3.org/')) problems.push(`${short}: outside address ${url}`);
}

// Messages: the same keys, the same places to fill in, and every plural form the language has.
const FORMS = { en: ['one', 'other'], ar: ['zero', 'one', 'two', 'few', 'many', 'other'] };
const messages = Object.fromEntries(Object.keys(FORMS).map((one) => [one, JSON.parse(readFileSync(join(root, `messages/${one}.json`), 'utf8'))]));
const holes = (text) => new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
const holesOf = (message) => [...holes(typeof message === 'string' ? message : Object.values(message).join(' '))].sort().join(' ');
const keys = new Set(Object.values(messages).flatMap(Object.keys));
for (const key of keys) {
  for (const [language, forms] of Object.entries(FORMS)) {
    const message = messages[language][key];
    if (message === undefined) problems.push(`messages/${language}.json: “${key}” is missing`);
    else if (typeof message === 'object') for (const form of forms) if (!message[form]) problems.push(`messages/${language}.json: “${key}” lacks the plural form ${form}`);
  }
  const [first, ...rest] = Object.values(messages).map((one) => one[key]);
  if (first === undefined) continue;
  for (const other of rest) {
    if (other === undefined) continue;
    if (typeof first !== typeof other) problems.push(`“${key}” is a plural in one language only`);
    if (holesOf(first) !== holesOf(other)) problems.push(`“${key}”: {${holesOf(first)}} in one language, {${holesOf(other)}} in the other`);
  }
}
// A key that no source names is dead; keys built from parts are named by their beginning.
const code = files(root).filter((one) => /\.(svelte|ts)$/.test(one)).map((one) => readFileSync(one, 'utf8')).join('\n');
const built = [...code.matchAll(/t\(`(\w+_)\$\{/g)].map(([, start]) => start);
for (const key of keys) if (!code.includes(`'${key}'`) && !built.some((start) => key.startsWith(start))) problems.push(`messages: nobody uses “${key}”`);

for (const problem of problems) console.error(problem);
console.log(problems.length ? `${problems.length} problems` : `${keys.size} messages in ${Object.keys(FORMS).length} languages, logical properties only`);
process.exitCode = problems.length ? 1 : 0;
