// What the truth page has to know of the kinds of answers: which measure is a share, what p means, how a row is named. Pure.
import type { Project, Question, TruthTask } from '../../lib/api/types';
import { itemText } from '../../lib/bidi';
import { readConversation } from '../../blocks/conversation';
import { stepsOf, titleOf } from '../../kinds/scale/steps';
import { number, type Key } from '../../lib/i18n.svelte';

/** What is measured of people: its name, what it says, whether it is a share, and whether less of it is better. */
export interface Measure {
  name: Key;
  explain: Key | null;
  share: boolean;
  less: boolean;
}

const KNOWN: Record<string, Measure> = {
  accuracy: { name: 'measure_accuracy', explain: null, share: true, less: false },
  f1: { name: 'measure_f1', explain: 'measure_explain_f1', share: true, less: false },
  hit_rate: { name: 'measure_hit_rate', explain: 'measure_explain_hit_rate', share: true, less: false },
  reliability: { name: 'measure_reliability', explain: 'measure_explain_reliability', share: false, less: false },
  sharpness: { name: 'measure_sharpness', explain: 'measure_explain_sharpness', share: false, less: false },
  spread: { name: 'measure_spread', explain: 'measure_explain_spread', share: false, less: true },
  word_error: { name: 'measure_word_error', explain: 'measure_explain_word_error', share: true, less: true },
};
export const measureOf = (name: string): Measure => KNOWN[name] ?? KNOWN.accuracy!;

/** What p is where it is not the probability that the whole answer is right. */
export const P_IS: Record<string, Key> = {
  spans: 'p_is_f1', text: 'p_is_words', boxes: 'p_is_objects', polygons: 'p_is_objects', keypoints: 'p_is_objects',
  segments: 'p_is_least', rubric: 'p_is_least', chat: 'p_is_least', ranking: 'p_is_least',
};

/** A value of a measure that is no share: as many digits as tell something, however small its unit is. */
export function digitsFor(value: number): number {
  const size = Math.abs(value);
  return size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 4;
}

/** How a task is told from others: its text; of a conversation what was said last; of a picture or a sound its name. */
export function rowText(task: TruthTask, project: Project): string {
  const talk = readConversation(task.content[project.text_column]);
  if (talk && talk.length > 0) return talk.at(-1)!.content;
  const text = itemText(task.content, project.text_column);
  return /^\s*data:/i.test(text) ? `${text.slice(0, 24)}…` : text;
}

/** A step of a scale with its title. In brackets: a dot beside an Arabic digit reads as a zero. */
export function stepInWords(question: Question, step: number): string {
  const title = titleOf(stepsOf(question), step);
  return title ? `${number(step)} (\u2068${title}\u2069)` : number(step);
}
