// What kinds with a list of labels share: the labels, their colours, moving among them. Pure.
import type { Question } from '../lib/api/types';
import type { Press } from '../lib/keyboard';
import type { Layout } from './kind';

export const KEYS = 9;
export const COLOURS = 8;

/** The labels of a question with a list of labels. */
export function labelsOf(question: Question): string[] {
  return Array.isArray(question.labels) ? (question.labels as string[]) : [];
}

/** The colour of a label, by its place; beyond eight a colour would tell nothing. */
export function colourOf(labels: string[], label: string): string {
  const place = labels.indexOf(label);
  return place >= 0 && labels.length <= COLOURS ? `var(--label-${place + 1})` : 'var(--label-rest)';
}

/** Where an arrow leads from `cursor`, as seen on the screen. Null if the key is none of ours. */
export function moved(count: number, cursor: number, press: Press, layout: Layout): number | null {
  if (press.is !== 'named' || count === 0) return null;
  const { columns, rtl } = layout;
  const steps: Record<string, number> = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 };
  if (press.name === 'Home') return 0;
  if (press.name === 'End') return count - 1;
  const step = steps[press.name];
  if (step === undefined) return null;
  if (cursor < 0) return step > 0 ? 0 : count - 1;
  if (columns === 1 && Math.abs(step) === 1 && /Left|Right/.test(press.name)) return cursor;
  const next = cursor + step;
  if (next >= 0 && next < count) return next;
  return columns === 1 ? (next + count) % count : cursor;
}
