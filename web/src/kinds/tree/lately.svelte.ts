// The labels used lately, each in a place that stays: keys must not change under the fingers. Kept while the page is open.
import type { Question } from '../../lib/api/types';

const PLACES = 9;
const kept = new Map<string, { slots: string[]; order: string[] }>();
const seen = $state({ times: 0 });

const keyOf = (question: Question): string => JSON.stringify([question.name, (question.labels as string[]).length, (question.labels as string[])[0]]);

/** Up to nine labels, by their places. */
export function lately(question: Question): string[] {
  void seen.times;
  return kept.get(keyOf(question))?.slots ?? [];
}

/** Remembers a label: in the place it has, in a free one, or in that of the one not used for longest. */
export function used(question: Question, label: string): void {
  const { slots, order } = kept.get(keyOf(question)) ?? { slots: [], order: [] };
  const now = [...order.filter((one) => one !== label), label];
  let places = slots;
  if (!slots.includes(label)) places = slots.length < PLACES ? [...slots, label] : slots.map((one) => (one === now[0] ? label : one));
  kept.set(keyOf(question), { slots: places, order: now.slice(-PLACES) });
  seen.times += 1;
}
