// Which scripts come together. Every file more costs a browser about as much as a few kilobytes, so what the shell needs is one
// file, what nearly every page shares is one, and the labelling page is one. Kinds, blocks and other pages stay apart.
import { join } from 'node:path';

const source = join(import.meta.dirname, 'src');
const AHEAD = join(source, 'lib/api/ahead.ts');

/** A module and all that it imports without being asked. */
function closure(start, graph) {
  const found = new Set([start]);
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}

let shell;
let label;

/** The file that a module goes into; null: where the bundler puts it. */
export function chunkOf(id, graph) {
  if (id === AHEAD) return 'asked';
  shell ??= closure(join(source, '../index.html'), graph);
  if (shell.has(id)) return 'shell';
  label ??= closure(join(source, 'app/label/Label.svelte'), graph);
  if (!label.has(id)) return null;
  return id.startsWith(join(source, 'app/label/')) ? 'Label' : 'common';
}

// `ahead.ts` is the first script of the page: it waits for no other, and runs before the ones that it is to overtake.
/** @type {import('vite').Plugin} */
export const aheadFirst = {
  name: 'ahead-first',
  transformIndexHtml(_html, { bundle }) {
    const built = Object.values(bundle ?? {}).find((one) => one.type === 'chunk' && one.moduleIds.includes(AHEAD));
    const attrs = built ? { type: 'module', async: true, crossorigin: true, src: `/${built.fileName}` } : { type: 'module', async: true, src: '/src/lib/api/ahead.ts' };
    return [{ tag: 'script', attrs, injectTo: 'head-prepend' }];
  },
};
