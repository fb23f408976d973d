// The registry of question kinds: one folder a kind, mirroring tawsim/kinds, one lazy chunk each. A new kind is a folder and
// a line here.
import type { Question } from '../lib/api/types';
import type { KindView } from './kind';

const LOADERS: Record<string, () => Promise<{ kind: KindView }>> = {
  boxes: () => import('./boxes'),
  chat: () => import('./chat'),
  choice: () => import('./choice'),
  choices: () => import('./choices'),
  keypoints: () => import('./keypoints'),
  number: () => import('./number'),
  pairwise: () => import('./pairwise'),
  polygons: () => import('./polygons'),
  ranking: () => import('./ranking'),
  rubric: () => import('./rubric'),
  scale: () => import('./scale'),
  segments: () => import('./segments'),
  spans: () => import('./spans'),
  text: () => import('./text'),
};
const loaded = new Map<string, KindView>();

export const knows = (name: string): boolean => name in LOADERS;

/** Brings the kinds of these questions; after this `kindOf` gives them at once. Throws where this build does not know one. */
export async function loadKinds(questions: Question[]): Promise<void> {
  const names = [...new Set(questions.map((one) => one.kind))].filter((name) => !loaded.has(name));
  await Promise.all(names.map(async (name) => {
    const loader = LOADERS[name];
    if (!loader) throw new Error(`unknown question kind: ${name}`);
    loaded.set(name, (await loader()).kind);
  }));
}

/** The kind of that name, which `loadKinds` has brought. */
export function kindOf(name: string): KindView {
  const kind = loaded.get(name);
  if (!kind) throw new Error(`question kind not loaded: ${name}`);
  return kind;
}

/** An answer in a few words where its question is not at hand (kept work). */
export function sayAnswer(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(sayAnswer).join('، ');
  if (typeof value === 'object') return Object.entries(value).map(([name, one]) => `${name}: ${sayAnswer(one)}`).join('؛ ');
  return String(value);
}

export const sayAnswers = (answers: Record<string, unknown>): string =>
  Object.values(answers).map((value) => sayAnswer(value).slice(0, 300)).join(' · ');
