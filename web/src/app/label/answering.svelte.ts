// The answers to one task's questions while they are being given: which are asked, which is at hand, what keys do. Sends
// nothing and knows no lease: the labelling page and the wizard's preview both stand on it.
import type { Answers, Question, TaskView } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';
import type { Press } from '../../lib/keyboard';
import { kindOf } from '../../kinds';
import { askedOf } from '../../kinds/asks';
import type { KeyHandler, Layout, Shown, Step } from '../../kinds/kind';

export class Answering {
  values = $state.raw<Record<string, unknown>>({});
  cursors = $state.raw<Record<string, number>>({});
  active = $state(0);
  #keys = new Map<string, KeyHandler>();
  /** What this row asks, with the labels that it offers. */
  readonly questions: Question[];

  /** `whole` are the project's questions. `oncomplete` is called when the worker is done with the last question; `previous` are answers to start from. */
  constructor(
    whole: Question[],
    readonly task: TaskView,
    previous: Answers | null,
    private oncomplete: (answers: Answers) => void,
    private say: (text: string) => void,
    private onchange: () => void = () => undefined,
  ) {
    const questions = askedOf(whole, task.asks);
    this.questions = questions;
    this.values = Object.fromEntries(questions.map((one) => [one.name, previous?.[one.name] ?? this.#start(one)]));
    this.active = Math.max(0, questions.findIndex((one) => this.isAsked(one, this.values)));
  }

  /** Work that is corrected rather than chosen begins with what is suggested. */
  #start(question: Question): unknown {
    const kind = kindOf(question.kind);
    const suggestion = this.task.suggestions?.[question.name];
    return suggestion && !kind.instant ? suggestion.answer : kind.empty(question, this.task);
  }

  /** Is this question asked, given the answers before it? Mirrors tawsim/kinds `is_asked`. */
  isAsked(question: Question, values: Record<string, unknown>): boolean {
    const { when } = question;
    if (!when) return true;
    const earlier = this.questions.find((one) => one.name === when.question);
    if (!earlier || !this.isAsked(earlier, values)) return false;
    const given = values[when.question];
    return Array.isArray(given) ? given.some((one) => when.is.includes(one)) : when.is.includes(given as string);
  }

  get question(): Question | null {
    return this.questions[this.active] ?? null;
  }

  #isGood(question: Question, values: Record<string, unknown>): boolean {
    const state = kindOf(question.kind).state(question, values[question.name]);
    return state === 'ready' || (state === 'blank' && !question.required);
  }

  isReady(values: Record<string, unknown> = this.values): boolean {
    return this.questions.every((one) => !this.isAsked(one, values) || this.#isGood(one, values));
  }

  /** What would be sent now: the answers to what is asked, without those that were left blank. */
  answers(values: Record<string, unknown> = this.values): Answers {
    const given = this.questions.filter((one) => this.isAsked(one, values) && kindOf(one.kind).state(one, values[one.name]) === 'ready');
    return Object.fromEntries(given.map((one) => [one.name, values[one.name]]));
  }

  /** Has anything been given that a worker would miss? */
  get touched(): boolean {
    return this.questions.some((one) => kindOf(one.kind).state(one, this.values[one.name]) !== 'blank');
  }

  setKeys(question: Question, handler: KeyHandler | null): void {
    if (handler) this.#keys.set(question.name, handler);
    else this.#keys.delete(question.name);
  }

  /** Hands a key to the question at hand. True if it meant something there. */
  press(press: Press, layout: Layout, shown: Shown): boolean {
    const question = this.question;
    if (!question) return false;
    if (this.#keys.get(question.name)?.(press)) return true;
    const kind = kindOf(question.kind);
    const cursor = this.cursors[question.name] ?? -1;
    const suggestion = this.task.suggestions?.[question.name];
    if (kind.instant && suggestion && cursor < 0 && press.is === 'named' && press.name === 'Enter') {
      this.give(this.active, suggestion.answer, true);
      return true;
    }
    const step = kind.press(question, this.values[question.name], cursor, press, layout, shown);
    if (!step) return false;
    this.apply(this.active, step);
    return true;
  }

  give(index: number, value: unknown, commit = false): void {
    this.active = index;
    this.apply(index, { value, commit });
  }

  setCursor(index: number, cursor: number): void {
    const question = this.questions[index];
    if (!question) return;
    this.active = index;
    this.cursors = { ...this.cursors, [question.name]: cursor };
  }

  /** The previous (-1) or next (1) question that is asked becomes the one at hand. */
  move(by: 1 | -1): void {
    for (let at = this.active + by; at >= 0 && at < this.questions.length; at += by) {
      if (this.isAsked(this.questions[at]!, this.values)) {
        this.active = at;
        return;
      }
    }
  }

  apply(index: number, step: Step): void {
    const question = this.questions[index]!;
    const values = 'value' in step ? { ...this.values, [question.name]: step.value } : this.values;
    const wants = (one: Question, place: number): boolean => {
      if (place === index || !this.isAsked(one, values)) return false;
      if (!this.#isGood(one, values)) return true;
      // Behind the one just answered, what is not answered by a single key is still to be looked at.
      return place > index && (!kindOf(one.kind).instant || kindOf(one.kind).state(one, values[one.name]) === 'blank');
    };
    const ahead = this.questions.findIndex((one, place) => place > index && wants(one, place));
    const open = ahead !== -1 ? ahead : this.questions.findIndex(wants);
    const isGood = this.#isGood(question, values);
    // A complete answer is not drawn first: the next task replaces it in the same frame.
    if (step.commit && isGood && open === -1) return this.oncomplete(this.answers(values));
    this.values = values;
    if (step.cursor !== undefined) this.cursors = { ...this.cursors, [question.name]: step.cursor };
    this.onchange();
    if (!step.commit) return;
    if (isGood) this.active = open;
    else this.say(t('not_ready'));
  }

  /** Submit, from anywhere. */
  complete(): void {
    if (this.isReady()) this.oncomplete(this.answers());
    else {
      this.active = Math.max(0, this.questions.findIndex((one) => this.isAsked(one, this.values) && !this.#isGood(one, this.values)));
      this.say(t('not_ready'));
    }
  }
}
