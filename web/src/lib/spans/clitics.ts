// Where an Arabic word may be parted: before its stem (و ف ب ل ك ال) and after it (ه ها هم ك ي نا …). Pure.
// An offer, not an analysis: the worker decides whether the و of a word is a conjunction, so every place is a step on the way.
import type { SpanText, Stretch } from './offsets';

const LETTER = /\p{Script=Arabic}/u;
const OTHER_LETTER = /[\p{L}\p{N}]/u;
const SILENT = /[\u0640\u200c\u200d\p{Mn}]/gu; // tatweel, joiners and vowel signs say nothing about a clitic
const STARTS = /^(?:[وف])?(?:[بلك](?=\p{L}))?(?:ال|ل(?=ل))?/u;
const ENDINGS = ['هما', 'كما', 'هم', 'هن', 'كم', 'كن', 'ها', 'نا', 'ني', 'ه', 'ك', 'ي'];
const STEM = 2; // letters that must be left for a word

/** The letters of a word without their signs, and where each begins. */
function lettersOf(text: SpanText, word: Stretch): { letters: string[]; starts: number[] } {
  const letters: string[] = [];
  const starts: number[] = [];
  for (let at = word.start; at < word.end; at = text.edgeAfter(at)) {
    const bare = text.text.slice(at, Math.min(text.edgeAfter(at), word.end)).replace(SILENT, '');
    if (bare === '') continue; // a tatweel belongs to the letter before it
    letters.push(bare);
    starts.push(at);
  }
  return { letters, starts };
}

/** The places inside `word` where it may be parted, in order. */
export function splitsOf(text: SpanText, word: Stretch): number[] {
  if (word.end - word.start > 200) return [];
  const { letters, starts } = lettersOf(text, word);
  const found = new Set<number>();
  // A foreign name after an Arabic clitic (وOpenAI), or before an ending.
  for (let index = 1; index < letters.length; index += 1) {
    const [before, here] = [letters[index - 1]!, letters[index]!];
    if (OTHER_LETTER.test(before) && OTHER_LETTER.test(here) && LETTER.test(before) !== LETTER.test(here)) found.add(starts[index]!);
  }
  const bare = letters.join('');
  if (bare.length === letters.length && letters.every((one) => LETTER.test(one))) {
    const { length } = letters;
    const prefix = STARTS.exec(bare)![0];
    for (let cut = 1; cut <= prefix.length; cut += 1) {
      if (prefix[cut - 1] === 'ا' && prefix[cut] === 'ل') continue; // never inside the article
      if (length - cut >= STEM) found.add(starts[cut]!);
    }
    const ending = ENDINGS.find((one) => bare.endsWith(one) && length - one.length >= STEM);
    if (ending) found.add(starts[length - ending.length]!);
  }
  return [...found].sort((a, b) => a - b);
}

/** The next place after `at` where an edge may stand: the edges of words and the parts of a word. `edge`: which edge is moved. */
export function stopAfter(text: SpanText, at: number, edge: 'start' | 'end'): number | null {
  const word = text.wordAt(at) ?? text.wordAfter(at);
  if (!word) return null;
  const inside = splitsOf(text, word).find((one) => one > at);
  if (inside !== undefined) return inside;
  if (edge === 'end') return word.end > at ? word.end : (text.wordAfter(word.end)?.end ?? null);
  return word.start > at ? word.start : (text.wordAfter(word.end)?.start ?? null);
}

export function stopBefore(text: SpanText, at: number, edge: 'start' | 'end'): number | null {
  const word = (at > 0 ? text.wordAt(at - 1) : null) ?? text.wordBefore(at);
  if (!word) return null;
  const inside = splitsOf(text, word).filter((one) => one < at).at(-1);
  if (inside !== undefined) return inside;
  if (edge === 'start') return word.start < at ? word.start : (text.wordBefore(word.start)?.start ?? null);
  return word.end < at ? word.end : (text.wordBefore(word.start)?.end ?? null);
}
