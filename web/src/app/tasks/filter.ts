// The text of a filter on the page: its terms, switching one on and off, its sort, and what could come next. The server reads it.
import type { Facts, Name } from '../../lib/api/table';

/** A term of the text: where it stands and what it says, quotes and all. */
export interface Term { from: number; to: number; text: string }

/** The terms of a filter. What is not closed goes to the end. */
export function termsOf(q: string): Term[] {
  const found: Term[] = [];
  const pattern = /(?:"(?:[^"\\]|\\.)*(?:"|$)|[^\s"])+/g;
  for (const match of q.matchAll(pattern)) found.push({ from: match.index, to: match.index + match[0].length, text: match[0] });
  return found;
}

export const hasTerm = (q: string, term: string): boolean => termsOf(q).some((one) => one.text === term);

/** The filter with that term, or without it where it stood there. */
export function toggled(q: string, term: string): string {
  const terms = termsOf(q).map((one) => one.text);
  return (terms.includes(term) ? terms.filter((one) => one !== term) : [...terms, term]).join(' ');
}

/** What the filter sorts by. */
export function sortOf(q: string): { name: string; descending: boolean } {
  const last = termsOf(q).findLast((one) => one.text.startsWith('sort:'))?.text.slice(5) ?? 'seq';
  return last.startsWith('-') ? { name: last.slice(1), descending: true } : { name: last, descending: false };
}

/** The filter sorted by a name: rising, then falling, then by number again. */
export function sortedBy(q: string, name: string): string {
  const now = sortOf(q);
  const rest = termsOf(q).filter((one) => !one.text.startsWith('sort:')).map((one) => one.text);
  if (now.name !== name) return [...rest, `sort:${name}`].join(' ');
  if (!now.descending) return [...rest, `sort:-${name}`].join(' ');
  return rest.join(' ');
}

/** A value as it stands in a filter. */
export const quoted = (value: string): string =>
  value !== 'none' && /^[^\s"|\\-][^\s"|\\]*$/.test(value) ? value : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

export interface Hint { from: number; to: number; put: string; says: string; isName: boolean }
const MOST = 12;

/** What could stand where the caret is: names, or values of the name before it. */
export function hintsAt(q: string, caret: number, facts: Facts): Hint[] {
  const term = termsOf(q).find((one) => one.from < caret && caret <= one.to);
  const written = q.slice(term?.from ?? caret, caret);
  const dash = written.startsWith('-') ? 1 : 0;
  const split = /^(-?)([^\s":<>=|]+)(<=|>=|[:<>=])(.*)$/s.exec(written);
  if (!split) {
    const begun = written.slice(dash).toLowerCase();
    const from = (term?.from ?? caret) + dash;
    const names = [...facts.names.map((one) => ({ put: `${one.name}:`, name: one.name })), { put: 'sort:', name: 'sort' }];
    return names.filter((one) => one.name.startsWith(begun)).slice(0, MOST * 3).map((one) => ({ from, to: caret, put: one.put, says: one.name, isName: true }));
  }
  const name = split[2]!.toLowerCase();
  const value = split[4]!.slice(split[4]!.lastIndexOf('|') + 1);
  const begun = value.replace(/^"/, '').toLowerCase();
  return valuesOf(name, split[3]!, facts)
    .filter((one) => one.toLowerCase().includes(begun))
    .slice(0, MOST)
    .map((one) => ({ from: caret - value.length, to: caret, put: `${PLAIN.has(one) || name === 'sort' ? one : quoted(one)} `, says: one, isName: false }));
}

const PLAIN = new Set(['none', 'today', 'yes', 'no']);

function valuesOf(name: string, operator: string, facts: Facts): string[] {
  if (name === 'sort') return facts.names.filter((one: Name) => one.sorts).flatMap((one) => [one.name, `-${one.name}`]);
  const known = facts.names.find((one) => one.name === name);
  if (!known) return [];
  if (known.type === 'flag') return ['yes', 'no'];
  if (known.type === 'word') return known.words;
  if (known.type === 'date') return operator === ':' ? ['today', 'none'] : ['today'];
  if (name === 'label' || name === 'answer') return [...facts.labels, 'none'];
  if (name === 'tag') return [...facts.tags.map((one) => one.name), 'none'];
  if (name === 'worker') return [...facts.workers.map((one) => one.name), 'none'];
  return known.type === 'name' ? ['none'] : [];
}
