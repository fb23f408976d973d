// What was added and removed between two texts: words of prose, lines of code. Bounded in time; pure.
import { diffArrays } from 'diff';

export interface Part {
  is: 'same' | 'added' | 'removed';
  text: string;
}

export interface Difference {
  by: 'words' | 'lines';
  parts: Part[];
}

const WORDS_MAX = 60_000;
const MAX = 1_000_000;
const BUDGET_MS = 250;

/** Is it code rather than prose? By its lines: how they begin and end. */
export function looksLikeCode(text: string): boolean {
  const lines = text.slice(0, 20_000).split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 3) return false;
  const codish = lines.filter((line) => /^(?:\t| {2,})\S/.test(line) || /[{};,(=>\\]\s*$/.test(line) || /^\s*(?:#include|import |from |def |class |function |const |let |var |return\b|<\/?\w|\/\/|@)/.test(line) || /:\s*$/.test(line) && /^\s*(?:if|for|while|else|try|with|def|class)\b/.test(line)).length;
  return codish / lines.length > 0.4;
}

let words: Intl.Segmenter | undefined;

/** Words, spaces and signs, one after another; joined they are the text again. */
function wordsOf(text: string): string[] {
  words ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  return Array.from(words.segment(text), ({ segment }) => segment);
}

const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function compare(before: string[], after: string[]): Part[] | null {
  const found = diffArrays(before, after, { timeout: BUDGET_MS });
  if (!found) return null;
  return found.map(({ value, added, removed }) => ({ is: added ? 'added' : removed ? 'removed' : 'same', text: value.join('') }));
}

/** A lone space between two changes is part of them: otherwise every word of a new sentence is a change of its own. */
function smoothed(parts: Part[]): Part[] {
  const out: Part[] = [];
  let index = 0;
  while (index < parts.length) {
    if (parts[index]!.is === 'same') {
      out.push(parts[index]!);
      index += 1;
      continue;
    }
    let removed = '';
    let added = '';
    for (; index < parts.length; index += 1) {
      const { is, text } = parts[index]!;
      const between = is === 'same' && /^[^\S\n]{1,2}$/.test(text) && parts[index + 1] !== undefined && removed !== '' && added !== '';
      if (is === 'same' && !between) break;
      if (is !== 'added') removed += text;
      if (is !== 'removed') added += text;
    }
    if (removed) out.push({ is: 'removed', text: removed });
    if (added) out.push({ is: 'added', text: added });
  }
  return out;
}

/** The difference of two texts, or null where it would take too long. By words unless they look like code or are long. */
export function difference(before: string, after: string, by?: 'words' | 'lines'): Difference | null {
  if (before.length + after.length > MAX) return null;
  const wanted = by ?? (looksLikeCode(after) || looksLikeCode(before) ? 'lines' : 'words');
  if (wanted === 'words' && before.length + after.length <= WORDS_MAX) {
    const parts = compare(wordsOf(before), wordsOf(after));
    if (parts) return { by: 'words', parts: smoothed(parts) };
  }
  const parts = compare(linesOf(before), linesOf(after));
  return parts && { by: 'lines', parts };
}
