// Scale: one step of an ordered few. One key press is the answer.
import { number, t } from '../../lib/i18n.svelte';
import type { KeyHelp, KindView } from '../kind';
import Scale from './Scale.svelte';
import { capsOf, countOf, isStep, stepOfPress, stepsOf, titleOf } from './steps';

export const kind: KindView = {
  view: Scale,
  surface: false,
  instant: true,
  empty: () => undefined,
  state: (question, value) => (value === undefined ? 'blank' : isStep(stepsOf(question), value) ? 'ready' : 'unfinished'),
  press(question, value, cursor, press, layout) {
    const steps = stepsOf(question);
    const picked = stepOfPress(steps, press);
    if (picked !== null) return { value: picked, commit: true };
    if (press.is !== 'named') return null;
    const count = countOf(steps);
    const at = cursor >= 0 ? cursor : isStep(steps, value) ? value - steps.low : -1;
    if (press.name === 'Enter' || press.name === 'Space') {
      if (cursor >= 0) return { value: steps.low + cursor, commit: true };
      return press.name === 'Enter' ? { commit: true } : null;
    }
    if (press.name === 'Home') return { cursor: 0 };
    if (press.name === 'End') return { cursor: count - 1 };
    // One row: along it as it is seen, and up is more. Listed (a phone, long titles): downwards is on.
    const listed = layout.columns === 1;
    const ahead = layout.rtl ? 'ArrowLeft' : 'ArrowRight';
    const back = layout.rtl ? 'ArrowRight' : 'ArrowLeft';
    const step = press.name === ahead || press.name === (listed ? 'ArrowDown' : 'ArrowUp') ? 1 : press.name === back || press.name === (listed ? 'ArrowUp' : 'ArrowDown') ? -1 : 0;
    if (step === 0) return null;
    if (at < 0) return { cursor: step > 0 ? 0 : count - 1 };
    return { cursor: Math.min(count - 1, Math.max(0, at + step)) };
  },
  keys(question): KeyHelp[] {
    const caps = capsOf(stepsOf(question));
    return [
      ...(caps.length > 0 ? [{ caps, words: 'key_pick' as const }] : []),
      { caps: ['←', '→'], words: 'key_move' },
      { caps: ['Enter'], words: 'key_enter_pick' },
    ];
  },
  say(value, question) {
    if (typeof value !== 'number') return '';
    const title = question ? titleOf(stepsOf(question), value) : '';
    return title ? `${number(value)}${t('comma')}${title}` : number(value);
  },
};
