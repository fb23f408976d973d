// What boxes, polygons and keypoints share as kinds of question: when an answer is one, its keys, its words.
import type { Question } from '../api/types';
import { t, type Key } from '../i18n.svelte';
import type { AnswerState, KeyHelp, KindView } from '../../kinds/kind';
import { labelsOf } from '../../kinds/options';
import { TOOLS, isFlat, listOf } from './answers';
import Regions from './Regions.svelte';

const DRAW: Record<string, KeyHelp[]> = {
  boxes: [{ caps: ['B'], words: 'key_region_drop' }, { caps: ['Ctrl', '↑', '↓', '←', '→'], words: 'key_region_size' }, { caps: ['N'], words: 'key_region_new' }],
  polygons: [{ caps: ['N'], words: 'key_region_new' }, { caps: ['E'], words: 'key_region_vertices' }, { caps: ['I'], words: 'key_region_insert' }],
  keypoints: [],
};

function keysOf(question: Question): KeyHelp[] {
  return [
    { caps: ['1', '…', '9'], words: 'key_region_label' },
    { caps: ['↑', '↓', '←', '→'], words: 'key_region_move' },
    { caps: ['Shift', '↑', '↓', '←', '→'], words: 'key_region_far' },
    { caps: ['Space'], words: 'key_region_put' },
    ...(DRAW[question.kind] ?? []),
    { caps: [',', '.'], words: 'key_region_next' },
    { caps: ['Delete'], words: 'key_region_remove' },
    { caps: ['Ctrl', 'Z'], words: 'key_region_undo' },
    { caps: ['-', '=', '0'], words: 'key_region_zoom' },
    { caps: ['Enter'], words: question.kind === 'polygons' ? 'key_region_close' : 'key_region_done' },
  ];
}

function stateOf(question: Question, value: unknown): AnswerState {
  const list = listOf(TOOLS[question.kind] ?? 'box', value);
  if (!list) return 'blank';
  const labels = new Set(labelsOf(question));
  const isGood = (one: Record<string, unknown>) => labels.has(String(one.label)) && !(Array.isArray(one.points) && isFlat(one.points));
  return list.every(isGood) ? 'ready' : 'unfinished';
}

/** The view of one of the three kinds. `counted` says how many there are. */
export function regionKind(name: string, counted: Key): KindView {
  return {
    view: Regions,
    surface: true,
    instant: false,
    empty: () => undefined,
    state: stateOf,
    press: () => null, // all keys depend on what is selected on the picture: the view takes them itself
    keys: keysOf,
    say(value) {
      const list = listOf(TOOLS[name]!, value) ?? [];
      const labels = [...new Set(list.map((one) => String(one.label)))];
      return list.length === 0 ? t('region_none') : t('counted_labels', { counted: t(counted, { n: list.length }), labels: labels.slice(0, 5).join('، ') });
    },
  };
}
