// Choices: any number of labels within the question's limits. Digits and Space toggle, Enter is the answer.
import { t } from '../../lib/i18n.svelte';
import type { Question } from '../../lib/api/types';
import type { KindView } from '../kind';
import { labelsOf, moved } from '../options';
import OptionList from '../OptionList.svelte';

const picked = (value: unknown): string[] => (Array.isArray(value) ? (value as string[]) : []);

/** How many labels may be picked: least and most. */
export function limits(question: Question): { least: number; most: number } {
  const most = Number(question.at_most ?? 0) || labelsOf(question).length;
  return { least: Number(question.at_least ?? 0), most };
}

/** `value` with the label at `index` put in or taken out, in the question's order. Full is full. */
function toggled(question: Question, value: unknown, index: number): string[] {
  const labels = labelsOf(question);
  const label = labels[index];
  const now = new Set(picked(value));
  if (label === undefined) return picked(value);
  if (!now.delete(label) && now.size < limits(question).most) now.add(label);
  return labels.filter((one) => now.has(one));
}

export const choices: KindView = {
  view: OptionList,
  instant: false,
  empty: () => [],
  ready(question, value) {
    const { least, most } = limits(question);
    return picked(value).length >= least && picked(value).length <= most;
  },
  press(question, value, cursor, press, layout) {
    const labels = labelsOf(question);
    if (press.is === 'digit') return press.digit <= labels.length ? this.pick(question, value, press.digit - 1) : null;
    if (press.is === 'named' && press.name === 'Enter') return { commit: true };
    if (press.is === 'named' && press.name === 'Space') return cursor >= 0 ? this.pick(question, value, cursor) : null;
    const to = moved(labels.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  pick: (question, value, index) => ({ value: toggled(question, value, index), cursor: index }),
  say: (value) => picked(value).join('، ') || t('none_picked'),
};
