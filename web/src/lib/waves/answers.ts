// Segments ↔ the answer of a segments question, sorted as the server sorts. Pure.
import { byTime, round, type Segment } from './track.svelte';

export function toAnswer(duration: number, segments: readonly Segment[]): Record<string, unknown> {
  const sorted = [...segments].sort(byTime).map(({ start, end, label, text }) => ({ start, end, label, text: text.replace(/\r\n?/g, '\n') }));
  return { duration, segments: sorted };
}

export function listOf(value: unknown): Record<string, unknown>[] | null {
  const list = value && typeof value === 'object' ? (value as Record<string, unknown>).segments : null;
  return Array.isArray(list) ? list : null;
}

/** An answer as segments within the recording; what is none is left out. */
export function fromAnswer(duration: number, value: unknown): Omit<Segment, 'id'>[] {
  return (listOf(value) ?? [])
    .map((one) => ({ start: round(Number(one.start)), end: Math.min(round(Number(one.end)), duration), label: String(one.label ?? ''), text: String(one.text ?? '') }))
    .filter(({ start, end }) => start >= 0 && end > start);
}
