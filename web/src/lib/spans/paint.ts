// Colours on a text that nothing is put into: the CSS Custom Highlight API, or plain inline spans where that is missing.
// `CSS.highlights` belongs to the whole page: only names of our own are touched, and several texts share them.
import type { TextLayout } from './layout';
import type { SpanText, Stretch } from './offsets';
import './paint.css';

/** A coloured stretch. `colour` 1 to 8, or 0 for none of them. */
export interface Paint extends Stretch {
  colour: number;
}

export interface Painter {
  readonly name: 'highlights' | 'inline';
  /** Exactly these colours, in this order: a later one lies over an earlier one. */
  paint(paints: Paint[]): void;
  /** The stretch that is about to be labelled, or null. */
  select(stretch: Stretch | null): void;
  /** The stretch in view. Far from it nothing need be painted. */
  look(seen: Stretch): void;
  destroy(): void;
}

const NAMES = ['tw-mark-0', 'tw-mark-1', 'tw-mark-2', 'tw-mark-3', 'tw-mark-4', 'tw-mark-5', 'tw-mark-6', 'tw-mark-7', 'tw-mark-8'];
const SELECTED = 'tw-selected';
const AROUND = 10_000; // units before and after the view that are painted: some 70 lines, more than a screen

/** The highlight of that name, made when it is first wanted. */
function highlight(name: string): Highlight {
  let found = CSS.highlights.get(name);
  if (!found) {
    found = new Highlight();
    found.priority = name === SELECTED ? 10 : 0;
    CSS.highlights.set(name, found);
  }
  return found;
}

class HighlightPainter implements Painter {
  readonly name = 'highlights';
  /** What is painted: `start end colour` → its range. Only differences are told to the browser. */
  #painted = new Map<string, { name: string; range: AbstractRange }>();
  #selected: AbstractRange | null = null;
  #wanted: Paint[] = [];
  /** Browsers go through every range of a page after each change of one: those far from the screen are left out. */
  #near: Stretch = { start: 0, end: AROUND };

  constructor(private readonly layout: TextLayout) {}

  paint(paints: Paint[]): void {
    this.#wanted = paints;
    const { start: from, end: to } = this.#near;
    const next = new Map<string, { name: string; range: AbstractRange }>();
    for (const { start, end, colour } of paints) {
      if (start >= to || end <= from) continue;
      const key = `${start} ${end} ${colour}`;
      const old = this.#painted.get(key);
      if (old) this.#painted.delete(key);
      else if (next.has(key)) continue;
      next.set(key, old ?? this.#add(NAMES[colour] ?? NAMES[0]!, { start, end }));
    }
    for (const { name, range } of this.#painted.values()) highlight(name).delete(range);
    this.#painted = next;
  }

  look(seen: Stretch): void {
    const { start, end } = this.#near;
    const { length } = this.layout.text.text;
    // A half of what is painted around the view is left before it is painted anew.
    if (Math.max(0, seen.start - AROUND / 2) >= start && Math.min(length, seen.end + AROUND / 2) <= end) return;
    this.#near = { start: seen.start - AROUND, end: seen.end + AROUND };
    this.paint(this.#wanted);
  }

  #add(name: string, stretch: Stretch): { name: string; range: AbstractRange } {
    const range = new StaticRange(this.layout.ends(stretch));
    highlight(name).add(range);
    return { name, range };
  }

  select(stretch: Stretch | null): void {
    if (this.#selected) highlight(SELECTED).delete(this.#selected);
    this.#selected = stretch ? this.#add(SELECTED, stretch).range : null;
  }

  destroy(): void {
    this.paint([]);
    this.select(null);
    for (const name of [...NAMES, SELECTED]) if (CSS.highlights.get(name)?.size === 0) CSS.highlights.delete(name);
  }
}

/** For browsers without highlights. Spans have a colour and nothing else: no padding, no box, so letters stay joined. */
class InlinePainter implements Painter {
  readonly name = 'inline';
  #paints: Paint[] = [];
  #selected: Stretch | null = null;
  readonly #drawn = new Map<number, string>();

  constructor(private readonly layout: TextLayout, private readonly text: SpanText) {}

  paint(paints: Paint[]): void {
    this.#paints = paints;
    this.#draw();
  }

  select(stretch: Stretch | null): void {
    this.#selected = stretch;
    this.#draw();
  }

  look(): void {
    // Everything is painted: a paragraph that has not changed costs nothing here.
  }

  /** Draws the paragraphs that changed. */
  #draw(): void {
    const all = this.#selected ? [...this.#paints, { ...this.#selected, colour: -1 }] : this.#paints;
    const cuts = new Map<number, Paint[]>();
    for (const one of all) {
      const last = this.text.paragraphAt(Math.max(one.start, one.end - 1));
      for (let index = this.text.paragraphAt(one.start); index <= last; index += 1) cuts.set(index, [...(cuts.get(index) ?? []), one]);
    }
    for (const index of new Set([...cuts.keys(), ...this.#drawn.keys()])) {
      const here = cuts.get(index) ?? [];
      const key = here.map(({ start, end, colour }) => `${start} ${end} ${colour}`).join();
      if (this.#drawn.get(index) === key) continue;
      if (key === '') this.#drawn.delete(index);
      else this.#drawn.set(index, key);
      this.#drawLine(index, here);
    }
  }

  #drawLine(index: number, paints: Paint[]): void {
    const { start, end } = this.text.paragraphs[index]!;
    const edges = [...new Set([start, end, ...paints.flatMap((one) => [one.start, one.end])])].filter((one) => one >= start && one <= end).sort((a, b) => a - b);
    const pieces = edges.slice(1).map((to, place) => {
      const from = edges[place]!;
      const words = this.text.text.slice(from, to);
      const top = paints.filter((one) => one.start <= from && one.end >= to).at(-1);
      if (!top) return document.createTextNode(words);
      const span = document.createElement('span');
      span.className = top.colour < 0 ? SELECTED : (NAMES[top.colour] ?? NAMES[0]!);
      span.append(words);
      return span;
    });
    this.layout.lines[index]!.replaceChildren(...pieces);
  }

  destroy(): void {
    this.#paints = [];
    this.#selected = null;
    this.#draw();
  }
}

/** The painter for this browser. `data-spans-painter="inline"` on the page's root asks for the plain one (tests do). */
export function painterFor(layout: TextLayout, text: SpanText): Painter {
  const plain = document.documentElement.dataset.spansPainter === 'inline';
  return 'highlights' in CSS && !plain ? new HighlightPainter(layout) : new InlinePainter(layout, text);
}
