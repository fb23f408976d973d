// Shapes ↔ the answer forms of boxes, polygons and keypoints, sorted as the server sorts them. Pure.
import { boundsOf, corners, inside, round, type Point, type Shape, type Size, type Tool } from './geometry';

export const TOOLS: Record<string, Tool> = { boxes: 'box', polygons: 'polygon', keypoints: 'point' };
const LISTS: Record<Tool, string> = { box: 'boxes', polygon: 'polygons', point: 'points' };

/** Order of lists of numbers and texts, place by place, as Python orders tuples. */
function inOrder(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let place = 0; place < Math.min(a.length, b.length); place += 1) {
    if (a[place]! < b[place]!) return -1;
    if (a[place]! > b[place]!) return 1;
  }
  return a.length - b.length;
}

function sortKey(tool: Tool, { points, label }: Shape): (number | string)[] {
  if (tool === 'box') {
    const { x, y, width, height } = boundsOf(points);
    return [y, x, round(height), round(width), label];
  }
  if (tool === 'point') return [points[0]![1], points[0]![0], label];
  return [...points.flatMap(([x, y]) => [y, x]), label];
}

function written(tool: Tool, { points, label }: Shape): Record<string, unknown> {
  if (tool === 'polygon') return { points: points.map(([x, y]) => [x, y]), label };
  const { x, y, width, height } = boundsOf(points);
  return tool === 'box' ? { x, y, width: round(width), height: round(height), label } : { x, y, label };
}

export function toAnswer(tool: Tool, size: Size, shapes: readonly Shape[]): Record<string, unknown> {
  const sorted = shapes.map((shape) => [sortKey(tool, shape), shape] as const).sort(([a], [b]) => inOrder(a, b));
  return { size: [size.w, size.h], [LISTS[tool]]: sorted.map(([, shape]) => written(tool, shape)) };
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
