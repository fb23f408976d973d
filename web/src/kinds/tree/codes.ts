// A code of at most three letters for every label, made of its own letters, no two alike: typed in the search, it is always
// first. Shown beside each label, so that the labels somebody uses often cost three keys. Pure.
import type { Entry } from './finder';

type Shortened = Pick<Entry, 'words' | 'leafFrom' | 'initials' | 'partInitials'>;

const LETTERS = 3;

const ARABIC = /\p{Script=Arabic}/u;

/** The words that are written with the same keyboard as the last part: a code in two scripts would cost two switches. */
function inOneScript(entry: Shortened): Shortened {
  const isArabic = ARABIC.test(entry.words[entry.leafFrom] ?? '');
  const fits = (word: string): boolean => ARABIC.test(word) === isArabic;
  const above = entry.words.slice(0, entry.leafFrom).filter(fits);
  const alone = above.length === entry.leafFrom;
  return { words: [...above, ...entry.words.slice(entry.leafFrom).filter(fits)], leafFrom: above.length, initials: entry.initials, partInitials: alone ? entry.partInitials : '' };
}

/** The ways to shorten a path, the plainest first: the start of its last part, its initials, its head with letters of the tail. */
function* shortenings({ words, leafFrom, initials, partInitials }: Shortened): Generator<string> {
  const leafWords = words.slice(leafFrom);
  const leaf = leafWords.join('');
  const parent = words.slice(0, leafFrom).at(-1) ?? '';
  const top = words[0] ?? '';
  yield leaf.slice(0, LETTERS);
  if (initials.length >= LETTERS) yield initials.slice(0, LETTERS);
  if (partInitials.length >= LETTERS) yield partInitials.slice(-LETTERS);
  for (const head of new Set([parent, top])) {
    if (leafFrom === 0 || head === '') continue;
    yield head[0]! + leaf.slice(0, 2);
    yield head.slice(0, 2) + leaf.slice(0, 1);
  }
  for (const word of leafWords.slice(1)) yield leaf.slice(0, 1) + word.slice(0, 2);
  // From here on any letters in their order.
  const path = [...new Set([leaf, parent + leaf, top + leaf, words.join('')])];
  for (const text of path) {
    for (let second = 1; second < text.length; second += 1) {
      for (let third = second + 1; third < text.length; third += 1) yield text[0]! + text[second]! + text[third]!;
    }
  }
  const whole = words.join('');
  for (let first = 1; first < whole.length; first += 1) {
    for (let second = first + 1; second < whole.length; second += 1) {
      for (let third = second + 1; third < whole.length; third += 1) yield whole[first]! + whole[second]! + whole[third]!;
    }
  }
}

// So many ways are tried for one label; a name of 200 letters has a million.
const MOST_TRIED = 4000;

function free(entry: Shortened, taken: Set<string>): string {
  let tried = 0;
  for (const code of shortenings(entry)) {
    if (code !== '' && !taken.has(code)) return code;
    tried += 1;
    if (tried > MOST_TRIED) break;
  }
  return '';
}

/** The code of each entry, in their order; empty where all its letters are taken. Labels added at the end change no earlier code. */
export function codesFor(entries: Shortened[]): string[] {
  const taken = new Set<string>();
  return entries.map((entry) => {
    const code = free(inOneScript(entry), taken) || free(entry, taken);
    if (code !== '') taken.add(code);
    return code;
  });
}
