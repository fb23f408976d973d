// The shapes being drawn on one picture: what is selected, half drawn, taken back; and what each key does. No drawing.
import type { Press } from '../keyboard';
import { isFlat } from './answers';
import { Camera } from './camera.svelte';
import { boundsOf, corners, inside, middle, resized, round, shifted, type Point, type Shape, type Tool } from './geometry';

const KEPT = 200; // steps that can be taken back
// As many as the server takes in one answer.
const MOST: Record<Tool, number> = { box: 1000, polygon: 500, point: 2000 };
const MOST_VERTICES = 1000;
const STEP = 10; // screen pixels that an arrow moves the cross

/** What a change of the shapes was, so that a run of small steps is taken back at once. */
type Deed = 'draw' | 'move' | 'size' | 'label' | 'remove' | 'vertex';

export class Board {
  readonly camera = new Camera();
  shapes = $state.raw<readonly Shape[]>([]);
  /** The id of the selected shape; 0: none. */
  selected = $state(0);
  /** The vertex of the selected polygon that keys move; -1: the whole shape. */
  vertex = $state(-1);
  /** Points of a shape that is not finished: one corner of a box, any number of a polygon. */
  draft = $state.raw<readonly Point[]>([]);
  /** Where the next point would fall: the pointer, else null. */
  loose = $state.raw<Point | null>(null);
  /** Is the pointer on the picture? */
  under = false;
  /** The cross that arrows move; null while it is not in use. */
  cross = $state.raw<Point | null>(null);
  /** The label of the next shape. */
  label = $state('');
  /** The next press draws even inside another shape. */
  drawing = $state(false);
  undoable = $state(0);
  redoable = $state(0);
  #past: (readonly Shape[])[] = [];
  #future: (readonly Shape[])[] = [];
  #last = '';
  #next = 1;

  constructor(readonly tool: Tool, readonly labels: string[], readonly onchange: (shapes: readonly Shape[]) => void) {
    this.label = labels[0] ?? '';
  }

  get shape(): Shape | null {
    return this.shapes.find((one) => one.id === this.selected) ?? null;
  }

  get isFull(): boolean {
    return this.shapes.length >= MOST[this.tool];
  }

  /** Ids for `count` new shapes. */
  ids(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /** Shows other shapes: another task, or an answer from elsewhere. Nothing can be taken back then. */
  load(shapes: readonly Shape[]): void {
    this.shapes = shapes;
    [this.#past, this.#future, this.#last] = [[], [], ''];
    this.undoable = this.redoable = 0;
    this.drop();
    this.loose = this.cross = null;
  }

  /** Lets everything go: the selection, a half-drawn shape. */
  drop(): void {
    this.selected = 0;
    this.vertex = -1;
    this.draft = [];
    this.drawing = false;
  }

  select(id: number, vertex = -1): void {
    this.draft = [];
    this.drawing = false;
    this.selected = id;
    this.vertex = vertex;
    this.#last = '';
    const shape = this.shape;
    if (shape) this.camera.reveal(vertex >= 0 ? boundsOf([shape.points[vertex]!]) : boundsOf(shape.points));
  }

  /** A new list of shapes. Steps of the same deed on the same shape count as one. */
  #change(shapes: readonly Shape[], deed: Deed, id = 0): void {
    const name = deed === 'move' || deed === 'size' ? `${deed} ${id} ${this.vertex}` : '';
    if (!name || name !== this.#last) this.#keep(this.shapes);
    this.#last = name;
    this.shapes = shapes;
    this.onchange(shapes);
  }

  #keep(shapes: readonly Shape[]): void {
    this.#past = [...this.#past.slice(-KEPT + 1), shapes];
    this.#future = [];
    this.undoable = this.#past.length;
    this.redoable = 0;
  }

  /** A drag has ended: the shapes before it can be had back. */
  dragged(before: readonly Shape[]): void {
    this.#last = '';
    this.#keep(before);
    this.onchange(this.shapes);
  }

  /** Shows a shape elsewhere while it is dragged; nothing is kept yet. */
  show(id: number, points: readonly Point[]): void {
    this.shapes = this.shapes.map((one) => (one.id === id ? { ...one, points } : one));
  }

  undo(): void {
    if (this.draft.length > 0) return void (this.draft = this.draft.slice(0, -1));
    this.#swap(this.#past, this.#future);
  }

  redo(): void {
    this.#swap(this.#future, this.#past);
  }

  #swap(from: (readonly Shape[])[], to: (readonly Shape[])[]): void {
    const shapes = from.pop();
    if (!shapes) return;
    to.push(this.shapes);
    this.#last = '';
    this.shapes = shapes;
    this.undoable = this.#past.length;
    this.redoable = this.#future.length;
    if (!this.shape) this.selected = 0;
    if (this.vertex >= (this.shape?.points.length ?? 0)) this.vertex = -1;
    this.onchange(shapes);
  }

