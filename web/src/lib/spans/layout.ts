// A text on the page: one element a paragraph with nothing but text in it, and the way between offsets, points and rectangles.
// No element ever goes into a paragraph (but by the painter for browsers without highlights), so no word moves.
import type { Direction } from '../bidi';
import { RTL_LETTER, type SpanText, type Stretch } from './offsets';

/** A rectangle in px from the top left corner of the laid text. */
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

const FARTHEST = 300; // letters of a line that are asked to each side whether they are under the pointer
const CHUNK = 30; // paragraphs that are laid out together, or left out together while they are far from the screen
const LONG_NODE = 4_000; // units in one text node: browsers look through a whole node for one rectangle or highlight in it
const LONG = 20_000; // texts of more units than this are laid out in chunks

export class TextLayout {
  readonly lines: HTMLElement[] = [];
  readonly #chunks: HTMLElement[] = [];
  readonly #numbers = new WeakMap<Node, number>();

  /** Puts the text into `host`, which must be empty and positioned. */
  constructor(readonly host: HTMLElement, readonly text: SpanText, turned: Direction) {
    let chunk = host;
    text.paragraphs.forEach(({ start, end }, index) => {
      if (text.text.length > LONG && index % CHUNK === 0) {
        chunk = document.createElement('div');
        chunk.className = 'chunk';
        this.#chunks.push(chunk);
      }
      const line = document.createElement('p');
      for (let at = start; at < end;) {
        const to = end - at > LONG_NODE ? this.#cut(at) : end;
        line.append(text.text.slice(at, to));
        at = to;
      }
      this.lines.push(line);
      this.#numbers.set(line, index);
      chunk.append(line);
    });
    host.append(...this.#chunks);
    this.turn(turned);
  }

  /** Where a very long paragraph goes on in another text node: at a blank if there is one, so that nothing is set apart. */
  #cut(at: number): number {
    const blank = this.text.text.lastIndexOf(' ', at + LONG_NODE) + 1;
    return blank > at + LONG_NODE / 2 ? blank : this.text.edgeBefore(at + LONG_NODE);
  }

  /** Each paragraph in its own direction, or all in the one that the worker chose. */
  turn(turned: Direction): void {
    this.lines.forEach((line, index) => {
      const direction = turned === 'auto' ? this.text.paragraphs[index]!.direction : turned;
      line.dir = direction;
      line.className = direction === 'auto' ? 'plaintext' : 'set';
    });
  }

  clear(): void {
    this.host.replaceChildren();
  }

  /** Is the paragraph that holds `unit` set from right to left? */
  isRtl(unit: number): boolean {
    const index = this.text.paragraphAt(unit);
    const { dir } = this.lines[index]!;
    return dir === 'auto' ? this.text.beginsRtl(index) : dir === 'rtl';
  }

