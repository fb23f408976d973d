// Messages in two parts: `words:ar` holds what the labelling page, home and the shell can say, `words:ar/more` what only other
// pages say, so that nobody who labels waits for the words of those who lead. Which is which is read from the sources.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = join(import.meta.dirname, 'src');
const LANGUAGES = ['ar', 'en'];
const PAGES = join(root, 'app/pages.ts');
const isFirst = (path) => {
  const [room, page, file] = path.slice(root.length + 1).split('/');
  return room !== 'app' || file === undefined || page === 'label' || page === 'home';
};

function sources(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : /\.(svelte|ts)$/.test(name) ? [path] : [];
  });
}

/** The files that the first pages bring, or can bring without another page being opened. */
function reached(texts) {
  const found = new Set([...texts.keys()].filter(isFirst));
  for (const path of found) {
    if (path === PAGES) continue; // it names every page
    for (const [, name] of texts.get(path).matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)) {
      const at = resolve(dirname(path), name);
      const file = [at, `${at}.ts`, `${at}.svelte`, `${at}.svelte.ts`, join(at, 'index.ts')].find((one) => texts.has(one));
      if (file) found.add(file);
    }
  }
  return found;
}

function isNamedIn(text) {
  const built = [...text.matchAll(/`(\w+_)\$\{/g)].map(([, start]) => start);
  return (key) => text.includes(`'${key}'`) || text.includes(`"${key}"`) || built.some((start) => key.startsWith(start));
}

/** One part of a language as a module. */
function part(language, more) {
  const texts = new Map(sources(root).map((path) => [path, readFileSync(path, 'utf8')]));
  const first = isNamedIn([...reached(texts)].map((path) => texts.get(path)).join('\n'));
  const all = JSON.parse(readFileSync(join(root, `messages/${language}.json`), 'utf8'));
  return `export default ${JSON.stringify(Object.fromEntries(Object.entries(all).filter(([key]) => first(key) !== more)))}`;
}

/** @type {import('vite').Plugin} */
export const words = {
  name: 'words',
  resolveId: (id) => (/^words:\w\w(\/more)?$/.test(id) ? `\0${id}` : null),
  load(id) {
    const [, language, more] = /^\0words:(\w\w)(\/more)?$/.exec(id) ?? [];
    if (!language || !LANGUAGES.includes(language)) return null;
    this.addWatchFile(join(root, `messages/${language}.json`));
    return part(language, more !== undefined);
  },
};
