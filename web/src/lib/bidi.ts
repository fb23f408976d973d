// The direction of user text. Words never move: a direction is chosen per paragraph, nothing is wrapped.

const RTL = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
const STRONG = /\p{L}/u;

export type Direction = 'auto' | 'rtl' | 'ltr';

/** The direction of most strong letters, or `auto` where that is also what the first one says (or there is none). */
export function directionOf(paragraph: string): Direction {
  let rtl = 0;
  let ltr = 0;
  let first: Direction = 'auto';
  for (const letter of paragraph.slice(0, 2000)) {
    if (!STRONG.test(letter)) continue;
    const isRtl = RTL.test(letter);
    if (isRtl) rtl += 1;
    else ltr += 1;
    if (first === 'auto') first = isRtl ? 'rtl' : 'ltr';
  }
  const most: Direction = rtl > ltr ? 'rtl' : 'ltr';
  // A brand name at the start of an Arabic sentence must not turn the sentence round.
  return rtl === ltr || most === first ? 'auto' : most;
}

/** A text as its paragraphs, each with a direction. */
export function paragraphs(text: string): { text: string; direction: Direction }[] {
  return text.split(/\r\n|\r|\n/).map((one) => ({ text: one, direction: directionOf(one) }));
}

/** The text of a row that is judged: its text column, else its first. */
export function itemText(content: Record<string, unknown>, column: string): string {
  return asText(column in content ? content[column] : Object.values(content)[0]);
}

/** Any value of a row as text. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