  /** The text node and the place in it for the unit `within` a paragraph. */
  #point(line: HTMLElement, within: number): [Node, number] {
    const only = line.firstChild;
    if (!only) return [line, 0];
    if (only === line.lastChild && only.nodeType === Node.TEXT_NODE) return [only, Math.min(within, (only as Text).length)];
    const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
    let left = within;
    let last: Text | null = null;
    while (walker.nextNode()) {
      last = walker.currentNode as Text;
      if (left <= last.length) return [last, left];
      left -= last.length;
    }
    return last ? [last, last.length] : [line, 0];
  }

  /** Where a stretch begins and ends in the document, for a highlight or a selection. */
  ends({ start, end }: Stretch): StaticRangeInit {
    const at = (unit: number): [Node, number] => {
      const index = this.text.paragraphAt(unit);
      return this.#point(this.lines[index]!, unit - this.text.paragraphs[index]!.start);
    };
    const [startContainer, startOffset] = at(start);
    const [endContainer, endOffset] = at(end);
    return { startContainer, startOffset, endContainer, endOffset };
  }

  /** The unit at a place in the document; null outside of the text. */
  unitOf(node: Node, offset: number): number | null {
    if (!this.host.contains(node)) return null;
    const element = node instanceof Element ? node : node.parentElement;
    const line = element?.closest('p');
    const index = line ? this.#numbers.get(line) : undefined;
    if (!line || index === undefined) {
      // Between paragraphs: the one after that place, else the end.
      const next = node.childNodes[offset];
      const first = next instanceof HTMLElement ? (next.matches('p') ? next : next.querySelector('p')) : null;
      const place = first ? this.#numbers.get(first) : undefined;
      return place === undefined ? this.text.text.length : this.text.paragraphs[place]!.start;
    }
    const before = document.createRange();
    before.setStart(line, 0);
    before.setEnd(node, offset);
    const { start, end } = this.text.paragraphs[index]!;
    const simple = node === line.firstChild && node.nodeType === Node.TEXT_NODE;
    return Math.min(end, start + (simple ? offset : before.toString().length));
  }

  /** The unit nearest to a point of the window; null outside of the text. */
  unitAt(x: number, y: number): number | null {
    const found = document.caretPositionFromPoint?.(x, y);
    if (found) return this.unitOf(found.offsetNode, found.offset);
    const range = document.caretRangeFromPoint?.(x, y);
    return range ? this.unitOf(range.startContainer, range.startOffset) : null;
  }

  /**
   * The grapheme nearest to a point, and how far it is (px). Browsers miss by a letter among vowel signs, and by a whole run where
   * two directions meet: so the neighbours are asked, and if none of them is there, the rest of the line.
   */
  #letter(x: number, y: number): { letter: Stretch; box: Box; far: number } | null {
    const unit = this.unitAt(x, y);
    if (unit === null) return null;
    const origin = this.origin();
    let best: { letter: Stretch; box: Box; far: number } | null = null;
    /** Looks at one grapheme; false when it is on another line. */
    const look = (letter: Stretch): boolean => {
      let near = false;
      for (const { w, h, ...box } of this.boxes(letter, origin)) {
        const [left, top] = [box.x + origin.x, box.y + origin.y];
        const off = Math.max(top - y, y - top - h, 0);
        const far = Math.max(left - x, x - left - w, 0) + off;
        if (!best || far < best.far) best = { letter, box: { x: left, y: top, w, h }, far };
        near ||= off < h / 2;
      }
      return near;
    };
    const { start, end } = this.text.paragraphs[this.text.paragraphAt(unit)]!;
    for (let [back, on, step] = [unit, unit, 0]; step < FARTHEST && (step < 3 || best === null || (best as { far: number }).far > 0); step += 1) {
      let more = false;
      if (back > start) {
        const from = this.text.edgeBefore(back);
        if (look({ start: from, end: back }) || step < 3) more = true;
        back = more ? from : start;
      }
      if (on < end) {
        const to = this.text.edgeAfter(on);
        if (look({ start: on, end: to }) || step < 3) more = true;
        on = more ? to : end;
      }
      if (!more) break;
    }
    return best;
  }

  /** The unit of the letter under a point of the window, or of one very near to it; null where there is none. */
  letterAt(x: number, y: number): number | null {
    const found = this.#letter(x, y);
    return found && found.far <= 24 ? found.letter.start : null;
  }

  /** The edge between letters nearest to a point of the window; null where there is no letter under it. */
  edgeAt(x: number, y: number): number | null {
    if (!this.host.contains(document.elementFromPoint(x, y))) return null;
    const found = this.#letter(x, y);
    if (!found || found.far > 0) return null;
    const { letter, box } = found;
    return (x > box.x + box.w / 2) === this.#goesLeft(letter, box) ? letter.start : letter.end;
  }

  /**
   * The letter under a point, if its middle lies towards `to` on the same line: a drag from there to `to` goes over it as it is
   * seen, though in a run of the other direction the edge nearest to the point is the one behind it.
   */
  passedAt(x: number, y: number, to: { x: number; y: number }): Stretch | null {
    const found = this.#letter(x, y);
    if (!found || found.far > 0) return null;
    const { letter, box } = found;
    const middle = box.x + box.w / 2;
    const isOn = to.y >= box.y && to.y <= box.y + box.h;
    return isOn && (middle - x) * (to.x - x) > 0 && Math.abs(middle - x) < Math.abs(to.x - x) ? letter : null;
  }

  /** Is this letter set from right to left? A sign goes the way that its neighbours show. */
  #goesLeft(letter: Stretch, box: Box): boolean {
    const quote = this.text.quote(letter);
    if (/[\p{L}\p{N}]/u.test(quote)) return RTL_LETTER.test(quote);
    const middle = (one: Box) => one.x + one.w / 2;
    const beside = (stretch: Stretch): Box | undefined => this.boxes(stretch, { x: 0, y: 0 }).find((one) => sameLine(one, box) && Math.abs(middle(one) - middle(box)) < one.w / 2 + box.w / 2 + 2);
    const before = beside({ start: this.text.edgeBefore(letter.start), end: letter.start });
    if (before) return middle(before) > middle(box);
    const after = beside({ start: letter.end, end: this.text.edgeAfter(letter.end) });
    return after ? middle(after) < middle(box) : this.isRtl(letter.start);
  }

  /** Where `host` begins in the window: boxes are counted from there. */
  origin(): { x: number; y: number } {
    const { left, top } = this.host.getBoundingClientRect();
    return { x: left, y: top };
  }

  /** The rectangles of a stretch: one for each visual run of each line, in the order of the text. */
  boxes(stretch: Stretch, origin = this.origin()): Box[] {
    const found: Box[] = [];
    const last = this.text.paragraphAt(Math.max(stretch.start, stretch.end - 1));
    const range = document.createRange();
    for (let index = this.text.paragraphAt(stretch.start); index <= last; index += 1) {
      const { start, end } = this.text.paragraphs[index]!;
      const from = Math.max(start, stretch.start);
      const to = Math.min(end, stretch.end);
      if (from >= to) continue;
      const line = this.lines[index]!;
      range.setStart(...this.#point(line, from - start));
      range.setEnd(...this.#point(line, to - start));
      for (const { left, top, width, height } of range.getClientRects()) {
        const box = { x: left - origin.x, y: top - origin.y, w: width, h: height };
        const before = found.at(-1);
        if (before && sameLine(before, box) && (Math.abs(before.x + before.w - box.x) < 1 || Math.abs(box.x + box.w - before.x) < 1)) {
          const x = Math.min(before.x, box.x);
          const y = Math.min(before.y, box.y);
          Object.assign(before, { w: Math.max(before.x + before.w, box.x + box.w) - x, h: Math.max(before.y + before.h, box.y + box.h) - y, x, y });
        } else if (width > 0) found.push(box);
      }
    }
    return found;
  }

  /** The units whose lines lie between two heights of the window (px), by halving: the whole text is never measured. */
  visible(top: number, bottom: number): Stretch {
    const bottomOf = (element: HTMLElement) => element.getBoundingClientRect().bottom;
    const topOf = (element: HTMLElement) => element.getBoundingClientRect().top;
    const firstOf = <T>(list: T[], is: (one: T) => boolean): number => {
      let low = 0;
      let high = list.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (is(list[middle]!)) high = middle;
        else low = middle + 1;
      }
      return low;
    };
    const within = (from: number, to: number): [number, number] => {
      const lines = this.lines.slice(from, to);
      return [from + firstOf(lines, (one) => bottomOf(one) > top), from + firstOf(lines, (one) => topOf(one) >= bottom)];
    };
    let [from, to] = [0, this.lines.length];
    if (this.#chunks.length > 0) {
      from = firstOf(this.#chunks, (one) => bottomOf(one) > top) * CHUNK;
      to = Math.min(this.lines.length, firstOf(this.#chunks, (one) => topOf(one) >= bottom) * CHUNK);
    }
    const [first, after] = within(from, Math.max(from, to));
    if (first >= after) return { start: 0, end: 0 };
    const { paragraphs } = this.text;
    return { start: this.#unitAtHeight(first, top, 'first'), end: Math.max(this.#unitAtHeight(after - 1, bottom, 'last'), paragraphs[first]!.start) };
  }

  /** In a paragraph of many lines: the unit where the lines at `height` begin or end. */
  #unitAtHeight(index: number, height: number, which: 'first' | 'last'): number {
    const { start, end } = this.text.paragraphs[index]!;
    if (end - start < 2000) return which === 'first' ? start : end;
    const line = this.lines[index]!;
    const range = document.createRange();
    let [low, high] = [0, end - start];
    while (high - low > 200) {
      const middle = (low + high) >> 1;
      range.setStart(...this.#point(line, middle));
      range.setEnd(...this.#point(line, middle + 1));
      const { top, bottom } = range.getBoundingClientRect();
      if (which === 'first' ? bottom > height : top >= height) high = middle;
      else low = middle;
    }
    return start + (which === 'first' ? low : high);
  }
}

/** Do two boxes stand on one line? Runs of several scripts differ in height, never in their middle by half a line. */
export function sameLine(a: Box, b: Box): boolean {
  return Math.abs(a.y + a.h / 2 - b.y - b.h / 2) < Math.max(a.h, b.h) / 2;
}
