// Choice: exactly one label. One key press is the answer.
import type { KindView } from '../kind';
import { labelKeys, labelsOf, moved } from '../options';
import OptionList from '../OptionList.svelte';

export const kind: KindView = {
  view: OptionList,
  surface: false,
  instant: true,
  empty: () => undefined,
  state: (question, value) => (value === undefined ? 'blank' : labelsOf(question).includes(value as string) ? 'ready' : 'unfinished'),
  press(question, _value, cursor, press, layout) {
    const labels = labelsOf(question);
    // No cursor: the next task comes in the same frame, and moving the focus twice would cost it.
    const pick = (index: number) => (index >= 0 && index < labels.length ? { value: labels[index], commit: true } : null);
    if (press.is === 'digit') return press.digit === 0 ? null : pick(press.digit - 1);
    if (press.is === 'named' && (press.name === 'Enter' || press.name === 'Space')) return pick(cursor);
    const to = moved(labels.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  keys: (question) => labelKeys(question, 'key_pick', 'key_enter_pick'),
  say: (value) => String(value ?? ''),
};
