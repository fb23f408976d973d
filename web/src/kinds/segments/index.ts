// Segments: stretches of a recording, each with a label and its words where the question asks for them.
import type { Question } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';
import { listOf } from '../../lib/waves/answers';
import type { AnswerState, KindView } from '../kind';
import { labelsOf } from '../options';
import Segments from './Segments.svelte';

function stateOf(question: Question, value: unknown): AnswerState {
  const list = listOf(value);
  if (!list) return 'blank';
  const labels = new Set(labelsOf(question).length > 0 ? labelsOf(question) : ['']);
  let end = -1;
  for (const one of list) {
    if (!labels.has(String(one.label ?? ''))) return 'unfinished';
    if (question.overlap === false && Number(one.start) < end) return 'unfinished';
    end = Number(one.end);
  }
  return 'ready';
}

export const kind: KindView = {
  view: Segments,
  surface: true,
  instant: false,
  empty: () => undefined,
  state: stateOf,
  press: () => null, // all keys depend on where the recording is: the view takes them itself
  keys: (question) => [
    { caps: ['Space'], words: 'key_segment_play' },
    { caps: ['←', '→'], words: 'key_segment_jump' },
    { caps: ['Shift', '←', '→'], words: 'key_segment_crawl' },
    { caps: ['↑', '↓'], words: 'key_segment_speed' },
    { caps: ['I', 'O'], words: 'key_segment_ends' },
    { caps: ['N'], words: 'key_segment_new' },
    { caps: ['X'], words: 'key_segment_split' },
    { caps: ['Ctrl', '←', '→'], words: 'key_segment_end' },
    { caps: ['Ctrl', 'Shift', '←', '→'], words: 'key_segment_begin' },
    ...(labelsOf(question).length > 0 ? [{ caps: ['1', '…', '9'], words: 'key_segment_label' as const }] : []),
    { caps: [',', '.'], words: 'key_segment_next' },
    { caps: ['P'], words: 'key_segment_alone' },
    { caps: ['L'], words: 'key_segment_loop' },
    ...(question.transcript !== false ? [{ caps: ['T'], words: 'key_segment_words' as const }, { caps: ['Ctrl', 'Space'], words: 'key_segment_typing' as const }] : []),
    { caps: ['Delete'], words: 'key_segment_remove' },
    { caps: ['Ctrl', 'Z'], words: 'key_region_undo' },
    { caps: ['-', '=', '0'], words: 'key_segment_zoom' },
    { caps: ['Enter'], words: 'key_segment_done' },
  ],
  say(value) {
    const list = listOf(value) ?? [];
    if (list.length === 0) return t('region_none');
    const words = list.map((one) => String(one.text ?? '')).filter(Boolean).join(' ').slice(0, 120);
    const labels = [...new Set(list.map((one) => String(one.label ?? '')).filter(Boolean))].slice(0, 5).join('، ');
    const more = words || labels;
    return more ? t('counted_labels', { counted: t('n_segments', { n: list.length }), labels: more }) : t('n_segments', { n: list.length });
  },
};
