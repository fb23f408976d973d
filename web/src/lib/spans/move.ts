// Moving among the words of a laid text by arrow keys, as seen on the screen, not as stored.
import { sameLine, type Box, type TextLayout } from './layout';
import type { SpanText, Stretch } from './offsets';

export type Way = 'left' | 'right' | 'up' | 'down';
interface Seen extends Stretch {
  box: Box;
}

const FARTHEST = 400; // units of one line that are looked at to each side, at most

/** What a cursor stands on: a word, or in exact mode a grapheme. */
export class Mover {
  constructor(private readonly text: SpanText, private readonly layout: TextLayout) {}

  at(unit: number, exact: boolean): Stretch | null {
    return exact ? this.text.graphemeAt(unit) : this.text.wordAt(unit);
  }

  after(unit: number, exact: boolean): Stretch | null {
    if (!exact) return this.text.wordAfter(unit);
    for (let at = unit; at < this.text.text.length; at = this.text.edgeAfter(at)) {
      const found = this.text.graphemeAt(at);
      if (found) return found;
    }
    return null;
  }

  before(unit: number, exact: boolean): Stretch | null {
    if (!exact) return this.text.wordBefore(unit);
    for (let at = this.text.edgeBefore(unit); at >= 0 && unit > 0; at = this.text.edgeBefore(at)) {
      const found = this.text.graphemeAt(at);
      if (found) return found;
      if (at === 0) break;
    }
    return null;
  }

  #seen(stretch: Stretch, origin: { x: number; y: number }, which: 'first' | 'last' = 'first'): Seen | null {
    const box = this.layout.boxes(stretch, origin).at(which === 'first' ? 0 : -1);
    return box ? { ...stretch, box } : null;
  }

  /** All that stands on the line of `from`, and what comes logically before and after that line. */
  #line(from: Stretch, exact: boolean): { here: Seen; line: Seen[]; before: Stretch | null; after: Stretch | null } | null {
    const origin = this.layout.origin();
    const here = this.#seen(from, origin);
    if (!here) return null;
    const line = [here];
    const paragraph = this.text.paragraphAt(from.start);
    const walk = (step: (one: Stretch) => Stretch | null): Stretch | null => {
      let one = step(from);
      for (let count = 0; one && count < FARTHEST; count += 1) {
        const seen = this.text.paragraphAt(one.start) === paragraph ? this.#seen(one, origin) : null;
        if (!seen || !sameLine(seen.box, here.box)) return one;
        line.push(seen);
        one = step(one);
      }
      return one;
    };
    const after = walk((one) => this.after(one.end, exact));
    const before = walk((one) => this.before(one.start, exact));
    line.sort((a, b) => a.box.x - b.box.x);
    return { here, line, before, after };
  }

  /** Where an arrow leads from `from`; null at the ends of the text. */
  move(from: Stretch, way: Way, exact: boolean): Stretch | null {
    const found = this.#line(from, exact);
    const rtl = this.layout.isRtl(from.start);
    const forward = way === 'down' || (way !== 'up' && (way === 'left') === rtl);
    if (!found) return forward ? this.after(from.end, exact) : this.before(from.start, exact);
    if (way === 'left' || way === 'right') {
      const place = found.line.findIndex((one) => one.start === from.start);
      const next = found.line[place + (way === 'right' ? 1 : -1)];
      if (next) return { start: next.start, end: next.end };
    }
    const start = forward ? found.after : found.before;
    if (!start) return null;
    const other = this.#line(start, exact);
    if (!other) return start;
    // Over the end of a line: the nearest end of the next one, as it is read; up and down: the nearest word.
    const rtlThere = this.layout.isRtl(start.start);
    const middle = found.here.box.x + found.here.box.w / 2;
    const nearest = way === 'up' || way === 'down'
      ? other.line.reduce((best, one) => (away(one.box, middle) < away(best.box, middle) ? one : best))
      : other.line.at(forward === rtlThere ? -1 : 0)!;
    return { start: nearest.start, end: nearest.end };
  }

  /** Does `left` (or `right`) lead on in the text from `from`? By what stands beside it, else by its paragraph. */
  leadsOn(from: Stretch, way: Way, exact: boolean): boolean {
    if (way === 'down' || way === 'up') return way === 'down';
    const beside = this.move(from, way, exact);
    if (beside && this.after(from.end, exact)?.start === beside.start) return true;
    if (beside && this.before(from.start, exact)?.start === beside.start) return false;
    return (way === 'left') === this.layout.isRtl(from.start);
  }

  /** The first or last word of the paragraph that `unit` is in. */
  paragraphEnd(unit: number, which: 'first' | 'last', exact: boolean): Stretch | null {
    const { start, end } = this.text.paragraphs[this.text.paragraphAt(unit)]!;
    const found = which === 'first' ? this.after(start, exact) : this.before(end, exact);
    return found && found.start >= start && found.end <= end ? found : null;
  }
}

/** How far a box is from a height line at `x`. */
const away = (box: Box, x: number): number => Math.max(box.x - x, x - box.x - box.w, 0);