  add(points: readonly Point[], select: boolean): void {
    if (this.isFull) return this.drop();
    const shape = { id: this.ids(1), label: this.label, points };
    this.drop();
    this.#change([...this.shapes, shape], 'draw');
    if (select) this.selected = shape.id;
  }

  /** Chooses the label of the next shape, and of the selected one. */
  use(label: string): void {
    this.label = label;
    const shape = this.shape;
    if (shape && shape.label !== label) this.#change(this.shapes.map((one) => (one === shape ? { ...one, label } : one)), 'label');
  }

  remove(): boolean {
    const shape = this.shape;
    if (!shape) return false;
    if (this.vertex >= 0) return this.#removeVertex(shape);
    const place = this.shapes.indexOf(shape);
    this.selected = 0;
    this.#change(this.shapes.filter((one) => one !== shape), 'remove');
    this.selected = this.shapes[Math.min(place, this.shapes.length - 1)]?.id ?? 0;
    return true;
  }

  #removeVertex(shape: Shape): boolean {
    if (shape.points.length <= 3) return true; // two points hold no area
    this.#change(this.#with(shape, shape.points.filter((_, place) => place !== this.vertex)), 'vertex');
    this.vertex %= shape.points.length - 1;
    return true;
  }

  /** A new vertex half way from `after` to the one that follows. */
  insert(after: number): void {
    const shape = this.shape;
    if (!shape || this.tool !== 'polygon' || shape.points.length >= MOST_VERTICES) return;
    const place = Math.max(after, 0);
    const here = shape.points[place]!;
    const then = shape.points[(place + 1) % shape.points.length]!;
    this.#change(this.#with(shape, shape.points.toSpliced(place + 1, 0, middle(here, then))), 'vertex');
    this.vertex = place + 1;
  }

  #with(shape: Shape, points: readonly Point[]): Shape[] {
    return this.shapes.map((one) => (one === shape ? { ...shape, points } : one));
  }

  /** A press of the pointer, or Space at the cross: a corner, a vertex, a point. */
  put(at: Point, byKey = false): void {
    const point = inside(at, this.camera.picture);
    if (this.tool === 'point') {
      // The same point twice says nothing.
      const isThere = this.shapes.some(({ label, points: [[x, y] = [NaN, NaN]] }) => label === this.label && x === point[0] && y === point[1]);
      return isThere ? undefined : this.add([point], false);
    }
    this.selected = 0;
    this.drawing = false;
    const { k } = this.camera.view;
    const first = this.draft[0];
    if (this.tool === 'box') {
      if (!first) return void (this.draft = [point]);
      const box = corners(first, point);
      const { width, height } = boundsOf(box);
      this.draft = [];
      if (width >= 1 && height >= 1 && (byKey || Math.max(width, height) * k >= 3)) this.add(box, true);
      return;
    }
    // On the first point again: the polygon is closed.
    if (first && this.draft.length >= 3 && Math.hypot(point[0] - first[0], point[1] - first[1]) * k <= 12) return void this.close();
    const last = this.draft.at(-1);
    if (this.draft.length >= MOST_VERTICES || (last && last[0] === point[0] && last[1] === point[1])) return;
    this.draft = [...this.draft, point];
  }

  /** Finishes a polygon; false where it has too few points. */
  close(): boolean {
    if (this.tool !== 'polygon' || this.draft.length < 3 || isFlat(this.draft)) return false;
    this.add(this.draft, true);
    return true;
  }

  /** A box in the middle of what is seen, a quarter as large. */
  dropBox(): void {
    const { x, y, width, height } = this.camera.seen;
    const [w, h] = [Math.max(width / 4, 1), Math.max(height / 4, 1)];
    const at: Point = this.cross ? [this.cross[0] - w / 2, this.cross[1] - h / 2] : [x + (width - w) / 2, y + (height - h) / 2];
    const { picture } = this.camera;
    const from: Point = [Math.min(Math.max(at[0], 0), picture.w - w), Math.min(Math.max(at[1], 0), picture.h - h)];
    this.add(resized([inside(from, picture), inside([from[0] + w, from[1] + h], picture)], 0, 0, [0, 0], picture), true);
  }

  /** What a key means here. True: it was taken. */
  press(press: Press): boolean {
    if (press.is === 'digit') return this.#digit(press.digit);
    if (press.is === 'letter') return this.#letter(press.letter);
    if (press.is === 'sign') return this.#sign(press.code);
    return press.is === 'named' && this.#named(press);
  }

  #digit(digit: number): boolean {
    if (digit === 0) return this.camera.fit(), true;
    const label = this.labels[digit - 1];
    if (label === undefined) return false;
    this.use(label);
    return true;
  }

  #letter(letter: string): boolean {
    if (letter === 'B' && this.tool === 'box') return this.dropBox(), true;
    if (letter === 'N' && this.tool !== 'point') return this.drop(), (this.drawing = true);
    if (this.tool !== 'polygon' || !this.shape) return false;
    if (letter === 'E') return (this.vertex = this.vertex >= 0 ? -1 : 0), true;
    if (letter === 'I') return this.insert(this.vertex), true;
    return false;
  }

  #sign(code: string): boolean {
    if (code === 'Minus' || code === 'Equal') return this.zoom(code === 'Equal' ? 1.25 : 0.8), true;
    if (code !== 'Comma' && code !== 'Period') return false;
    this.#go(code === 'Period' ? 1 : -1);
    return true;
  }

  /** Zooms round the selected shape or the cross, else round the middle. */
  zoom(factor: number): void {
    const { camera } = this;
    const about = this.shape ? boundsOf(this.shape.points) : this.cross ? boundsOf([this.cross]) : null;
    camera.zoom(factor, about ? camera.toScreen([about.x + about.width / 2, about.y + about.height / 2]) : undefined);
  }

  /** The next or the previous vertex, else shape. */
  #go(by: number): void {
    const shape = this.shape;
    if (shape && this.vertex >= 0) return this.select(shape.id, (this.vertex + by + shape.points.length) % shape.points.length);
    const count = this.shapes.length;
    if (count === 0) return;
    const place = shape ? this.shapes.indexOf(shape) + by : by > 0 ? 0 : count - 1;
    this.select(this.shapes[(place + count) % count]!.id);
  }

  #named({ name, shift, ctrl }: Extract<Press, { is: 'named' }>): boolean {
    const arrows: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const arrow = arrows[name];
    if (arrow) return this.#arrow(arrow, shift, ctrl), true;
    if (name === 'Space') {
      if (this.cross) this.put(this.cross, true);
      else if (this.under) return false; // the pointer is on the picture: Space and a drag move it
      else if (!this.shape) this.#moveCross(0, 0, 0); // as the first arrow does; and the page must not scroll
      return true;
    }
    if (name === 'Enter' && !ctrl) return this.close() || this.draft.length > 0;
    if (name === 'Delete') return this.remove();
    if (name === 'Backspace') {
      if (this.draft.length === 0) return this.remove();
      this.draft = this.draft.slice(0, -1);
      return true;
    }
    return name === 'Escape' && this.#leave();
  }

  /** Leaves one thing at a time: the draft, the vertex, the selection, the cross. */
  #leave(): boolean {
    if (this.draft.length > 0) this.draft = [];
    else if (this.drawing) this.drawing = false;
    else if (this.vertex >= 0) this.vertex = -1;
    else if (this.selected) this.selected = 0;
    else if (this.cross) this.cross = null;
    else return false;
    return true;
  }

  #arrow([ax, ay]: Point, shift: boolean, ctrl: boolean): void {
    const { camera } = this;
    const shape = this.shape;
    if (!shape) return this.#moveCross(ax, ay, shift ? STEP * 5 : ctrl ? 1 : STEP);
    // One pixel of the screen, so that a press is seen at any zoom, and never less than what is written down.
    const step = Math.max(round(1 / camera.view.k), 0.01) * (shift ? 10 : 1);
    const [dx, dy] = [ax * step, ay * step];
    let points: readonly Point[];
    if (this.vertex >= 0) {
      const [x, y] = shape.points[this.vertex]!;
      points = shape.points.with(this.vertex, inside([x + dx, y + dy], camera.picture));
    } else if (ctrl && this.tool === 'box') {
      const [[x1, y1], [x2, y2]] = shape.points as readonly [Point, Point];
      points = resized(shape.points, Math.abs(ax), Math.abs(ay), [Math.max(x2 + dx, x1), Math.max(y2 + dy, y1)], camera.picture);
    } else points = shifted(shape.points, dx, dy, camera.picture);
    this.#change(this.#with(shape, points), ctrl ? 'size' : 'move', shape.id);
    camera.reveal(this.vertex >= 0 ? boundsOf([points[this.vertex]!]) : boundsOf(points));
  }

  #moveCross(ax: number, ay: number, pixels: number): void {
    const { x, y, width, height } = this.camera.seen;
    const by = pixels / this.camera.view.k;
    const from = this.cross ?? [x + width / 2, y + height / 2];
    this.cross = this.cross ? inside([from[0] + ax * by, from[1] + ay * by], this.camera.picture) : inside(from, this.camera.picture);
    this.loose = this.cross;
    this.camera.reveal(boundsOf([this.cross]));
  }
}
