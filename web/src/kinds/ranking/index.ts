// Ranking: every candidate in its place, the best first. Digits give places in turn; Enter is the answer.
import { moved } from '../options';
import { candidatesOf, tiesOf } from '../pairwise/candidates';
import type { KindView, Step } from '../kind';
import Ranking from './Ranking.svelte';
import { given, groupOf, placed, pressed, rankingOf, shifted, taken, tied, unplaced, type Ranking as Places } from './places';

export const kind: KindView = {
  view: Ranking,
  surface: false,
  instant: false,
  empty: () => undefined,
  state(_question, value) {
    if (!Array.isArray(value) || value.length === 0) return 'blank';
    return value.every((group) => Array.isArray(group) && group.length > 0) ? 'ready' : 'unfinished';
  },
  press(question, value, cursor, press, layout, shown): Step | null {
    const names = candidatesOf(question, shown.task).map((one) => one.name);
    const places = rankingOf(value, names);
    if (press.is === 'digit') {
      const name = names[press.digit - 1];
      if (name === undefined) return null;
      return { value: given(pressed(places, name, names), names), cursor: press.digit - 1 };
    }
    const name = names[cursor];
    if (press.is === 'sign' && press.code === 'Equal' && name !== undefined) {
      return tiesOf(question) ? { value: given(tied(places, name, names), names) } : null;
    }
    if (press.is !== 'named') return null;
    if (press.name === 'Delete' && name !== undefined) return { value: given(taken(places, name), names) };
    if (press.name === 'Space') return name === undefined ? null : { value: given(pressed(places, name, names), names) };
    if (press.name === 'Enter') {
      // Arrows and Enter alone are enough: it places the one in focus, then sends.
      if (name !== undefined && groupOf(places, name) < 0) {
        const next = placed(places, name, names);
        const open = names.findIndex((one) => unplaced(next, names).includes(one));
        return { value: given(next, names), ...(open >= 0 ? { cursor: open } : {}) };
      }
      return { commit: true };
    }
    if (press.shift && name !== undefined && press.name.startsWith('Arrow')) {
      const ahead = press.name === 'ArrowUp' || press.name === (layout.rtl ? 'ArrowRight' : 'ArrowLeft');
      const from = groupOf(places, name) >= 0 ? places : placed(places, name, names);
      return { value: given(shifted(from, name, ahead ? -1 : 1), names) };
    }
    const to = moved(names.length, cursor, press, layout);
    return to === null ? null : { cursor: to };
  },
  keys: (question) => [
    { caps: ['1', '…', '9'], words: 'key_rank_digit' },
    { caps: ['←', '→', '↑', '↓'], words: 'key_move' },
    { caps: ['Shift', '↑', '↓'], words: 'key_rank_shift' },
    ...(tiesOf(question) ? [{ caps: ['='], words: 'key_rank_tie' as const }] : []),
    { caps: ['Space'], words: 'key_rank_toggle' },
    { caps: ['Enter'], words: 'key_enter_submit' },
  ],
  say: (value) => (Array.isArray(value) ? (value as Places).filter((group) => group.length > 0).map((group) => group.join(' = ')).join(' > ') : ''),
};
