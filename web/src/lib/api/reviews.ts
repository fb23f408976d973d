// Review, acceptance of many, and decisions: types and functions of their routes, field for field as the server sends them.
import { get, part, post, query } from './client';
import type { Answers, Project, TaskView } from './types';

export type Verdict = 'accept' | 'fix' | 'reject';
export interface ReviewSettings { choose: 'none' | 'random' | 'risk' | 'all'; share: number; reasons: string[] }
export interface Waiting { waiting: number; held: number; by_you: number }

export interface EarlierVersion { version: number; at: number; answers: Answers; comment: string; flag: boolean }
export interface EarlierReview {
  id: string; verdict: Verdict; seen_version: number; reason: string; words: string; answers: Answers | null; at: number; undone: boolean;
  /** For managers alone. */
  reviewer: string | null;
}

/** An answer in a reviewer's hands. `author` is told to managers alone. */
export interface ReviewItem {
  held_until: number;
  why: 'asked' | 'flag' | 'risk' | 'random' | 'all';
  task: TaskView;
  answer: {
    id: string; version: number; answers: Answers; comment: string; flag: boolean; created_at: number; late: boolean;
    guideline_version: number; schema_version: number; misfits: string[];
  };
  versions: EarlierVersion[];
  reviews: EarlierReview[];
  author: { id: string; name: string } | null;
}

export interface Said { key: string; seen_version: number; verdict: Verdict; reason?: string; words?: string; answers?: Answers }
export interface BulkPreview {
  threshold: number; answers: number; tasks: number; waiting: number; expected: number; low: number; high: number;
  checked: { n: number; wrong: number; low: number; high: number; looked: { n: number; wrong: number } }; until: string;
}
export interface Bulk { id: string; threshold: number; accepted: number; state: 'running' | 'done' | 'undone'; at: number; actor_name?: string }

export interface Option { letter: string; answers: Answers; words: string; flag: boolean }
export interface Case {
  seen: string; task: TaskView; options: Option[];
  decided: { settles: 'answers' | 'cannot'; answers: Answers | null; words: string; at: number; by: string | null } | null;
  guideline_version: number;
  /** Doubt × answers. */
  value: number;
}
export interface TruthOfTask { question: string; model: string; label: unknown; p: number | null; probabilities: Record<string, number>; votes: Record<string, number> }
export interface Settling { key: string; seen: string; settles: 'answers' | 'cannot' | 'open'; choose?: string; answers?: Answers; words?: string }

/** What the project says of review; the defaults where it says nothing. */
export function reviewOf(project: Project): ReviewSettings {
  const said = (project.settings as { review?: Partial<ReviewSettings> }).review ?? {};
  return { choose: said.choose ?? 'none', share: said.share ?? 0.1, reasons: said.reasons ?? [] };
}

const reviews = (project: string): string => `/projects/${part(project)}/reviews`;

export const reviewing = {
  waiting: (project: string) => get<Waiting>(reviews(project)),
  next: (project: string) => post<Waiting & { item: ReviewItem | null }>(`${reviews(project)}/next`),
  say: (annotation: string, said: Said) => post<{ review: { id: string } }>(`/annotations/${part(annotation)}/reviews`, said),
  release: (annotation: string) => post<unknown>(`/annotations/${part(annotation)}/reviews/release`, {}, true),
  undo: (review: string, key: string) => post<{ item: ReviewItem | null }>(`/reviews/${part(review)}/undo`, { key }),
  previewBulk: (project: string, threshold: number) => get<BulkPreview>(`${reviews(project)}/bulk${query({ threshold })}`),
  acceptBulk: (project: string, key: string, threshold: number, until: string) => post<{ bulk: Bulk }>(`${reviews(project)}/bulk`, { key, threshold, until }),
  bulks: (project: string) => get<{ bulks: Bulk[] }>(`${reviews(project)}/bulks`),
  undoBulk: (project: string, bulk: string) => post<{ bulk: Bulk }>(`${reviews(project)}/bulks/${part(bulk)}/undo`),
};

export const deciding = {
  next: (project: string, after = 0) => post<{ case: Case | null; waiting: number; by_you: number }>(`/projects/${part(project)}/decisions/next`, { after }),
  look: (task: string) => post<{ case: Case }>(`/tasks/${part(task)}/decisions/look`),
  truth: (task: string) => post<{ truth: TruthOfTask[] }>(`/tasks/${part(task)}/decisions/truth`),
  decide: (task: string, said: Settling) => post<{ truth: TruthOfTask[] }>(`/tasks/${part(task)}/decisions`, said),
};
