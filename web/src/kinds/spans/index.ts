// Spans: labelled stretches of a text, overlapping if the question allows it, and relations between them.
import type { Question } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';
import { readAnswer } from '../../lib/spans/marks';
import type { KeyHelp, KindView } from '../kind';
import Spans from './Spans.svelte';

const SAID = 3; // spans that the list of last answers names

function keysOf(question: Question): KeyHelp[] {
  const related = Array.isArray(question.relations) && question.relations.length > 0;
  return [
    { caps: ['↑', '↓', '←', '→'], words: 'key_span_move' },
    { caps: ['Shift', '→'], words: 'key_span_extend' },
    { caps: ['Ctrl', 'Shift', '→'], words: 'key_span_letter' },
    { caps: ['1', '…', '9'], words: 'key_span_label' },
    { caps: ['.', ','], words: 'key_span_next' },
    { caps: ['Space'], words: 'key_span_over' },
    { caps: ['-', '='], words: 'key_span_end' },
    { caps: ['Shift', '-', '='], words: 'key_span_start' },
    { caps: ['Del'], words: 'key_span_delete' },
    { caps: ['E'], words: 'key_span_exact' },
    ...(related ? [{ caps: ['R'], words: 'key_span_relation' } satisfies KeyHelp] : []),
    { caps: ['Ctrl', 'Z'], words: 'key_span_undo' },
    { caps: ['Enter'], words: 'key_span_enter' },
    { caps: ['Esc'], words: 'key_span_escape' },
  ];
}

export const kind: KindView = {
  view: Spans,
  surface: true,
  instant: false,
  empty: () => ({ spans: [], relations: [] }),
  // A text without any span is an answer too.
  state: (_question, value) => (value === undefined || value === null ? 'blank' : 'ready'),
  // The view takes its keys itself; what it leaves of Enter means that the worker is done.
  press: (_question, value, _cursor, press) => (press.is === 'named' && press.name === 'Enter' ? { value: readAnswer(value), commit: true } : null),
  keys: keysOf,
  say(value) {
    const { spans, relations } = readAnswer(value);
    if (spans.length === 0) return t('span_none');
    const first = spans.slice(0, SAID).map(({ label, text }) => `\u2068${label}\u2069: \u2068${text.replace(/\s+/g, ' ').slice(0, 60)}\u2069`);
    return [...first, ...(spans.length > SAID ? [t('span_count', { n: spans.length })] : []), ...(relations.length > 0 ? [t('span_relation_count', { n: relations.length })] : [])].join(t('comma'));
  },
};
