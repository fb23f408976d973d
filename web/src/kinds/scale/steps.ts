// The steps of a scale and the keys they have. Shared by scale and rubric. Pure.
import type { Press } from '../../lib/keyboard';

export interface Steps {
  low: number;
  high: number;
  titles: string[];
}

/** The bounds and titles of a question or criterion; 1 to 5 where nothing is said. */
export function stepsOf(source: Record<string, unknown>): Steps {
  const low = typeof source.low === 'number' ? source.low : 1;
  const high = typeof source.high === 'number' ? source.high : Math.max(5, low + 1);
  return { low, high, titles: Array.isArray(source.titles) ? (source.titles as string[]) : [] };
}

export const countOf = ({ low, high }: Steps): number => high - low + 1;

export const isStep = (steps: Steps, value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= steps.low && value <= steps.high;

/**
 * The key of a step as it is printed: its own digit where all have one, else its place; ten steps end with 0, as the row of
 * keys does, and the 10 of 0–10 has T. Empty: more steps than keys, arrows only.
 */
export function capOf(steps: Steps, value: number): string {
  const { low, high } = steps;
  const place = value - low + 1;
  if (low >= 0 && high <= 9) return String(value);
  if (low === 0 && high === 10) return value === 10 ? 'T' : String(value);
  if (countOf(steps) <= 9) return String(place);
  if (countOf(steps) === 10) return String(place % 10);
  return '';
}

/** The step whose key was pressed. Null if it is none of them. */
export function stepOfPress(steps: Steps, press: Press): number | null {
  if (countOf(steps) > 11) return null;
  const cap = press.is === 'digit' ? String(press.digit) : press.is === 'letter' ? press.letter : '';
  if (cap === '') return null;
  for (let value = steps.low; value <= steps.high; value += 1) if (capOf(steps, value) === cap) return value;
  return null;
}

/** The title of a step, or nothing. */
export const titleOf = ({ low, titles }: Steps, value: number): string => titles[value - low] ?? '';

/** The keys as the sheet prints them. */
export function capsOf(steps: Steps): string[] {
  const first = capOf(steps, steps.low);
  if (first === '') return [];
  return [first, '…', capOf(steps, steps.high)];
}
