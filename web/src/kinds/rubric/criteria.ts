// The criteria of a rubric, and what is still open in an answer. Pure.
import type { Question } from '../../lib/api/types';
import { isStep, stepsOf, type Steps } from '../scale/steps';

export interface Criterion extends Steps {
  name: string;
  title: string;
  reason: 'never' | 'optional' | 'always';
}

export interface Scored {
  score?: number;
  reason: string;
}

export type Rubric = Record<string, Scored>;

/** The criteria of a question, as it has them. */
export function criteriaOf(question: Question): Criterion[] {
  const all = Array.isArray(question.criteria) ? (question.criteria as Record<string, unknown>[]) : [];
  return all.map((one) => ({
    ...stepsOf(one),
    name: String(one.name ?? ''),
    title: String(one.title || one.name || ''),
    reason: one.reason === 'always' || one.reason === 'optional' ? one.reason : 'never',
  }));
}

export const rubricOf = (value: unknown): Rubric => (value !== null && typeof value === 'object' ? (value as Rubric) : {});

/** Scored, and with its reason where one is always asked for. */
export function isDone(criterion: Criterion, value: unknown): boolean {
  const scored = Object.hasOwn(rubricOf(value), criterion.name) ? rubricOf(value)[criterion.name] : undefined;
  return scored !== undefined && isStep(criterion, scored.score) && (criterion.reason !== 'always' || scored.reason.trim() !== '');
}

/** `value` with one criterion changed. A criterion without score and reason is left out again. */
export function changed(value: unknown, name: string, change: Partial<Scored>): Rubric | undefined {
  const all = { ...rubricOf(value) };
  const one: Scored = { reason: '', ...(Object.hasOwn(all, name) ? all[name] : {}), ...change };
  delete all[name];
  if (one.score !== undefined || one.reason !== '') Object.defineProperty(all, name, { value: one, enumerable: true, configurable: true, writable: true });
  return Object.keys(all).length > 0 ? all : undefined;
}

/** Where the next open criterion is, from `after` on and then from the start; -1: none. */
export function nextOpen(criteria: Criterion[], value: unknown, after: number): number {
  const open = criteria.map((one, index) => (isDone(one, value) ? -1 : index)).filter((index) => index >= 0);
  return open.find((index) => index > after) ?? open[0] ?? -1;
}
