// Choices: any number of labels within the question's limits. Digits and Space toggle, Enter is the answer.
import { t } from '../../lib/i18n.svelte';
import type { KindView } from '../kind';
import { labelKeys, labelsOf, limits, moved, picked, toggled } from '../options';
import Labels from '../tree/Labels.svelte';
import { isLarge, treeKeys } from '../tree/large';

export const kind: KindView = {
  view: Labels,
  surface: false,
  instant: false,
  empty: () => [],
  state(question, value) {
    const { least, most } = limits(question);
    const count = picked(value).length;
    if (count >= least && count <= most) return 'ready';
    return count === 0 ? 'blank' : 'unfinished';
  },
  press(question, value, cursor, press, layout) {
    // The view of a large list answers its own keys; what is left is Enter, the answer.
    if (isLarge(question)) return press.is === 'named' && press.name === 'Enter' ? { commit: true } : null;
    const labels = labelsOf(question);
    const toggle = (index: number) => (index >= 0 && index < labels.length ? { value: toggled(question, value, index), cursor: index } : null);
    if (press.is === 'digit') return press.digit === 0 ? null : toggle(press.digit - 1);
    if (press.is === 'named' && press.name === 'Enter') return { commit: true };
    if (press.is === 'named' && press.name === 'Space') return toggle(cursor);
    const to = moved(labels.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  keys: (question) => (isLarge(question) ? treeKeys(true) : labelKeys(question, 'key_toggle', 'key_enter_submit')),
  say: (value) => picked(value).join('، ') || t('none_picked'),
};
