// Places in a text: UTF-16 units (the browser's), code points (the answer's, as Python counts), graphemes, words, paragraphs. Pure.
// Everything but `toPoint` and `toUnit` counts in UTF-16 units, start inclusive, end exclusive.
import { directionOf, type Direction } from '../bidi';

/** A stretch of the text in UTF-16 units, end exclusive. */
export interface Stretch {
  start: number;
  end: number;
}

const BLOCK = 1024; // units between two marks of the index: a look-up reads at most so many
const BLANK = /^[\s\p{Cf}\p{Cc}\u2800]*$/u;
// Bidi controls and byte order marks at the edge of a word belong to no name.
const INVISIBLE = /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/;
// Signs that hold two words together: GPT-4, wi-fi, a.b@c.org, L'Oréal, R&D, a_b.
const JOINER = /^[-\u2010\u2011_.@'’&]$/u;

// Letters, and the invisible marks that stand for one.
const STRONG = /[\p{L}\u200e\u200f\u061c]/u;
export const RTL_LETTER = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\u200f\u061c]/u;

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

const byWord = new Intl.Segmenter(undefined, { granularity: 'word' });
const byGrapheme = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

interface Paragraph extends Stretch {
  direction: Direction;
}

/** A text with what is needed to find places in it quickly. Line breaks (\n, \r\n, \r) are counted and part paragraphs. */
export class SpanText {
  readonly paragraphs: Paragraph[] = [];
  /** Code points before unit i × BLOCK; null where units and code points are the same. */
  readonly #marks: Uint32Array | null;
  readonly #segments = new Map<string, Intl.Segments>();

  readonly #begins = new Map<number, boolean>();

  constructor(readonly text: string) {
    let start = 0;
    for (const { 0: lineBreak, index } of text.matchAll(/\r\n|\r|\n/g)) {
      this.paragraphs.push({ start, end: index, direction: directionOf(text.slice(start, Math.min(index, start + 4000))) });
      start = index + lineBreak.length;
    }
    this.paragraphs.push({ start, end: text.length, direction: directionOf(text.slice(start, start + 4000)) });
    this.#marks = /[\ud800-\udbff][\udc00-\udfff]/.test(text) ? this.#index() : null;
  }

  #index(): Uint32Array {
    const { text } = this;
    const marks = new Uint32Array(Math.ceil(text.length / BLOCK) + 1);
    let points = 0;
    for (let unit = 0; unit < text.length; unit += 1) {
      if (unit % BLOCK === 0) marks[unit / BLOCK] = points;
      if (!this.#insidePair(unit)) points += 1;
    }
    marks[marks.length - 1] = points;
    return marks;
  }

