// What kinds with a list of labels share: the labels, their colours, moving among them. Pure.
import type { Question } from '../lib/api/types';
import type { Key } from '../lib/i18n.svelte';
import type { Press } from '../lib/keyboard';
import type { KeyHelp, Layout } from './kind';

export const KEYS = 9;
export const COLOURS = 8;

/** The labels of a question with a list of labels. */
export function labelsOf(question: Question): string[] {
  return Array.isArray(question.labels) ? (question.labels as string[]) : [];
}

/** The labels by whose places colours go: all that the project has, so that a label looks the same where a row offers some. */
export function paletteOf(question: Question): string[] {
  const whole = Array.isArray(question.palette) ? (question.palette as string[]) : [];
  return whole.length > 0 && whole.length <= COLOURS ? whole : labelsOf(question);
}

/** The colour of a label, by its place; beyond eight a colour would tell nothing. */
export function colourOf(labels: string[], label: string): string {
  const place = labels.indexOf(label);
  return place >= 0 && labels.length <= COLOURS ? `var(--label-${place + 1})` : 'var(--label-rest)';
}

/** The labels picked so far. */
export const picked = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : []);

/** How many labels may be picked: least and most. */
export function limits(question: Question): { least: number; most: number } {
  const most = Number(question.at_most ?? 0) || labelsOf(question).length;
  return { least: Number(question.at_least ?? 0), most };
}

/** `value` with the label at `index` put in or taken out, in the question's order. Full is full. */
export function toggled(question: Question, value: unknown, index: number): string[] {
  const labels = labelsOf(question);
  const label = labels[index];
  const now = new Set(picked(value));
  if (label === undefined) return picked(value);
  if (!now.delete(label) && now.size < limits(question).most) now.add(label);
  return labels.filter((one) => now.has(one));
}

/** The lines that a list of labels has on the sheet of keys. */
export function labelKeys(question: Question, digits: Key, enter: Key): KeyHelp[] {
  const last = Math.min(KEYS, labelsOf(question).length);
  return [
    { caps: last > 2 ? ['1', '…', String(last)] : ['1', '2'], words: digits },
    { caps: ['↑', '↓', '←', '→'], words: 'key_move' },
    { caps: ['Enter'], words: enter },
  ];
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
