// What is drawn over a text and never into it: lines and names of spans, outlines, arcs of relations, handles for fingers.
// All places come from `getClientRects()`; only what is in view is drawn; it is laid again when the text scrolls or changes size.
import { sameLine, type Box, type TextLayout } from './layout';
import { lanesOf } from './marks';
import { RTL_LETTER, type Stretch } from './offsets';
import './overlay.css';

export interface Drawn extends Stretch {
  label: string;
  colour: number;
}

export interface Arc {
  from: number;
  to: number;
  label: string;
}

export interface Scene {
  /** Sorted by (start, end). */
  spans: Drawn[];
  arcs: Arc[];
  /** The span at hand and the one a relation starts from; -1: none. */
  chosen: number;
  source: number;
  cursor: Stretch | null;
  selection: Stretch | null;
  /** Handles for fingers at the ends of the selection, else of the chosen span. */
  handles: boolean;
}

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = 400; // px above and below the view that are drawn too
const LANE = 3; // px from one line of overlap to the next
const LANES = 4; // more spans on one place share the last line
const SHORTEST = 22; // px: a name is not cut shorter than that
const GAP = 2;

interface Tag {
  span: number;
  anchor: Box;
  rtl: boolean;
  wanted: number;
}

export class Overlay {
  readonly #svg = document.createElementNS(SVG, 'svg');
  readonly #layer = document.createElement('div');
  readonly #stop = new AbortController();
  readonly #watch: ResizeObserver;
  readonly #widths = new Map<string, number>();
  readonly #pen = document.createElement('canvas').getContext('2d');
  #scene: Scene = { spans: [], arcs: [], chosen: -1, source: -1, cursor: null, selection: null, handles: false };
  #lanes: number[] = [];
  #spans: Drawn[] = [];
  #drawnFrom = 0;
  #drawnTo = 0;
  #frame = 0;

