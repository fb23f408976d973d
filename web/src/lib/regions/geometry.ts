// Shapes on a picture as numbers: pixels of its natural size from the top left, two decimals, never outside. Pure.

export type Point = readonly [number, number];
export interface Size {
  w: number;
  h: number;
}
export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}
export type Tool = 'box' | 'polygon' | 'point';

/** One shape. A box has two points, its top left and its bottom right; a polygon three or more; a point one. */
export interface Shape {
  readonly id: number;
  readonly label: string;
  readonly points: readonly Point[];
}

export const between = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
export const round = (value: number): number => Math.round(value * 100) / 100;

/** The nearest point inside the picture. */
export const inside = ([x, y]: Point, { w, h }: Size): Point => [round(between(x, 0, w)), round(between(y, 0, h))];

export function boundsOf(points: readonly Point[]): Bounds {
  let [x, y, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [px, py] of points) {
    x = Math.min(x, px);
    y = Math.min(y, py);
    right = Math.max(right, px);
    bottom = Math.max(bottom, py);
  }
  return { x, y, width: right - x, height: bottom - y };
}

/** Two corners in any order as top left and bottom right. */
export function corners([ax, ay]: Point, [bx, by]: Point): readonly [Point, Point] {
  return [[Math.min(ax, bx), Math.min(ay, by)], [Math.max(ax, bx), Math.max(ay, by)]];
}

/** All points moved alike, as far as the picture allows: the form stays. */
export function shifted(points: readonly Point[], dx: number, dy: number, size: Size): readonly Point[] {
  const { x, y, width, height } = boundsOf(points);
  const right = between(dx, -x, size.w - x - width);
  const down = between(dy, -y, size.h - y - height);
  return points.map(([px, py]) => inside([px + right, py + down], size));
}

/** A box with one side or corner dragged to `to`: `hx` -1 is the left side, 1 the right one, 0 neither; `hy` likewise. */
export function resized(points: readonly Point[], hx: number, hy: number, to: Point, size: Size): readonly Point[] {
  const [[x1, y1], [x2, y2]] = points as readonly [Point, Point];
  const [x, y] = inside(to, size);
  const box = corners([hx < 0 ? x : x1, hy < 0 ? y : y1], [hx > 0 ? x : x2, hy > 0 ? y : y2]);
  const [[left, top], [right, bottom]] = box;
  // A box dragged flat keeps one pixel, towards where there is room.
  const wide = right - left >= 1 ? [left, right] : left + 1 <= size.w ? [left, left + 1] : [size.w - 1, size.w];
  const high = bottom - top >= 1 ? [top, bottom] : top + 1 <= size.h ? [top, top + 1] : [size.h - 1, size.h];
  return [[round(wide[0]!), round(high[0]!)], [round(wide[1]!), round(high[1]!)]];
}

const apart = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(ax - bx, ay - by);

function fromSide(p: Point, a: Point, b: Point): number {
  const along = [b[0] - a[0], b[1] - a[1]] as const;
  const length = along[0] ** 2 + along[1] ** 2;
  const share = length === 0 ? 0 : between(((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / length, 0, 1);
  return apart(p, [a[0] + share * along[0], a[1] + share * along[1]]);
}

/** The corners of a shape in order, a box as four. */
function outline(shape: Shape, tool: Tool): readonly Point[] {
  if (tool !== 'box') return shape.points;
  const [[x1, y1], [x2, y2]] = shape.points as readonly [Point, Point];
  return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]];
}

/** How far `at` is from the line of the shape, in pixels of the picture. */
export function fromEdge(shape: Shape, tool: Tool, at: Point): number {
  const points = outline(shape, tool);
  if (points.length === 1) return apart(points[0]!, at);
  return Math.min(...points.map((point, index) => fromSide(at, point, points[(index + 1) % points.length]!)));
}

/** Is `at` within the shape (even–odd rule)? */
export function holds(shape: Shape, tool: Tool, at: Point): boolean {
  const points = outline(shape, tool);
  let within = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [xi, yi] = points[i]!;
    const [xj, yj] = points[j]!;
    if (yi > at[1] !== yj > at[1] && at[0] < ((xj - xi) * (at[1] - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** The shape meant by a press at `at`: the one whose line is within `slack`, else the smallest around it. */
export function under(shapes: readonly Shape[], tool: Tool, at: Point, slack: number): Shape | null {
  let best: Shape | null = null;
  let least = Infinity;
  for (const shape of shapes) {
    const { x, y, width, height } = boundsOf(shape.points);
    if (at[0] < x - slack || at[0] > x + width + slack || at[1] < y - slack || at[1] > y + height + slack) continue;
    const far = fromEdge(shape, tool, at);
    const score = far <= slack ? far - 1e9 : holds(shape, tool, at) ? width * height : Infinity;
    if (score < least) [best, least] = [shape, score];
  }
  return best;
}

export const middle = ([ax, ay]: Point, [bx, by]: Point): Point => [round((ax + bx) / 2), round((ay + by) / 2)];
