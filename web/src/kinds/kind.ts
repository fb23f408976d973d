// What a kind of question must give the labelling page. Types only; the kinds themselves are in their folders.
import type { Component } from 'svelte';
import type { Question } from '../lib/api/types';
import type { Press } from '../lib/keyboard';

/** What a key press did: a new answer, a new place of the cursor, or `commit`: the worker is done with this question. */
export interface Step {
  value?: unknown;
  cursor?: number;
  commit?: boolean;
}

/** What every question component is handed. `onpick` is a click on option number `index`; `cursor` -1 means nowhere. */
export interface QuestionProps {
  question: Question;
  value: unknown;
  cursor: number;
  active: boolean;
  onpick: (index: number) => void;
  oncursor: (index: number) => void;
}

/** How the options lie on the screen, so that arrows follow what is seen. */
export interface Layout {
  columns: number;
  rtl: boolean;
}

export interface KindView {
  view: Component<QuestionProps>;
  /** One key press is an answer (no separate Enter), so that a single question submits at once. */
  instant: boolean;
  /** The state before anything was answered. */
  empty: () => unknown;
  /** May this value be submitted? */
  ready: (question: Question, value: unknown) => boolean;
  press: (question: Question, value: unknown, cursor: number, press: Press, layout: Layout) => Step | null;
  pick: (question: Question, value: unknown, index: number) => Step;
  /** The answer in a few words, for the list of last answers. */
  say: (value: unknown) => string;
}
