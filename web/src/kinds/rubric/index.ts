// Rubric: a score for each criterion, with its reason where one is asked for. A digit scores and moves on; Enter is the answer.
import { number, t } from '../../lib/i18n.svelte';
import type { KeyHelp, KindView, Step } from '../kind';
import { countOf, isStep, stepOfPress } from '../scale/steps';
import { changed, criteriaOf, isDone, nextOpen, rubricOf } from './criteria';
import RubricTable from './RubricTable.svelte';

export const kind: KindView = {
  view: RubricTable,
  surface: false,
  instant: false,
  empty: () => undefined,
  state(question, value) {
    if (value === undefined || Object.keys(rubricOf(value)).length === 0) return 'blank';
    return criteriaOf(question).every((one) => isDone(one, value)) ? 'ready' : 'unfinished';
  },
  press(question, value, cursor, press, layout): Step | null {
    const criteria = criteriaOf(question);
    const at = cursor >= 0 ? cursor : Math.max(0, nextOpen(criteria, value, -1));
    const criterion = criteria[at];
    if (!criterion) return null;
    const score = stepOfPress(criterion, press);
    if (score !== null) {
      const next = changed(value, criterion.name, { score });
      const open = nextOpen(criteria, next, at);
      return { value: next, cursor: open >= 0 ? open : at };
    }
    if (press.is !== 'named') return null;
    if (press.name === 'Enter') return { commit: true };
    if (press.name === 'ArrowDown') return { cursor: cursor < 0 ? at : Math.min(criteria.length - 1, at + 1) };
    if (press.name === 'ArrowUp') return { cursor: cursor < 0 ? criteria.length - 1 : Math.max(0, at - 1) };
    if (press.name === 'Home') return { cursor: 0 };
    if (press.name === 'End') return { cursor: criteria.length - 1 };
    if (press.name !== 'ArrowLeft' && press.name !== 'ArrowRight') return null;
    const up = (press.name === 'ArrowRight') !== layout.rtl ? 1 : -1;
    const now = Object.hasOwn(rubricOf(value), criterion.name) ? rubricOf(value)[criterion.name]?.score : undefined;
    const to = isStep(criterion, now) ? Math.min(criterion.high, Math.max(criterion.low, now + up)) : up > 0 ? criterion.low : criterion.high;
    return { value: changed(value, criterion.name, { score: to }), cursor: at };
  },
  keys(question): KeyHelp[] {
    const criteria = criteriaOf(question);
    const most = Math.max(...criteria.map(countOf), 0);
    return [
      ...(most <= 11 ? [{ caps: ['1', '…', '9'], words: 'key_rubric_score' as const }] : []),
      { caps: ['↑', '↓'], words: 'key_rubric_move' },
      { caps: ['←', '→'], words: 'key_rubric_change' },
      ...(criteria.some((one) => one.reason !== 'never') ? [{ caps: ['R'], words: 'key_rubric_reason' as const }] : []),
      { caps: ['Enter'], words: 'key_enter_submit' },
    ];
  },
  say(value, question) {
    const titles = new Map((question ? criteriaOf(question) : []).map((one) => [one.name, one.title]));
    return Object.entries(rubricOf(value))
      .filter(([, one]) => typeof one?.score === 'number')
      .map(([name, one]) => `\u2068${titles.get(name) ?? name}\u2069 ${number(one.score!)}`)
      .join(t('comma'));
  },
};
