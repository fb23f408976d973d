// Labelling one text with spans and relations: what is selected, what is done to it, undo. No drawing, no keys, no pointers.
import { announce } from '../../lib/announce.svelte';
import type { Question } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';
import { addRelation, addSpan, allows, changeSpan, overlapping, readAnswer, removeRelation, removeSpan, spansOver, NOTHING, type Change, type RelationRule, type Span, type SpansAnswer } from '../../lib/spans/marks';
import type { Mover, Way } from '../../lib/spans/move';
import type { SpanText, Stretch } from '../../lib/spans/offsets';
import { labelsOf } from '../options';
import { Edges } from './edges';

const UNDONE = 200; // changes that can be taken back
const LONG = 120; // code units of a quote that are read out
const HALF = /\p{Surrogate}/u;

interface Selection extends Stretch {
  /** Which end moves when it is extended. */
  forward: boolean;
  /** Begun by a tap: the next tap says where it ends. */
  tapped: boolean;
}

/** What a labeller needs of the page. */
export interface Outside {
  question: () => Question;
  give: (answer: SpansAnswer) => void;
  /** The place at hand has moved: it must be in view. */
  reveal: (stretch: Stretch) => void;
  /** Keys should go to the list of labels: nothing says which one is meant. */
  ask: () => void;
}

export class Labeller {
  answer = $state.raw<SpansAnswer>(NOTHING);
  selection = $state.raw<Selection | null>(null);
  cursor = $state.raw<Stretch | null>(null);
  chosen = $state(-1);
  /** The label that every new selection gets, if one was pressed before selecting. */
  armed = $state<string | null>(null);
  exact = $state(false);
  /** The span that a relation starts from, while one is being made; -1: none. */
  source = $state(-1);
  touch = $state(false);
  said = $state('');
  #past: SpansAnswer[] = [];
  #future: SpansAnswer[] = [];
  readonly edges: Edges;
  /** Where a walk through the spans that lie over one another began: the cursor goes with the chosen span, this does not. */
  #ring: { unit: number; cursor: Stretch | null } | null = null;

  constructor(readonly text: SpanText, readonly mover: Mover, private readonly outside: Outside) {
    this.edges = new Edges(text, mover);
  }

  get labels(): string[] {
    return labelsOf(this.outside.question());
  }

  get rules(): RelationRule[] {
    const { relations } = this.outside.question();
    return Array.isArray(relations) ? (relations as RelationRule[]) : [];
  }

  get relating(): boolean {
    return this.source >= 0;
  }

  /** The labels that a relation from the source to the chosen span may have. */
  get allowed(): string[] {
    const from = this.answer.spans[this.source];
    const to = this.answer.spans[this.chosen];
    if (!from || !to || this.source === this.chosen) return [];
    return this.rules.filter((rule) => allows(rule, from.label, to.label)).map((rule) => rule.label);
  }

  /** The value on the page: after our own change, the same; otherwise somebody set it anew (another task, undo). */
  take(value: unknown): void {
    const answer = readAnswer(value);
    if (answer.spans === this.answer.spans && answer.relations === this.answer.relations) return;
    const same = JSON.stringify(answer) === JSON.stringify(this.answer);
    this.answer = answer;
    if (same) return;
    this.#past = [];
    this.#future = [];
    this.chosen = -1;
    this.source = -1;
  }

  readonly #stretches = new WeakMap<Span, Stretch>();

  /** A span in units. Spans keep their identity while others change, so each is counted once. */
  unitsOf(span: Span): Stretch {
    let found = this.#stretches.get(span);
    if (!found) {
      found = { start: this.text.toUnit(span.start), end: this.text.toUnit(span.end) };
      this.#stretches.set(span, found);
    }
    return found;
  }

  stretchOf(index: number): Stretch | null {
    const span = this.answer.spans[index];
    return span ? this.unitsOf(span) : null;
  }

  /** What the next label would go on: the selection, else the word under the cursor. */
  get target(): Stretch | null {
    return this.selection ?? (this.chosen < 0 ? this.cursor : null);
  }

  say(words: string): void {
    this.said = words;
    announce(words);
  }

