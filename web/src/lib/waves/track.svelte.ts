// The segments of one recording: what is selected, marked, written, taken back. Knows nothing of sound or of keys.

export interface Segment {
  readonly id: number;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly text: string;
}

const KEPT = 200;
const MOST = 5000; // as many as the server takes
export const SHORTEST = 0.01;
const LETGO = 0.001;

export const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
export const byTime = (a: Segment, b: Segment): number => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0);

export class Track {
  /** In the order of time. */
  segments = $state.raw<readonly Segment[]>([]);
  selected = $state(0);
  label = $state('');
  /** Where the next segment starts; -1: nowhere. */
  mark = $state(-1);
  undoable = $state(0);
  redoable = $state(0);
  duration = 0;
  #past: (readonly Segment[])[] = [];
  #future: (readonly Segment[])[] = [];
  #last = '';
  #next = 1;

  constructor(readonly labels: string[], readonly overlap: boolean, readonly onchange: () => void) {
    this.label = labels[0] ?? '';
  }

  get segment(): Segment | null {
    return this.segments.find((one) => one.id === this.selected) ?? null;
  }

  load(segments: Omit<Segment, 'id'>[]): void {
    this.segments = segments.map((one) => ({ ...one, id: this.#next++ })).sort(byTime);
    [this.#past, this.#future, this.#last] = [[], [], ''];
    this.undoable = this.redoable = 0;
    this.selected = 0;
    this.mark = -1;
  }

  /** A new list; steps of one name in a row are taken back at once. */
  #change(segments: readonly Segment[], name = ''): void {
    if (!name || name !== this.#last) this.#keep(this.segments);
    this.#last = name;
    this.segments = [...segments].sort(byTime);
    this.onchange();
  }

  #keep(segments: readonly Segment[]): void {
    this.#past = [...this.#past.slice(-KEPT + 1), segments];
    this.#future = [];
    this.undoable = this.#past.length;
    this.redoable = 0;
  }

  undo(): void {
    this.#swap(this.#past, this.#future);
  }

  redo(): void {
    this.#swap(this.#future, this.#past);
  }

  #swap(from: (readonly Segment[])[], to: (readonly Segment[])[]): void {
    const segments = from.pop();
    if (!segments) return;
    to.push(this.segments);
    this.#last = '';
    this.segments = segments;
    this.undoable = this.#past.length;
    this.redoable = this.#future.length;
    if (!this.segment) this.selected = 0;
    this.onchange();
  }

  select(id: number): void {
    this.#last = '';
    this.mark = -1;
    this.selected = id;
  }

  /** The next or the previous segment in time; from nowhere, the one after or before `time`. */
  go(by: 1 | -1, time: number): Segment | null {
    const { segments } = this;
    let place = segments.findIndex((one) => one.id === this.selected);
    if (place >= 0) place += by;
    else place = by > 0 ? segments.findIndex((one) => one.end > time) : segments.findLastIndex((one) => one.start < time);
    const to = segments[Math.min(Math.max(place, 0), segments.length - 1)];
    if (to) this.select(to.id);
    return to ?? null;
  }

  /** The room between the neighbours of a time, where segments must not overlap; null inside another one. */
  room(time: number, but = 0): { low: number; high: number } | null {
    if (this.overlap) return { low: 0, high: this.duration };
    let [low, high] = [0, this.duration];
    for (const one of this.segments) {
      if (one.id === but) continue;
      if (one.end <= time + LETGO) low = Math.max(low, one.end);
      else if (one.start >= time - LETGO) high = Math.min(high, one.start);
      else return null;
    }
    return { low, high };
  }

  /** A new segment between two times in any order, cut to the room there is round the first. False: there is none. */
  add(from: number, to: number): boolean {
    const room = this.room(from);
    if (!room || this.segments.length >= MOST) return false;
    const start = round(Math.max(Math.min(from, to), room.low));
    const end = round(Math.min(Math.max(from, to), room.high, this.duration));
    if (end - start < SHORTEST) return false;
    const segment = { id: this.#next++, start, end, label: this.label, text: '' };
    this.#change([...this.segments, segment]);
    this.mark = -1;
    this.selected = segment.id;
    return true;
  }

  #with(segment: Segment, change: Partial<Segment>): Segment[] {
    return this.segments.map((one) => (one.id === segment.id ? { ...one, ...change } : one));
  }

  /** The same segment with other ends, as far as its neighbours and the recording allow. */
  fitted(segment: Segment, start: number, end: number): { start: number; end: number } {
    const room = this.room((segment.start + segment.end) / 2, segment.id) ?? { low: segment.start, high: segment.end };
    const first = round(Math.min(Math.max(start, room.low), room.high - SHORTEST));
    return { start: first, end: round(Math.max(Math.min(end, room.high), first + SHORTEST)) };
  }

  reach(segment: Segment, start: number, end: number): void {
    const fitted = this.fitted(segment, start, end);
    if (fitted.start !== segment.start || fitted.end !== segment.end) this.#change(this.#with(segment, fitted), `reach ${segment.id}`);
  }

  /** Shows other ends while one is dragged; nothing is kept yet. */
  show(segment: Segment, ends: { start: number; end: number }): void {
    this.segments = this.#with(segment, ends);
  }

  dragged(before: readonly Segment[]): void {
    this.#last = '';
    this.#keep(before);
    this.segments = [...this.segments].sort(byTime);
    this.onchange();
  }

  write(segment: Segment, text: string): void {
    if (text !== segment.text) this.#change(this.#with(segment, { text }), `write ${segment.id}`);
  }

  /** Chooses the label of the next segment, and of the selected one. */
  use(label: string): void {
    this.label = label;
    const { segment } = this;
    if (segment && segment.label !== label) this.#change(this.#with(segment, { label }));
  }

  remove(): boolean {
    const { segment } = this;
    if (!segment) return false;
    const place = this.segments.indexOf(segment);
    this.#change(this.segments.filter((one) => one !== segment));
    this.selected = this.segments[Math.min(place, this.segments.length - 1)]?.id ?? 0;
    return true;
  }

  /** Cuts the selected segment in two; its words stay with the first. */
  split(time: number): boolean {
    const { segment } = this;
    const at = round(time);
    if (!segment || at - segment.start < SHORTEST || segment.end - at < SHORTEST || this.segments.length >= MOST) return false;
    const second = { ...segment, id: this.#next++, start: at, text: '' };
    this.#change([...this.#with(segment, { end: at }), second]);
    this.selected = second.id;
    return true;
  }

  /** I: the selected segment starts here; else, or past its end, a new one does. */
  markStart(time: number): void {
    const { segment } = this;
    if (segment && time < segment.end) return this.reach(segment, time, segment.end);
    this.selected = 0;
    this.mark = round(time);
  }

  /** O: the segment that was begun, else the selected one, ends here. False: there is none. */
  markEnd(time: number): boolean {
    if (this.mark >= 0) return this.add(this.mark, time);
    const { segment } = this;
    if (!segment || time <= segment.start) return false;
    this.reach(segment, segment.start, time);
    return true;
  }
}
