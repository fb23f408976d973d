// Choice: exactly one label. One key press is the answer.
import type { KindView } from '../kind';
import { labelsOf, moved } from '../options';
import OptionList from '../OptionList.svelte';

export const choice: KindView = {
  view: OptionList,
  instant: true,
  empty: () => null,
  ready: (question, value) => typeof value === 'string' && labelsOf(question).includes(value),
  press(question, _value, cursor, press, layout) {
    const labels = labelsOf(question);
    if (press.is === 'digit') return press.digit <= labels.length ? { ...this.pick(question, null, press.digit - 1) } : null;
    if (press.is === 'named' && (press.name === 'Enter' || press.name === 'Space')) return cursor >= 0 ? this.pick(question, null, cursor) : null;
    const to = moved(labels.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  // No cursor: the next task comes in the same frame, and moving the focus twice would cost it.
  pick: (question, _value, index) => ({ value: labelsOf(question)[index], commit: true }),
  say: (value) => String(value ?? ''),
};
