// What numbers a question takes, said in words, and where its arrows lead. Pure but for the reader's language.
import { decimal, t } from '../../lib/i18n.svelte';
import type { Question } from '../../lib/api/types';
import { decimalsOf, stepped } from './reading';

interface Bounds {
  low: number | null;
  high: number | null;
  step: number;
}

export function boundsOf(question: Question): Bounds {
  const given = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return { low: given(question.low), high: given(question.high), step: Math.abs(given(question.step) ?? 0) };
}

/** A number in the reader's digits, with the decimals it has. */
export const written = (value: number): string => decimal(value, decimalsOf(value));

/** Is it on one of the steps, which are counted from the lower bound (from 0 where there is none)? */
export function onStep({ low, step }: Bounds, value: number): boolean {
  if (step === 0) return true;
  const steps = (value - (low ?? 0)) / step;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

/** What is wrong with what was written, as a message; empty: nothing. Text is what could not be read as a number. */
export function faultOf(question: Question, value: unknown): string {
  if (value === undefined || value === '') return '';
  if (typeof value !== 'number') return t('number_wrong');
  const bounds = boundsOf(question);
  if ((bounds.low !== null && value < bounds.low) || (bounds.high !== null && value > bounds.high)) return t('number_out', { bounds: boundsInWords(question) });
  return onStep(bounds, value) ? '' : t('number_off_step', { step: written(bounds.step) });
}

/** The bounds in words: `from 0 to 100, in steps of 5`; empty where there are none. */
export function boundsInWords(question: Question): string {
  const { low, high, step } = boundsOf(question);
  const parts: string[] = [];
  if (low !== null && high !== null) parts.push(t('number_range', { low: written(low), high: written(high) }));
  else if (low !== null) parts.push(t('number_low', { low: written(low) }));
  else if (high !== null) parts.push(t('number_high', { high: written(high) }));
  if (step !== 0) parts.push(t('number_step', { step: written(step) }));
  return parts.join(t('comma'));
}

/** Where an arrow leads: the next step inside the bounds, from the nearest bound where nothing was written. */
export function arrowed(question: Question, value: unknown, times: number): number {
  const bounds = boundsOf(question);
  const { low, high } = bounds;
  const step = bounds.step || 1;
  const clamp = (one: number): number => Math.min(high ?? Infinity, Math.max(low ?? -Infinity, one));
  if (typeof value !== 'number') return clamp(low ?? 0);
  if (!onStep(bounds, value)) {
    const from = low ?? 0;
    const whole = (value - from) / step;
    return clamp(stepped(from, step, times > 0 ? Math.ceil(whole) : Math.floor(whole)));
  }
  const next = stepped(value, step, times);
  return next > (high ?? Infinity) || next < (low ?? -Infinity) ? (bounds.step ? value : clamp(next)) : next;
}
