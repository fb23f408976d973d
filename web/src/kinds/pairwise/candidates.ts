// The candidates of a comparison as they are shown, and the strengths of a preference. Pure.
import type { Candidate, Question, TaskView } from '../../lib/api/types';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Blind and in shown order, as the server sent them; for an owner's preview, made here from the row. */
export function candidatesOf(question: Question, task: TaskView): Candidate[] {
  const sent = task.candidates?.[question.name];
  if (sent) return sent;
  const columns = Array.isArray(question.candidates) ? (question.candidates as string[]) : [];
  const only = columns.length === 1 ? task.content[columns[0]!] : undefined;
  const values = Array.isArray(only) ? only : columns.map((column) => task.content[column]);
  return values.map((value, index) => ({ name: LETTERS[index] ?? String(index + 1), value }));
}

export interface Preference {
  best: string;
  strength?: number;
}

/** How many strengths there are; 1: only which is better. */
export const strengthsOf = (question: Question): number => (typeof question.steps === 'number' ? Math.min(4, Math.max(1, question.steps)) : 1);
export const tiesOf = (question: Question): boolean => question.ties !== false;
export const formatOf = (question: Question): string => (question.format === 'markdown' ? 'markdown' : 'text');

/** The points of the bar from “the first is far better” to “the second is”, with the tie between where it may be. */
export function pointsOf(question: Question, names: string[]): Preference[] {
  const steps = strengthsOf(question);
  const [first = 'A', second = 'B'] = names;
  const sides = (best: string): Preference[] => Array.from({ length: steps }, (_, index) => (steps === 1 ? { best } : { best, strength: index + 1 }));
  return [...sides(first).reverse(), ...(tiesOf(question) ? [{ best: 'tie' }] : []), ...sides(second)];
}

// How strong each strength is said to be, by the number of strengths.
const WORDS: Record<number, ('slight' | 'plain' | 'clear' | 'far')[]> = { 1: ['plain'], 2: ['slight', 'far'], 3: ['slight', 'plain', 'far'], 4: ['slight', 'plain', 'clear', 'far'] };
export const strengthWord = (steps: number, strength: number): 'slight' | 'plain' | 'clear' | 'far' => WORDS[steps]?.[strength - 1] ?? 'plain';

export const isPreference = (value: unknown): value is Preference => value !== null && typeof value === 'object' && typeof (value as Preference).best === 'string';

export const samePreference = (a: Preference, b: unknown): boolean => isPreference(b) && a.best === b.best && (a.strength ?? 0) === (b.strength ?? 0);
