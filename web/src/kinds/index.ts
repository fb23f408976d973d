// The registry of question kinds: one folder a kind, mirroring tawsim/kinds. A new kind is a folder and a line here.
import { choice } from './choice';
import { choices } from './choices';
import type { KindView } from './kind';

const KINDS: Record<string, KindView> = { choice, choices };

/** The kind of that name. Throws where this build does not know it: better than a wrong form. */
export function kindOf(name: string): KindView {
  const kind = KINDS[name];
  if (!kind) throw new Error(`unknown question kind: ${name}`);
  return kind;
}

export const knows = (name: string): boolean => name in KINDS;

/** Answers in a few words where the question is not at hand (kept work). */
export function sayAnswers(answers: Record<string, unknown>): string {
  return Object.values(answers).map((value) => (Array.isArray(value) ? value.join('، ') : String(value ?? ''))).join(' · ');
}
