// Text: free writing, or a draft to correct. Keys are letters while the field has the focus; Escape gives them back.
import { asText } from '../../lib/bidi';
import type { Question } from '../../lib/api/types';
import type { KindView } from '../kind';
import TextField from './TextField.svelte';
import { codePoints, wellFormed } from './length';

/** Least and most code points. */
export function limitsOf(question: Question): { least: number; most: number } {
  const given = (value: unknown, other: number): number => (typeof value === 'number' ? value : other);
  return { least: given(question.at_least, 0), most: given(question.at_most, 20_000) || Infinity };
}

export const kind: KindView = {
  view: TextField,
  surface: false,
  instant: false,
  empty(question, task) {
    const draft = typeof question.draft === 'string' && question.draft !== '' ? asText(task.content[question.draft]) : '';
    return draft === '' ? undefined : wellFormed(draft);
  },
  state(question, value) {
    if (typeof value !== 'string' || value.trim() === '') return 'blank';
    const { least, most } = limitsOf(question);
    const length = codePoints(value);
    return length >= least && length <= most ? 'ready' : 'unfinished';
  },
  press: (_question, _value, _cursor, press) => (press.is === 'named' && press.name === 'Enter' ? { commit: true } : null),
  keys: () => [
    { caps: ['E'], words: 'key_write' },
    { caps: ['Esc'], words: 'key_leave_field' },
    { caps: ['Ctrl', 'Enter'], words: 'key_enter_submit' },
  ],
  say: (value) => (typeof value === 'string' ? value.slice(0, 300) : ''),
};