  /** Does `unit` lie between the two halves of one character? A lone surrogate is a character by itself, as in Python. */
  #insidePair(unit: number): boolean {
    return unit > 0 && isLow(this.text.charCodeAt(unit)) && isHigh(this.text.charCodeAt(unit - 1));
  }

  /** How many code points lie before `unit`. Inside a surrogate pair: before the pair. */
  toPoint(unit: number): number {
    const at = Math.max(0, Math.min(unit, this.text.length));
    if (!this.#marks) return at;
    const block = Math.floor(at / BLOCK);
    let points = this.#marks[block]!;
    for (let one = block * BLOCK; one < at; one += 1) if (!this.#insidePair(one)) points += 1;
    return this.#insidePair(at) ? points - 1 : points;
  }

  /** The unit where the code point number `point` begins. Binary search, then at most one block is read. */
  toUnit(point: number): number {
    const { text } = this;
    if (!this.#marks) return Math.max(0, Math.min(point, text.length));
    let low = 0;
    let high = Math.ceil(text.length / BLOCK);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#marks[middle]! <= point && middle * BLOCK <= text.length) low = middle;
      else high = middle - 1;
    }
    let unit = low * BLOCK;
    if (this.#insidePair(unit)) unit += 1; // the block began inside a pair that the mark has counted
    let points = this.#marks[low]!;
    while (unit < text.length && points < point) {
      unit += isHigh(text.charCodeAt(unit)) && this.#insidePair(unit + 1) ? 2 : 1;
      points += 1;
    }
    return unit;
  }

  /** Does the first letter of the paragraph go from right to left? What `dir="auto"` goes by. */
  beginsRtl(index: number): boolean {
    let known = this.#begins.get(index);
    if (known === undefined) {
      const { start, end } = this.paragraphs[index]!;
      known = RTL_LETTER.test(STRONG.exec(this.text.slice(start, end))?.[0] ?? '');
      this.#begins.set(index, known);
    }
    return known;
  }

  quote(stretch: Stretch): string {
    return this.text.slice(stretch.start, stretch.end);
  }

  /** The number of the paragraph that `unit` is in; a line break belongs to the paragraph before it. */
  paragraphAt(unit: number): number {
    let low = 0;
    let high = this.paragraphs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.paragraphs[middle]!.start <= unit) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The segment of paragraph `index` that holds its unit `within`. Intl looks only at the neighbourhood, never at the whole. */
  #segment(kind: 'w' | 'g', index: number, within: number): Intl.SegmentData | undefined {
    const key = `${kind}${index}`;
    let segments = this.#segments.get(key);
    if (!segments) {
      if (this.#segments.size > 64) this.#segments.clear();
      const { start, end } = this.paragraphs[index]!;
      segments = (kind === 'w' ? byWord : byGrapheme).segment(this.text.slice(start, end));
      this.#segments.set(key, segments);
    }
    return segments.containing(within);
  }

  /** The grapheme that `unit` is in (or begins), else null: at a line break and at the end of the text. */
  graphemeAt(unit: number): Stretch | null {
    const index = this.paragraphAt(unit);
    const { start, end } = this.paragraphs[index]!;
    if (unit < start || unit >= end) return null;
    const found = this.#segment('g', index, unit - start);
    return found ? { start: start + found.index, end: start + found.index + found.segment.length } : null;
  }

  /** The next grapheme edge after `unit`; a line break is one step. */
  edgeAfter(unit: number): number {
    if (unit >= this.text.length) return this.text.length;
    const found = this.graphemeAt(unit);
    return found ? found.end : (this.paragraphs[this.paragraphAt(unit) + 1]?.start ?? this.text.length);
  }

  edgeBefore(unit: number): number {
    if (unit <= 0) return 0;
    const found = this.graphemeAt(unit - 1);
    return found ? found.start : this.paragraphs[this.paragraphAt(unit - 1)]!.end;
  }

  /** The word at `unit`: letters with their marks, joined names (GPT-4), or a sign by itself; null on blanks. */
  wordAt(unit: number): Stretch | null {
    const index = this.paragraphAt(unit);
    const paragraph = this.paragraphs[index]!;
    if (unit < paragraph.start || unit >= paragraph.end) return null;
    const at = (within: number) => (within < 0 ? undefined : this.#segment('w', index, within));
    const endOf = (one: Intl.SegmentData) => one.index + one.segment.length;
    let here = at(unit - paragraph.start);
    if (!here) return null;
    if (!here.isWordLike && JOINER.test(here.segment)) {
      const before = at(here.index - 1);
      if (before?.isWordLike && at(endOf(here))?.isWordLike) here = before;
    }
    let start = here.index;
    let end = endOf(here);
    if (here.isWordLike) {
      for (let sign = at(start - 1); sign && JOINER.test(sign.segment) && at(sign.index - 1)?.isWordLike; sign = at(start - 1)) start = at(sign.index - 1)!.index;
      for (let sign = at(end); sign && JOINER.test(sign.segment); sign = at(end)) {
        const next = at(endOf(sign));
        if (!next?.isWordLike) break;
        end = endOf(next);
      }
    }
    return this.trimmed({ start: paragraph.start + start, end: paragraph.start + end });
  }

  /** Without blanks and invisible signs at its edges; null if nothing is left. */
  trimmed(stretch: Stretch): Stretch | null {
    const blank = (unit: number) => INVISIBLE.test(this.text[unit]!) || BLANK.test(this.text.slice(unit, this.edgeAfter(unit)));
    let { start, end } = stretch;
    while (start < end && blank(start)) start = this.edgeAfter(start);
    while (end > start && blank(this.edgeBefore(end))) end = this.edgeBefore(end);
    return start < end ? { start, end } : null;
  }

  /** The first word that begins at or after `unit`. */
  wordAfter(unit: number): Stretch | null {
    for (let index = this.paragraphAt(unit); index < this.paragraphs.length; index += 1) {
      const { start, end } = this.paragraphs[index]!;
      let at = Math.max(start, unit);
      while (at < end) {
        const word = this.wordAt(at);
        if (word && word.start >= unit) return word;
        const segment = this.#segment('w', index, at - start);
        at = Math.max(word?.end ?? 0, segment ? start + segment.index + segment.segment.length : end, at + 1);
      }
    }
    return null;
  }

  /** The last word that ends at or before `unit`. */
  wordBefore(unit: number): Stretch | null {
    for (let index = this.paragraphAt(unit); index >= 0; index -= 1) {
      const { start, end } = this.paragraphs[index]!;
      let at = Math.min(end, unit) - 1;
      while (at >= start) {
        const word = this.wordAt(at);
        if (word && word.end <= unit) return word;
        const segment = this.#segment('w', index, at - start);
        at = Math.min(word?.start ?? at, segment ? start + segment.index : at) - 1;
      }
    }
    return null;
  }

  /** The whole words that a stretch touches, or, if `exact`, its whole graphemes; null where there is nothing but blanks. */
  snap(stretch: Stretch, exact = false): Stretch | null {
    const start = Math.max(0, Math.min(stretch.start, stretch.end));
    const end = Math.min(this.text.length, Math.max(stretch.start, stretch.end));
    if (start >= end) return null;
    if (exact) return this.trimmed({ start: this.graphemeAt(start)?.start ?? start, end: this.edgeAfter(this.edgeBefore(end)) });
    const first = this.wordAt(start) ?? this.wordAfter(start);
    const last = this.wordAt(end - 1) ?? this.wordBefore(end);
    if (!first || !last || first.start >= last.end) return null;
    // Edges of words are nearly always edges of graphemes too; an answer's must always be.
    return { start: this.graphemeAt(first.start)?.start ?? first.start, end: this.edgeAfter(this.edgeBefore(last.end)) };
  }
}
