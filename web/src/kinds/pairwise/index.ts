// Pairwise: which of two is better, and how much. One key is the answer.
import { t } from '../../lib/i18n.svelte';
import type { Question } from '../../lib/api/types';
import type { Press } from '../../lib/keyboard';
import type { KeyHelp, KindView, Step } from '../kind';
import { candidatesOf, isPreference, pointsOf, samePreference, strengthsOf, strengthWord, tiesOf } from './candidates';
import Pair from './Pair.svelte';

/** A preference in words: `A is far better`, `Equally good`. The messages begin with a mark of their language's direction: the
 *  sentence stands in a <bdi>, which would else run as the candidate's name does. */
function inWords(value: unknown, question: Question | null): string {
  if (!isPreference(value)) return '';
  if (value.best === 'tie') return t('pair_tie');
  const steps = question ? strengthsOf(question) : 1;
  return t(`pair_better_${strengthWord(steps, value.strength ?? 1)}`, { name: value.best });
}

const isTieKey = (press: Press): boolean => (press.is === 'letter' && press.letter === 'T') || (press.is === 'digit' && press.digit === 0);

export const kind: KindView = {
  view: Pair,
  surface: false,
  instant: true,
  empty: () => undefined,
  state(question, value) {
    if (!isPreference(value)) return 'blank';
    const whole = value.best === 'tie' || strengthsOf(question) === 1 || value.strength !== undefined;
    return whole ? 'ready' : 'unfinished';
  },
  // Which one lies at an arrow depends on the screen: the view answers arrows where only the side is asked.
  press(question, value, cursor, press, layout, shown): Step | null {
    const names = candidatesOf(question, shown.task).map((one) => one.name);
    if (names.length < 2) return null;
    const points = pointsOf(question, names);
    if (isTieKey(press) && tiesOf(question)) return { value: { best: 'tie' }, commit: true };
    if (press.is === 'digit') {
      const point = strengthsOf(question) === 1 ? { best: names[press.digit - 1] } : points[press.digit - 1];
      return press.digit > 0 && point?.best ? { value: point, commit: true } : null;
    }
    if (press.is !== 'named') return null;
    if (press.name === 'Enter' || press.name === 'Space') {
      const point = points[cursor];
      if (point) return { value: point, commit: true };
      return press.name === 'Enter' ? { commit: true } : null;
    }
    if (press.name === 'Home') return { cursor: 0 };
    if (press.name === 'End') return { cursor: points.length - 1 };
    if (press.name !== 'ArrowLeft' && press.name !== 'ArrowRight') return null;
    const on = (press.name === 'ArrowRight') !== layout.rtl ? 1 : -1;
    const given = points.findIndex((one) => samePreference(one, value));
    const middle = (points.length - 1) / 2;
    const from = cursor >= 0 ? cursor : given >= 0 ? given : middle;
    // From the middle of a bar without a tie the first step is half a step.
    return { cursor: Math.min(points.length - 1, Math.max(0, on > 0 ? Math.floor(from) + 1 : Math.ceil(from) - 1)) };
  },
  keys(question): KeyHelp[] {
    const steps = strengthsOf(question);
    const points = pointsOf(question, ['A', 'B']).length;
    const sides: KeyHelp[] = steps === 1
      ? [{ caps: ['1', '2'], words: 'key_pair_pick' }, { caps: ['←', '→'], words: 'key_pair_side' }]
      : [{ caps: ['1', '…', String(points)], words: 'key_pair_strength' }, { caps: ['←', '→'], words: 'key_pair_along' }, { caps: ['Enter'], words: 'key_enter_pick' }];
    const tie: KeyHelp[] = tiesOf(question) ? [{ caps: ['T', '0'], words: 'key_pair_tie' }] : [];
    return [...sides, ...tie, { caps: ['V'], words: 'key_pair_diff' }, { caps: ['↑', '↓'], words: 'key_pair_scroll' }];
  },
  say: inWords,
};
