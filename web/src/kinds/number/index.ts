// Number: one number within bounds. Written, or stepped with the arrows; Enter is the answer.
import { t } from '../../lib/i18n.svelte';
import type { KindView } from '../kind';
import NumberField from './NumberField.svelte';
import { arrowed, faultOf, written } from './bounds';

export const kind: KindView = {
  view: NumberField,
  surface: false,
  instant: false,
  empty: () => undefined,
  state(question, value) {
    if (value === undefined || value === '') return 'blank';
    return faultOf(question, value) === '' ? 'ready' : 'unfinished';
  },
  press(question, value, _cursor, press) {
    if (press.is !== 'named') return null;
    if (press.name === 'ArrowUp') return { value: arrowed(question, value, 1) };
    if (press.name === 'ArrowDown') return { value: arrowed(question, value, -1) };
    return press.name === 'Enter' ? { commit: true } : null;
  },
  keys: () => [
    { caps: ['0', '…', '9', '-', '.'], words: 'key_number' },
    { caps: ['↑', '↓'], words: 'key_number_step' },
    { caps: ['Enter'], words: 'key_enter_submit' },
    { caps: ['Esc'], words: 'key_leave_field' },
  ],
  say(value, question) {
    if (typeof value !== 'number') return value === undefined ? '' : String(value);
    const unit = typeof question?.unit === 'string' ? question.unit : '';
    return unit ? t('number_unit', { n: written(value), unit }) : written(value);
  },
};