  /** Draws into `surface` beside the laid text; both scroll in `scroller`. `onview` hears what is drawn: the stretch in view and a margin. */
  constructor(private readonly surface: HTMLElement, private readonly scroller: HTMLElement, private readonly layout: TextLayout, private readonly onview: (seen: Stretch) => void) {
    this.#layer.className = 'overlay';
    this.#layer.dir = 'ltr'; // places on the screen have no reading direction
    this.#layer.setAttribute('aria-hidden', 'true');
    this.#layer.append(this.#svg);
    surface.append(this.#layer);
    const { signal } = this.#stop;
    scroller.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    document.fonts?.addEventListener('loadingdone', () => { this.#widths.clear(); this.#later(); }, { signal });
    this.#watch = new ResizeObserver(() => this.#later());
    this.#watch.observe(layout.host);
    this.#watch.observe(scroller);
  }

  show(scene: Scene): void {
    if (scene.spans !== this.#spans) {
      this.#spans = scene.spans;
      this.#lanes = lanesOf(scene.spans);
    }
    this.#scene = scene;
    this.#later();
  }

  destroy(): void {
    this.#stop.abort();
    this.#watch.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#layer.remove();
  }

  #later(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => { this.#frame = 0; this.#draw(); });
  }

  #view(): { top: number; bottom: number } {
    const { top, bottom } = this.scroller.getBoundingClientRect();
    return { top: Math.max(top, 0), bottom: Math.min(bottom, innerHeight) };
  }

  /** What was drawn has a margin: only when the view has left it is it drawn anew. */
  #scrolled(): void {
    const origin = this.layout.origin().y;
    const { top, bottom } = this.#view();
    if (top - origin < this.#drawnFrom || bottom - origin > this.#drawnTo) this.#later();
  }

  #draw(): void {
    const { spans, arcs, cursor, selection, chosen, source, handles } = this.#scene;
    const origin = this.layout.origin();
    const { top, bottom } = this.#view();
    const seen = this.layout.visible(top - MARGIN, bottom + MARGIN);
    this.#drawnFrom = top - MARGIN / 2 - origin.y;
    this.#drawnTo = bottom + MARGIN / 2 - origin.y;
    this.onview(seen);
    const shapes: SVGElement[] = [];
    const tags: Tag[] = [];
    const inView = (one: Stretch) => one.start < seen.end && one.end > seen.start;
    const clip = (one: Stretch) => ({ start: Math.max(one.start, seen.start), end: Math.min(one.end, seen.end) });
    const boxes = new Map<number, Box[]>();
    spans.forEach((span, index) => {
      if (!inView(span)) return;
      const found = this.layout.boxes(clip(span), origin);
      boxes.set(index, found);
      const lane = Math.min(this.#lanes[index] ?? 0, LANES - 1);
      for (const box of found) shapes.push(shape('rect', `line c${span.colour}`, { x: box.x, y: box.y + box.h + lane * LANE - 1, width: box.w, height: 2 }));
      if (index === chosen || index === source) for (const box of found) shapes.push(outline(box, index === source && index !== chosen ? 'source' : 'chosen'));
      const anchor = found[0];
      if (anchor && span.start >= seen.start) tags.push({ span: index, anchor, rtl: this.layout.isRtl(span.start), wanted: this.#width(span.label) });
    });
    if (cursor && inView(cursor)) for (const box of this.layout.boxes(clip(cursor), origin)) shapes.push(outline(box, 'cursor'));
    const selected = selection && inView(selection) ? this.layout.boxes(clip(selection), origin) : [];
    for (const box of selected) shapes.push(outline(box, 'selected'));
    const width = this.surface.clientWidth;
    const parts: HTMLElement[] = this.#tags(tags, width);
    for (const arc of arcs) this.#arc(arc, (index) => boxes.get(index) ?? this.#far(index, inView, origin), shapes, parts);
    if (handles) parts.push(...this.#handles(selection ?? spans[chosen] ?? null, inView, origin));
    this.#svg.replaceChildren(...shapes);
    this.#layer.replaceChildren(this.#svg, ...parts);
  }

  /** The other end of a relation may be out of view. */
  #far(index: number, inView: (one: Stretch) => boolean, origin: { x: number; y: number }): Box[] {
    const span = this.#scene.spans[index];
    return span && !inView(span) ? this.layout.boxes({ start: span.start, end: Math.min(span.end, span.start + 200) }, origin) : [];
  }

  #width(label: string): number {
    let width = this.#widths.get(label);
    if (width === undefined) {
      const pen = this.#pen;
      if (pen) pen.font = `600 11px ${getComputedStyle(this.surface).fontFamily}`;
      width = Math.min(160, Math.ceil(pen?.measureText(label).width ?? label.length * 7) + 10);
      this.#widths.set(label, width);
    }
    return width;
  }

  /** Names under the beginnings of their spans. On one line a name gives way to the next one, and is cut before it is moved. */
  #tags(tags: Tag[], width: number): HTMLElement[] {
    const lines: Tag[][] = [];
    for (const tag of tags) {
      const line = lines.findLast((one) => sameLine(one[0]!.anchor, tag.anchor));
      if (line) line.push(tag);
      else lines.push([tag]);
    }
    return lines.flatMap((line) => {
      const lanes = Math.max(...line.map((tag) => Math.min(this.#lanes[tag.span] ?? 0, LANES - 1)));
      const y = Math.max(...line.map((tag) => tag.anchor.y + tag.anchor.h)) + lanes * LANE + 2;
      const rtl = line[0]!.rtl;
      // Measured from the side where the line begins, so that both directions are one case.
      const from = (tag: Tag) => (rtl ? width - tag.anchor.x - tag.anchor.w : tag.anchor.x);
      line.sort((a, b) => from(a) - from(b) || a.span - b.span);
      let free = 0;
      return line.map((tag, index) => {
        const start = Math.max(from(tag), free);
        const next = line[index + 1];
        const room = Math.max(next ? from(next) - start - GAP : width - start, Math.min(SHORTEST, tag.wanted));
        const size = Math.min(tag.wanted, room);
        free = start + size + GAP;
        const span = this.#scene.spans[tag.span]!;
        const element = named(`tag c${span.colour}${rtl ? ' rtl' : ''}${tag.span === this.#scene.chosen ? ' chosen' : ''}`, span.label, size);
        element.dataset.span = String(tag.span);
        place(element, rtl ? width - start - size : start, y);
        return element;
      });
    });
  }

  #arc(arc: Arc, boxesOf: (index: number) => Box[], shapes: SVGElement[], parts: HTMLElement[]): void {
    const { chosen } = this.#scene;
    const from = boxesOf(arc.from)[0];
    const to = boxesOf(arc.to)[0];
    if (!from || !to) return;
    const [x1, y1] = [from.x + from.w / 2, from.y + 3];
    const [x2, y2] = [to.x + to.w / 2, to.y + 3];
    const same = sameLine(from, to);
    const lift = same ? Math.min(26, 14 + Math.abs(x2 - x1) / 40) : 22;
    const bright = arc.from === chosen || arc.to === chosen ? ' bright' : '';
    const path = `M${x1} ${y1} C${x1} ${y1 - lift} ${x2} ${y2 - lift} ${x2} ${y2}`;
    shapes.push(shape('path', `arc${bright}`, { d: path }));
    shapes.push(shape('path', `tip${bright}`, { d: `M${x2} ${y2} l-4 -7 l8 0 z` }));
    const size = this.#width(arc.label);
    const label = named(`rel${bright}`, arc.label, size);
    // Between the lines, where there is room: over the middle of the arc, or over its tip if it comes from another line.
    place(label, (same ? (x1 + x2) / 2 : x2) - size / 2, y2 - lift * 0.75 - (same ? 8 : 9));
    parts.push(label);
  }

  #handles(stretch: Stretch | null, inView: (one: Stretch) => boolean, origin: { x: number; y: number }): HTMLElement[] {
    if (!stretch || !inView(stretch)) return [];
    const { text } = this.layout;
    const edge = (letter: Stretch, which: 'start' | 'end'): HTMLElement[] => {
      const box = this.layout.boxes(letter, origin)[0];
      if (!box) return [];
      // By the direction of the letter itself: an Arabic word ends on its left.
      const rtl = RTL_LETTER.test(text.quote(letter));
      const handle = document.createElement('span');
      handle.className = 'handle';
      handle.dataset.handle = which;
      place(handle, ((which === 'start') === rtl ? box.x + box.w : box.x) - 14, box.y + box.h - 2);
      return [handle];
    };
    return [
      ...edge({ start: stretch.start, end: text.edgeAfter(stretch.start) }, 'start'),
      ...edge({ start: text.edgeBefore(stretch.end), end: stretch.end }, 'end'),
    ];
  }
}

/** A name in its own direction, in a frame that has none: what is placed from the left must not turn with its words. */
function named(classes: string, words: string, size: number): HTMLElement {
  const frame = document.createElement('span');
  frame.className = classes;
  frame.style.setProperty('--w', `${size}px`);
  const name = document.createElement('bdi');
  name.textContent = words;
  frame.append(name);
  return frame;
}

function place(element: HTMLElement, x: number, y: number): void {
  element.style.setProperty('--x', `${Math.round(x)}px`);
  element.style.setProperty('--y', `${Math.round(y)}px`);
}

function shape(name: 'rect' | 'path', classes: string, values: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  made.setAttribute('class', classes);
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, String(value));
  return made;
}

const outline = (box: Box, classes: string): SVGElement =>
  shape('rect', `outline ${classes}`, { x: box.x - 1.5, y: box.y + 1, width: box.w + 3, height: box.h - 2, rx: 4 });
