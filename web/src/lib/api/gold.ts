// The routes of known answers, the training round and quotas: one function a route.
import { get, part, post, query, request } from './client';
import type { Looked } from '../shares';
import type { Answers, Asks, Media, Worker } from './types';

export type Purpose = 'gold' | 'training';
export type Stage = 'new' | 'training' | 'qualifying' | 'qualified' | 'not_qualified';

/** A share of right answers with its 95 % interval. */
export interface Share {
  mean: number;
  low: number;
  high: number;
}

export interface Known {
  task_id: string;
  seq: number;
  content: Record<string, unknown>;
  media: Record<string, Media>;
  purpose: Purpose;
  answers: Answers;
  explanation: string;
  state: 'active' | 'flagged' | 'retired';
  version: number;
  n: number;
  right: number;
  share: Share;
  /** How probable it is that the known answer is wrong. */
  p_wrong: number;
  asks?: Asks | null;
}

export interface Said {
  annotation_id: string;
  worker: { id: string; name: string };
  answers: Answers;
  score: number;
  right: boolean;
  at: number;
}

export interface KnownPage {
  tasks: Known[];
  next: string | null;
  counts: Record<string, number>;
  least_for_verdict: number;
}

export interface StageOf extends Share {
  worker: Worker;
  stage: Stage;
  since: number | null;
  n: number;
  right: number;
  /** How many more answers would tell; 0: told already. */
  more: number;
  /** Answers that somebody chose for a reason: not in the share. */
  looked: Looked;
}

export interface People {
  people: StageOf[];
  pass_at: number;
}

export const gold = {
  page: (project: string, after: string | null) => get<KnownPage>(`/projects/${part(project)}/gold${query({ limit: 50, after })}`),
  one: (task: string) => get<{ known: Known | null; said: Said[] }>(`/tasks/${part(task)}/known`),
  make: (task: string, known: { answers: Answers; explanation: string; purpose: Purpose; seen_version?: number }) =>
    request<{ known: Known; said: Said[] }>('PUT', `/tasks/${part(task)}/known`, { json: known }),
  unmake: (task: string) => request<unknown>('DELETE', `/tasks/${part(task)}/known`),
  setState: (task: string, state: 'active' | 'retired') => post<{ known: Known }>(`/tasks/${part(task)}/known/state`, { state }),
  people: (project: string) => get<People>(`/projects/${part(project)}/stages`),
  setStage: (project: string, worker: string, stage: Stage, reason = '') => post<People>(`/projects/${part(project)}/stages/${part(worker)}`, { stage, reason }),
};
