// Finds labels among thousands while somebody types: ranked, by any part of a path. The index is made once for a list of
// labels (some 50 ms for 5,000); a search looks at all of them (a few ms). Pure.
import { bare, normal, wordsOf } from './normal';
import { codesFor } from './codes';

export interface Entry {
  label: string;
  /** Its place among the labels. */
  at: number;
  /** The parts of its path as they are shown. */
  parts: string[];
  /** Its last part, normal, and the same without articles. */
  leaf: string;
  bareLeaf: string;
  /** All words of the path without articles; those from `leafFrom` on are of the last part. */
  words: string[];
  leafFrom: number;
  /** First letters of the words of the last part, and of the parts of the path. */
  initials: string;
  partInitials: string;
  /** The whole path, normal. */
  all: string;
  /** At most three letters that always bring this label to the top. */
  code: string;
}

export interface Finder {
  entries: Entry[];
  byLabel: Map<string, Entry>;
  find: (query: string, lately: ReadonlySet<string>) => Entry[];
}

const made = new WeakMap<string[], Map<string, Finder>>();

/** The finder of a list of labels; made when it is first asked for. */
export function finderOf(labels: string[], separator: string): Finder {
  const known = made.get(labels) ?? new Map<string, Finder>();
  made.set(labels, known);
  const found = known.get(separator) ?? makeFinder(labels, separator);
  known.set(separator, found);
  return found;
}

export const partsOf = (label: string, separator: string): string[] => (separator === '' ? [label] : label.split(separator).map((part) => part.trim()));

interface Part {
  normal: string;
  words: string[];
}

function entryOf(label: string, at: number, separator: string, known: Map<string, Part>): Entry {
  const parts = partsOf(label, separator);
  const read = parts.map((part) => {
    // Branches come again with each of their leaves.
    let one = known.get(part);
    if (!one) known.set(part, (one = { normal: normal(part), words: wordsOf(normal(part)).map(bare) }));
    return one;
  });
  const normals = read.map((one) => one.normal);
  const words = read.map((one) => one.words);
  const leaf = normals.at(-1) ?? '';
  const leafWords = words.at(-1) ?? [];
  const flat = words.flat();
  return {
    label, at, parts, leaf,
    bareLeaf: bare(leaf),
    words: flat,
    leafFrom: flat.length - leafWords.length,
    initials: leafWords.map((word) => word[0]).join(''),
    partInitials: words.map((part) => part[0]?.[0] ?? '').join(''),
    all: normals.join(' '),
    code: '',
  };
}

function makeFinder(labels: string[], separator: string): Finder {
  const known = new Map<string, Part>();
  const entries = labels.map((label, at) => entryOf(label, at, separator, known));
  const codes = codesFor(entries);
  entries.forEach((one, at) => (one.code = codes[at]!));
  return {
    entries,
    byLabel: new Map(entries.map((one) => [one.label, one])),
    find: (query, lately) => find(entries, query, lately),
  };
}

const NONE = 1_000_000;

/** The labels that the query may mean, best first; all terms of the query must be met. */
function find(entries: Entry[], query: string, lately: ReadonlySet<string>): Entry[] {
  const whole = normal(query).trim();
  const terms = wordsOf(whole).map(bare);
  if (terms.length === 0) return [];
  const found: { entry: Entry; rank: number }[] = [];
  for (const entry of entries) {
    let rank = 0;
    for (const term of terms) {
      rank += rankOf(entry, term, terms.length === 1);
      if (rank >= NONE) break;
    }
    if (rank >= NONE) continue;
    if (entry.leaf === whole) rank = Math.min(rank, 1000);
    // Within its tier: what was used lately, then the shortest name, then the order of the question.
    found.push({ entry, rank: rank * 4096 + (lately.has(entry.label) ? 0 : 2048) + Math.min(entry.leaf.length, 2047) });
  }
  return found.sort((a, b) => a.rank - b.rank || a.entry.at - b.entry.at).map((one) => one.entry);
}

/** How well one term of a query fits: the less the better; `NONE` where it does not. */
function rankOf(entry: Entry, term: string, alone: boolean): number {
  if (!isWithin(term, entry.all)) return NONE;
  if (alone && entry.code === term) return 0;
  if (entry.leaf === term || entry.bareLeaf === term) return 1000;
  if (entry.leaf.startsWith(term) || entry.bareLeaf.startsWith(term)) return 2000;
  for (let at = entry.leafFrom; at < entry.words.length; at += 1) if (entry.words[at]!.startsWith(term)) return 3000;
  if (term.length > 1) {
    if (entry.initials.startsWith(term) || entry.partInitials.endsWith(term)) return 4000;
    if (isSplit(entry, term)) return 5000;
  }
  for (let at = 0; at < entry.leafFrom; at += 1) if (entry.words[at]!.startsWith(term)) return 6000;
  if (entry.leaf.includes(term)) return 7000;
  if (entry.all.includes(term)) return 8000;
  // Letters strewn anywhere mean something only where they are many.
  return term.length > 2 ? 9000 : NONE;
}

/** Are the letters of `term` in `text`, in this order? */
function isWithin(term: string, text: string): boolean {
  let at = -1;
  for (let n = 0; n < term.length; n += 1) {
    at = text.indexOf(term[n]!, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Is the term put together from beginnings of words, in their order, the last of them of the last part? `nepo` → News/Politics. */
function isSplit({ words, leafFrom }: Entry, term: string): boolean {
  const from = (at: number, next: number): boolean => {
    for (let word = next; word < words.length; word += 1) {
      const text = words[word]!;
      let same = 0;
      while (same < text.length && at + same < term.length && text[same] === term[at + same]) same += 1;
      for (let length = same; length > 0; length -= 1) {
        if (at + length === term.length) {
          if (word >= leafFrom) return true;
        } else if (from(at + length, word + 1)) return true;
      }
    }
    return false;
  };
  return from(0, 0);
}