  /** As much of a quote as is worth reading out. */
  short(text: string): string {
    return text.length > LONG ? `${text.slice(0, this.text.edgeBefore(LONG))}…` : text;
  }

  // ---- changes ----------------------------------------------------------------------------------------------------

  #set(answer: SpansAnswer): void {
    if (answer === this.answer) return;
    this.#past = [...this.#past.slice(-UNDONE), this.answer];
    this.#future = [];
    this.answer = answer;
    this.outside.give(answer);
  }

  #change({ answer, at, lost }: Change, words: string): void {
    this.#set(answer);
    this.chosen = at;
    this.source = -1;
    this.say(lost > 0 ? `${words} ${t('span_relations_lost', { n: lost })}` : words);
  }

  undo(): boolean {
    return this.#turnBack(this.#past, this.#future, 'span_undone');
  }

  redo(): boolean {
    return this.#turnBack(this.#future, this.#past, 'span_redone');
  }

  #turnBack(from: SpansAnswer[], to: SpansAnswer[], words: 'span_undone' | 'span_redone'): boolean {
    const answer = from.pop();
    if (!answer) return false;
    to.push(this.answer);
    this.answer = answer;
    this.chosen = -1;
    this.source = -1;
    this.outside.give(answer);
    this.say(t(words));
    return true;
  }

  /** Would a span there lie over another one where that is not wanted? Then it says so. */
  #forbidden(start: number, end: number, but = -1): boolean {
    if (this.outside.question().overlap !== false) return false;
    const other = this.answer.spans[overlapping(this.answer, start, end, but)];
    if (other) this.say(t('span_no_overlap', { text: this.short(other.text), label: other.label }));
    return other !== undefined;
  }

  /** Makes a span of `stretch`. */
  make(stretch: Stretch, label: string): void {
    const start = this.text.toPoint(stretch.start);
    const end = this.text.toPoint(stretch.end);
    const text = this.text.quote(stretch);
    if (this.#forbidden(start, end)) return;
    if (HALF.test(text)) return this.say(t('span_half')); // no file can hold it, so no answer may
    if (this.answer.spans.some((one) => one.start === start && one.end === end && one.label === label)) return this.say(t('span_there', { label, text: this.short(text) }));
    this.selection = null;
    this.cursor = stretch;
    this.#change(addSpan(this.answer, { start, end, label, text }, this.rules), t('span_made', { label, text: this.short(text) }));
  }

  /** A label was pressed: for the selection, the chosen span, the relation; else it is kept for what is selected next. */
  label(label: string): void {
    if (this.relating) return this.#relate(label);
    if (!this.labels.includes(label)) return;
    const { target } = this;
    if (target) return this.make(target, label);
    const span = this.answer.spans[this.chosen];
    if (span) {
      if (span.label !== label) this.#change(changeSpan(this.answer, this.chosen, { ...span, label }, this.rules), t('span_relabelled', { label, text: this.short(span.text) }));
      return;
    }
    this.armed = this.armed === label ? null : label;
    this.say(this.armed ? t('span_armed', { label }) : t('span_disarmed'));
  }

  remove(index = this.chosen): void {
    const span = this.answer.spans[index];
    if (!span) return;
    this.cursor = this.stretchOf(index);
    this.selection = null;
    this.#change(removeSpan(this.answer, index), t('span_removed', { label: span.label, text: this.short(span.text) }));
  }

  /** Moves one edge of the selection or of the chosen span by a step: a letter in exact mode, else a part of a word. */
  nudge(edge: 'start' | 'end', outward: boolean): void {
    const here = this.selection ?? this.stretchOf(this.chosen) ?? this.cursor;
    if (!here) return this.say(t('span_choose_first'));
    const moved = this.edges.nudged(here, edge, outward, this.exact);
    if (moved) this.#resize(moved);
  }

  /** The handle of one edge was pulled to `unit`. */
  pull(edge: 'start' | 'end', unit: number): void {
    const here = this.selection ?? this.stretchOf(this.chosen);
    const moved = here && this.edges.pulled(here, edge, unit, this.exact);
    if (moved) this.#resize(moved);
  }

  #resize({ start, end }: Stretch): void {
    if (start >= end || (this.selection && this.selection.start === start && this.selection.end === end)) return;
    const span = this.selection ? undefined : this.answer.spans[this.chosen];
    const text = this.text.quote({ start, end });
    if (!span) {
      this.selection = { start, end, forward: true, tapped: false };
      this.say(this.short(text));
    } else {
      const moved = { ...span, start: this.text.toPoint(start), end: this.text.toPoint(end), text };
      if ((moved.start === span.start && moved.end === span.end) || this.#forbidden(moved.start, moved.end, this.chosen)) return;
      this.#change(changeSpan(this.answer, this.chosen, moved, this.rules), this.short(text));
    }
    this.outside.reveal({ start, end });
  }

  // ---- relations --------------------------------------------------------------------------------------------------

  startRelation(): boolean {
    if (this.rules.length === 0) return false;
    if (this.relating) return this.back();
    if (this.chosen < 0) return this.say(t('span_choose_first')), true;
    this.source = this.chosen;
    this.selection = null;
    this.say(t('span_relation_from', { text: this.short(this.answer.spans[this.chosen]!.text) }));
    return true;
  }

  #relate(label: string): void {
    const from = this.answer.spans[this.source]!;
    const to = this.answer.spans[this.chosen];
    if (!to || this.source === this.chosen) return this.say(t('span_choose_other'));
    if (!this.allowed.includes(label)) return this.say(t('span_relation_not', { from: from.label, to: to.label, label }));
    this.#set(addRelation(this.answer, { from: this.source, to: this.chosen, label }));
    this.chosen = this.source;
    this.source = -1;
    this.cursor = this.stretchOf(this.chosen);
    this.say(t('span_relation_made', { from: this.short(from.text), label, to: this.short(to.text) }));
  }

  unrelate(index: number): void {
    const relation = this.answer.relations[index];
    if (!relation) return;
    this.#set(removeRelation(this.answer, index));
    this.say(t('span_relation_removed', { label: relation.label }));
  }

  // ---- choosing and moving ----------------------------------------------------------------------------------------

  choose(index: number): void {
    const span = this.answer.spans[index];
    if (!span) return;
    this.chosen = index;
    this.selection = null;
    this.cursor = this.stretchOf(index);
    this.outside.reveal(this.cursor!);
    this.say(t('span_at', { label: span.label, text: this.short(span.text), i: index + 1, n: this.answer.spans.length }));
  }

  /** The spans over `unit`, the shortest first. */
  over(unit: number): number[] {
    return spansOver(this.answer, this.text.toPoint(unit));
  }

  /** Goes on to the next span over the same place. False where there is none. */
  chooseOver(unit: number): boolean {
    const there = this.over(unit);
    const next = there[there.indexOf(this.chosen) + 1] ?? there[0];
    if (next === undefined) return false;
    this.choose(next);
    this.#ring = { unit, cursor: this.cursor };
    return true;
  }

  /** The next span over the cursor, round and round: each comes once before the first comes again. */
  chooseHere(): boolean {
    if (!this.cursor) return false;
    const unit = this.#ring?.cursor === this.cursor ? this.#ring.unit : this.cursor.start;
    if (!this.chooseOver(unit)) this.say(t('span_none_here'));
    return true;
  }

  /** From span to span in the order of the text; round at the ends. */
  step(by: 1 | -1): boolean {
    const { spans } = this.answer;
    if (spans.length === 0) return this.say(t('span_none')), true;
    let next = this.chosen + by;
    if (this.chosen < 0) {
      const at = this.cursor ? this.text.toPoint(this.cursor.start) : -1;
      const after = spans.findIndex((one) => one.start >= at);
      next = by > 0 ? (after < 0 ? 0 : after) : (after < 0 ? spans.length : after) - 1;
    }
    this.choose((next + spans.length) % spans.length);
    return true;
  }

  /** The cursor goes there, and nothing is chosen or selected any more. */
  stand(place: Stretch): void {
    this.cursor = place;
    this.selection = null;
    if (!this.relating) this.chosen = -1;
    const names = this.over(place.start).map((index) => this.answer.spans[index]!.label).join('، ');
    this.said = '';
    announce(names ? `${this.text.quote(place)} (${names})` : this.text.quote(place));
    this.outside.reveal(place);
  }

  #start(): Stretch | null {
    return this.cursor ?? this.mover.after(0, this.exact);
  }

  move(way: Way): void {
    this.edges.forget();
    const from = this.selection ?? this.cursor;
    if (!from) {
      const first = this.#start();
      return first ? this.stand(first) : undefined;
    }
    // The cursor follows the mode: a letter of the word in exact mode, the word again after it.
    const unit = this.mover.at(from.start, this.exact) ?? from;
    const to = this.mover.move(unit, way, this.exact);
    if (to) this.stand(to);
  }

  /** Moves the end of the selection that was moved last, in the way that the arrow points. */
  extend(way: Way, exact: boolean): void {
    const here = this.selection ?? this.stretchOf(this.chosen) ?? this.#start();
    if (!here) return;
    this.chosen = -1;
    const to = this.edges.extended(here, this.selection?.forward ?? null, way, exact);
    if (to) this.#select(to, to.forward);
  }

  #select(stretch: Stretch, forward: boolean): void {
    this.selection = { ...stretch, forward, tapped: false };
    this.cursor = forward ? (this.mover.before(stretch.end, this.exact) ?? this.cursor) : (this.mover.after(stretch.start, this.exact) ?? this.cursor);
    this.said = '';
    announce(this.short(this.text.quote(stretch)));
    this.outside.reveal(forward ? { start: this.text.edgeBefore(stretch.end), end: stretch.end } : { start: stretch.start, end: this.text.edgeAfter(stretch.start) });
  }

  toggleExact(): void {
    this.exact = !this.exact;
    this.edges.forget();
    if (!this.exact && this.cursor) this.cursor = this.text.wordAt(this.cursor.start) ?? this.cursor;
    this.say(t(this.exact ? 'span_exact_on' : 'span_exact_off'));
  }

  // ---- what keys ask for -----------------------------------------------------------------------------------------

  /** A digit: that label, while relating among those that fit. */
  number(digit: number): boolean {
    const label = (this.relating ? this.allowed : this.labels)[digit - 1];
    if (label !== undefined) this.label(label);
    else if (this.relating) this.say(t('span_choose_other'));
    return label !== undefined || this.relating;
  }

  /** To the first or the last word of the paragraph, or the selection up to it. */
  toEnd(which: 'first' | 'last', shift: boolean): boolean {
    const here = this.selection ?? this.cursor ?? this.#start();
    const to = here && this.mover.paragraphEnd(here.start, which, this.exact);
    if (!here || !to) return true;
    if (!shift || this.relating) this.stand(to);
    else {
      this.chosen = -1;
      this.#select(which === 'first' ? { start: to.start, end: here.end } : { start: here.start, end: to.end }, which === 'last');
    }
    return true;
  }

  /** Makes the span, or asks for its label. With nothing at hand Enter is the page's: the worker is done. */
  enter(): boolean {
    if (this.relating) {
      const [only, ...more] = this.allowed;
      if (only !== undefined && more.length === 0) this.label(only);
      else if (only === undefined) this.say(t('span_choose_other'));
      else this.outside.ask();
      return true;
    }
    const { labels, armed, target } = this;
    if (!target || (!this.selection && !armed)) return false;
    const label = armed ?? (labels.length === 1 ? labels[0] : undefined);
    if (label !== undefined) this.make(target, label);
    else this.outside.ask();
    return true;
  }

  /** Leaves what is at hand, one thing at a time. False: there was nothing to leave. */
  back(): boolean {
    if (this.relating) {
      this.chosen = this.source;
      this.source = -1;
      this.say(t('span_relation_left'));
    } else if (this.selection) this.selection = null;
    else if (this.chosen >= 0) this.chosen = -1;
    else if (this.armed !== null) {
      this.armed = null;
      this.say(t('span_disarmed'));
    } else if (this.exact) this.toggleExact();
    else if (this.cursor) this.cursor = null;
    else return false;
    return true;
  }
}
