// A shape in a few signs: where it is and how large, in whole pixels.
import { number } from '../i18n.svelte';
import { boundsOf, type Shape, type Tool } from './geometry';

export function describe(tool: Tool, { points }: Shape): string {
  const { x, y, width, height } = boundsOf(points);
  const at = `${number(Math.round(x))}, ${number(Math.round(y))}`;
  return tool === 'point' ? at : `${at} | ${number(Math.round(width))}×${number(Math.round(height))}`;
}
