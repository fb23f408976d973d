// What a kind of question must give the labelling page. Types only; the kinds themselves are in their folders.
import type { Component } from 'svelte';
import type { Block, Question, TaskView } from '../lib/api/types';
import type { Direction } from '../lib/bidi';
import type { Key } from '../lib/i18n.svelte';
import type { Press } from '../lib/keyboard';

/** What a key press did: a new answer, a new place of the cursor, or `commit`: the worker is done with this question. */
export interface Step {
  value?: unknown;
  cursor?: number;
  commit?: boolean;
}

/** What a question may know of the task on screen. `block` is the content block that it works on (surface kinds). */
export interface Shown {
  task: TaskView;
  block: Block | null;
  /** How the worker turned the text: `auto` follows each paragraph. */
  turned: Direction;
  /** The lease under which it is answered; absent in a preview. */
  lease?: string;
}

/** Keys of a view's own, asked before `KindView.press` while its question is active. True: it was taken. */
export type KeyHandler = (press: Press) => boolean;

/**
 * What every question component is handed. `value` is always in the form of an answer, perhaps unfinished; undefined:
 * nothing yet. `onvalue` gives a new one; with `commit` the worker is done with this question. `cursor` -1 means nowhere.
 */
export interface QuestionProps {
  question: Question;
  value: unknown;
  cursor: number;
  active: boolean;
  shown: Shown;
  onvalue: (value: unknown, commit?: boolean) => void;
  oncursor: (index: number) => void;
  /** Called when mounted, with the view's own keys, and with null when it goes. */
  onkeys: (handler: KeyHandler | null) => void;
}

/** How the options lie on the screen, so that arrows follow what is seen. */
export interface Layout {
  columns: number;
  rtl: boolean;
}

/** A line of the sheet of keys: the caps, and the message that says what they do. */
export interface KeyHelp {
  caps: string[];
  words: Key;
}

/** `blank`: nothing was given; `unfinished`: something, but it cannot be sent so; `ready`: it can. */
export type AnswerState = 'blank' | 'unfinished' | 'ready';

export interface KindView {
  view: Component<QuestionProps>;
  /** It draws the block it works on by itself, in the block's place (spans on a text, boxes on a picture). */
  surface: boolean;
  /** One key press is an answer (no separate Enter), so that a single question submits at once. */
  instant: boolean;
  /** The value before anything was answered; undefined where nothing is. */
  empty: (question: Question, task: TaskView) => unknown;
  state: (question: Question, value: unknown) => AnswerState;
  /** What a key does, where a function of the value can say it; null: nothing. */
  press: (question: Question, value: unknown, cursor: number, press: Press, layout: Layout, shown: Shown) => Step | null;
  /** The keys that this question understands, for the sheet. */
  keys: (question: Question) => KeyHelp[];
  /** The answer in a few words, for the list of last answers. */
  say: (value: unknown, question: Question | null) => string;
}
