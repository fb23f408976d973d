// Which stretch of the recording is in view, in seconds. Left is earlier, whatever the page's direction.

const CLOSEST = 0.25; // seconds

export class Stretch {
  from = $state(0);
  span = $state(1);
  /** Pixels it is drawn on. */
  room = $state(0);
  duration = $state(1);

  open(duration: number): void {
    this.duration = duration;
    // Of long recordings a minute at first: enough to see words.
    this.#look(0, Math.min(duration, 60));
  }

  #look(from: number, span: number): void {
    this.span = Math.min(Math.max(span, Math.min(CLOSEST, this.duration)), this.duration);
    this.from = Math.min(Math.max(from, 0), this.duration - this.span);
  }

  whole(): void {
    this.#look(0, this.duration);
  }

  zoom(factor: number, about: number): void {
    const span = Math.min(Math.max(this.span / factor, CLOSEST), this.duration);
    this.#look(about - ((about - this.from) * span) / this.span, span);
  }

  /** Moves by seconds; tells whether it moved. */
  pan(seconds: number): boolean {
    const before = this.from;
    this.#look(this.from + seconds, this.span);
    return this.from !== before;
  }

  centre(time: number): void {
    this.#look(time - this.span / 2, this.span);
  }

  /** Brings a time into view: a page further while playing, so that nothing slides. */
  follow(time: number): void {
    if (time < this.from || time > this.from + this.span) this.#look(time - this.span * 0.05, this.span);
  }

  reveal(start: number, end: number): void {
    if (start >= this.from && end <= this.from + this.span) return;
    const margin = this.span * 0.1;
    this.#look(end - start + 2 * margin > this.span || start < this.from ? start - margin : end + margin - this.span, this.span);
  }

  toPixel = (time: number): number => ((time - this.from) / this.span) * this.room;
  toTime = (pixel: number): number => this.from + (pixel / Math.max(this.room, 1)) * this.span;
}
