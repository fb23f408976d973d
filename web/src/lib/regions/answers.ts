// Shapes ↔ the answer forms of boxes, polygons and keypoints, sorted as the server sorts them. Pure.
import { boundsOf, corners, inside, round, type Point, type Shape, type Size, type Tool } from './geometry';

export const TOOLS: Record<string, Tool> = { boxes: 'box', polygons: 'polygon', keypoints: 'point' };
const LISTS: Record<Tool, string> = { box: 'boxes', polygon: 'polygons', point: 'points' };

/** Order of lists of numbers and texts, place by place, as Python orders tuples. */
function inOrder(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let place = 0; place < Math.min(a.length, b.length); place += 1) {
    const [one, other] = [a[place]!, b[place]!];
    if (typeof one !== typeof other) return typeof one === 'string' ? -1 : 1; // the shorter outline ends in its label here
    if (one < other) return -1;
    if (one > other) return 1;
  }
  return a.length - b.length;
}

/** One outline in its one form: no point twice in a row, from its first corner, in the direction that comes first. */
function canonical(points: readonly Point[]): readonly Point[] {
  const ring = points.filter(([x, y], place) => {
    const [bx, by] = points[(place || points.length) - 1]!;
    return x !== bx || y !== by;
  });
  let best = ring;
  for (const way of [ring, ring.toReversed()]) {
    for (let from = 0; from < way.length; from += 1) {
      if (inOrder(way[from]!, best[0]!) > 0) continue;
      const turned = [...way.slice(from), ...way.slice(0, from)];
      if (inOrder(turned.flat(), best.flat()) < 0) best = turned;
    }
  }
  return best;
}

function written(tool: Tool, { points, label }: Shape): Record<string, unknown> {
  if (tool === 'polygon') return { points: canonical(points).map(([x, y]) => [x, y]), label };
  const { x, y, width, height } = boundsOf(points);
  return tool === 'box' ? { x, y, width: round(width), height: round(height), label } : { x, y, label };
}

/** What the server sorts by: all numbers in their order, then the label. */
const sortKey = (one: Record<string, unknown>): (number | string)[] => Object.values(one).flat(2) as (number | string)[];

export function toAnswer(tool: Tool, size: Size, shapes: readonly Shape[]): Record<string, unknown> {
  const sorted = shapes.map((shape) => written(tool, shape)).map((one) => [sortKey(one), one] as const).sort(([a], [b]) => inOrder(a, b));
  // Exactly the same thing twice says nothing more.
  const different = sorted.filter(([key], place) => place === 0 || inOrder(key, sorted[place - 1]![0]) !== 0);
  return { size: [size.w, size.h], [LISTS[tool]]: different.map(([, one]) => one) };
}

/** Has the outline an area at all? */
export function isFlat(points: readonly Point[]): boolean {
  const { width, height } = boundsOf(points);
  return width === 0 || height === 0 || new Set(points.map(String)).size < 3;
}

/** The list of an answer, and nothing where it is none. */
export function listOf(tool: Tool, value: unknown): Record<string, unknown>[] | null {
  const list = value && typeof value === 'object' ? (value as Record<string, unknown>)[LISTS[tool]] : null;
  return Array.isArray(list) ? list : null;
}

/** An answer as shapes, with ids from `first` on; what is no shape is left out. */
export function fromAnswer(tool: Tool, size: Size, value: unknown, first: number): Shape[] {
  const one = (item: Record<string, unknown>): Point[] => {
    const [x, y] = [Number(item.x), Number(item.y)];
    if (tool === 'polygon') return Array.isArray(item.points) ? item.points.map((at: unknown) => (Array.isArray(at) ? [Number(at[0]), Number(at[1])] : [NaN, NaN])) : [];
    return tool === 'box' ? [...corners([x, y], [x + Number(item.width), y + Number(item.height)])] : [[x, y]];
  };
  const least = { box: 2, polygon: 3, point: 1 }[tool];
  return (listOf(tool, value) ?? [])
    .map((item) => ({ label: String(item.label), points: one(item) }))
    .filter(({ points }) => points.length >= least && points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)))
    .map(({ label, points }, place) => ({ id: first + place, label, points: points.map((at) => inside(at, size)) }));
}
