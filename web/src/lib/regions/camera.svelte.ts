// Which part of the picture the frame shows: one scale and one offset. Knows nothing of shapes.
import { between, type Bounds, type Point, type Size } from './geometry';

const MOST = 32; // screen pixels for one pixel of the picture
const MARGIN = 24;

export class Camera {
  frame = $state.raw<Size>({ w: 0, h: 0 });
  picture = $state.raw<Size>({ w: 0, h: 0 });
  view = $state.raw({ x: 0, y: 0, k: 1 });
  #fitted = true;

  /** The scale at which the whole picture is seen; a tiny picture is enlarged, at most fourfold. */
  get whole(): number {
    const { frame, picture } = this;
    if (!picture.w || !frame.w) return 1;
    return Math.min(frame.w / picture.w, frame.h / picture.h, 4);
  }

  fit(): void {
    this.#fitted = true;
    this.#look(0, 0, this.whole);
  }

  /** The frame has another size now. */
  resize(frame: Size): void {
    if (frame.w === this.frame.w && frame.h === this.frame.h) return;
    this.frame = frame;
    if (this.#fitted) this.fit();
    else this.#look(this.view.x, this.view.y, this.view.k);
  }

  open(picture: Size): void {
    this.picture = picture;
    this.fit();
  }

  /** Zooms by `factor` round a place on the screen (the middle where none is given). */
  zoom(factor: number, at: Point = [this.frame.w / 2, this.frame.h / 2]): void {
    const { x, y, k } = this.view;
    const to = between(k * factor, Math.min(this.whole, 1) / 2, MOST);
    this.#fitted = false;
    this.#look(at[0] - ((at[0] - x) * to) / k, at[1] - ((at[1] - y) * to) / k, to);
  }

  /** Moves the picture by screen pixels; tells whether it moved. */
  pan(dx: number, dy: number): boolean {
    const { x, y, k } = this.view;
    this.#look(x + dx, y + dy, k);
    const moved = this.view.x !== x || this.view.y !== y;
    if (moved) this.#fitted = false;
    return moved;
  }

  toPicture([x, y]: Point): Point {
    return [(x - this.view.x) / this.view.k, (y - this.view.y) / this.view.k];
  }

  toScreen([x, y]: Point): Point {
    return [x * this.view.k + this.view.x, y * this.view.k + this.view.y];
  }

  /** The part of the picture in view. */
  get seen(): Bounds {
    const [x1, y1] = this.toPicture([0, 0]);
    const [x2, y2] = this.toPicture([this.frame.w, this.frame.h]);
    const { w, h } = this.picture;
    const [x, y] = [between(x1, 0, w), between(y1, 0, h)];
    return { x, y, width: between(x2, 0, w) - x, height: between(y2, 0, h) - y };
  }

  /** Pans just so far that these bounds (as much of them as fits) are in view. */
  reveal({ x, y, width, height }: Bounds): void {
    const [x1, y1] = this.toScreen([x, y]);
    const [x2, y2] = this.toScreen([x + width, y + height]);
    const off = (low: number, high: number, room: number) =>
      low < MARGIN && high < room - MARGIN ? Math.min(MARGIN - low, room - MARGIN - high)
        : high > room - MARGIN && low > MARGIN ? -Math.min(high - room + MARGIN, low - MARGIN) : 0;
    const [dx, dy] = [off(x1, x2, this.frame.w), off(y1, y2, this.frame.h)];
    if (dx || dy) this.pan(dx, dy);
  }

  #look(x: number, y: number, k: number): void {
    const { frame, picture } = this;
    // A picture smaller than the frame stays in its middle; a larger one may leave it by a margin, so that edges can be reached.
    const along = (offset: number, room: number, length: number) =>
      length <= room ? (room - length) / 2 : between(offset, room - length - MARGIN, MARGIN);
    this.view = { x: along(x, frame.w, picture.w * k), y: along(y, frame.h, picture.h * k), k };
  }
}
