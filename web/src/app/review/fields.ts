// An answer as named fields, so that two can be laid side by side: labels, numbers, places, scores. Pure.
import type { Question } from '../../lib/api/types';
import { kindOf } from '../../kinds';
import { labelsOf } from '../../kinds/options';
import { criteriaOf, rubricOf } from '../../kinds/rubric/criteria';

/** One line: what it is about, and what each answer says of it; undefined: nothing. `label`: the name is a label with a colour. */
export interface Field { name: string; label: boolean; one: string | undefined; other: string | undefined; differs: boolean }

const FIELD_KINDS = new Set(['choice', 'choices', 'number', 'scale', 'pairwise', 'ranking', 'rubric']);
export const hasFields = (question: Question): boolean => FIELD_KINDS.has(question.kind);

const field = (name: string, label: boolean, one: string | undefined, other: string | undefined): Field => ({ name, label, one, other, differs: one !== other });

/** The lines of two answers. `yes` is what a label that was picked says; `place` says a place of a ranking. */
export function fieldsOf(question: Question, one: unknown, other: unknown, yes: string, place: (n: number) => string): Field[] {
  if (question.kind === 'choice' || question.kind === 'choices') {
    const [left, right] = [one, other].map((value) => new Set(Array.isArray(value) ? (value as unknown[]).map(String) : value === undefined || value === null ? [] : [String(value)]));
    const known = labelsOf(question);
    const named = [...known.filter((name) => left!.has(name) || right!.has(name)), ...[...left!, ...right!].filter((name) => !known.includes(name))];
    return [...new Set(named)].map((name) => field(name, true, left!.has(name) ? yes : undefined, right!.has(name) ? yes : undefined));
  }
  if (question.kind === 'ranking') {
    const [left, right] = [one, other].map((value) => new Map((Array.isArray(value) ? (value as string[][]) : []).flatMap((group, at) => group.map((name) => [name, place(at + 1)] as const))));
    return [...new Set([...left!.keys(), ...right!.keys()])].sort().map((name) => field(name, false, left!.get(name), right!.get(name)));
  }
  if (question.kind === 'rubric') {
    const said = (value: unknown, name: string): string | undefined => {
      const scored = rubricOf(value)[name];
      return scored?.score === undefined ? undefined : [String(scored.score), scored.reason].filter(Boolean).join(' · ');
    };
    // A row may ask for some of the criteria only.
    return criteriaOf(question).map(({ name, title }) => field(title, false, said(one, name), said(other, name))).filter((line) => line.one !== undefined || line.other !== undefined);
  }
  const say = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : kindOf(question.kind).say(value, question));
  return [field('', false, say(one), say(other))];
}
