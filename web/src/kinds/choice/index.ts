// Choice: exactly one label. One key press is the answer.
import type { KindView } from '../kind';
import { labelKeys, labelsOf, moved } from '../options';
import Labels from '../tree/Labels.svelte';
import { isLarge, treeKeys } from '../tree/large';

export const kind: KindView = {
  view: Labels,
  surface: false,
  instant: true,
  empty: () => undefined,
  state: (question, value) => (value === undefined ? 'blank' : labelsOf(question).includes(value as string) ? 'ready' : 'unfinished'),
  press(question, _value, cursor, press, layout) {
    // The view of a large list answers its own keys; what is left is Enter on what was chosen before.
    if (isLarge(question)) return press.is === 'named' && press.name === 'Enter' ? { commit: true } : null;
    const labels = labelsOf(question);
    // No cursor: the next task comes in the same frame, and moving the focus twice would cost it.
    const pick = (index: number) => (index >= 0 && index < labels.length ? { value: labels[index], commit: true } : null);
    if (press.is === 'digit') return press.digit === 0 ? null : pick(press.digit - 1);
    if (press.is === 'named' && (press.name === 'Enter' || press.name === 'Space')) return pick(cursor);
    const to = moved(labels.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  keys: (question) => (isLarge(question) ? treeKeys(false) : labelKeys(question, 'key_pick', 'key_enter_pick')),
  say: (value) => String(value ?? ''),
};
