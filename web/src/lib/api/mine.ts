// The routes of one's own page, of notices and of disputes: one function a route, with the shapes they give.
// Times are microseconds, amounts millionths of a currency.
import { get, part, post, query } from './client';
import type { Looked } from '../shares';
import type { Answers, TaskView } from './types';

export interface Score { n: number; right: number; mean: number; low: number; high: number }
export type Source = 'training' | 'gold' | 'review' | 'decision' | 'dispute';
export interface SourceCount { source: Source; fair: boolean; n: number; right: number }
/** By answers that chance chose, or all; `looked`: by the others. */
export interface OwnScore extends Score {
  pass_at: number;
  verdict: 'above' | 'below' | 'open';
  /** So many more judged answers would tell, if it stays as it is. */
  more: number;
  looked: Looked;
  sources: SourceCount[];
}

export interface WorkDay { day: string; active: number; on_word: number; answers: number; amounts: Record<string, number> }
export interface PaySum { currency: string; amount: number; per_hour: number | null }

export interface OwnPage {
  worker: { id: string; name: string };
  time_zone: string;
  answers: { accepted: number; rejected: number; withdrawn: number };
  reviews: { fixed: number; rejected: number; accepted: number | null };
  dispute_days: number;
  score: OwnScore;
  reviewing: Looked;
  hours: { active: number; on_word: number; today: number; answers: number; idle_seconds: number; days: WorkDay[] };
  pay: { rates: { per_hour: number; per_answer: number; currency: string }; floor: { per_hour: number; currency: string } | null; sums: PaySum[] };
  guideline: { version: number; seen: number };
}

/** A dispute as its author sees it; `judges`: how many people may judge it, while it is open. */
export interface OwnDispute {
  id: string;
  state: 'open' | 'judged';
  words: string;
  at: number;
  judges: number | null;
  right: 'author' | 'reviewer' | 'neither' | null;
  reason: string | null;
  answers: Answers | null;
  counts: boolean | null;
  judged_at: number | null;
}

export interface OwnReview {
  id: string;
  verdict: 'accept' | 'fix' | 'reject';
  reason: string;
  words: string;
  answers: Answers | null;
  /** What was reviewed, where it was changed since. */
  seen_answers: Answers | null;
  at: number;
  dispute_until: number | null;
  dispute: OwnDispute | null;
}

export type Became = 'accepted' | 'reviewed' | 'fixed' | 'rejected' | 'disputed' | 'withdrawn';
export interface OwnAnswer {
  id: string;
  at: number;
  version: number;
  state: 'accepted' | 'rejected' | 'withdrawn';
  became: Became;
  late: boolean;
  guideline_version: number;
  comment: string;
  answers: Answers;
  task: TaskView;
  reviews: OwnReview[];
}

export interface Notice {
  id: string;
  kind: string;
  project_id: string | null;
  project: string | null;
  object_id: string | null;
  data: Record<string, string | number | boolean | null>;
  at: number;
  seen_at: number | null;
}

/** A dispute in a judge's hands: two sides, blind. */
export interface HeldDispute {
  id: string;
  hold: number;
  held_until: number;
  task: TaskView;
  sides: { name: 'a' | 'b'; answers: Answers | null; words: string }[];
}
export interface DisputeQueue {
  open: number;
  held: number;
  stuck: number;
  oldest_at: number | null;
  for_you: boolean;
  judged: { id: string; at: number; right: 'a' | 'b' | 'neither'; reason: string }[];
}
export interface Verdict { key: string; hold: number; right: 'a' | 'b' | 'neither'; reason: string; answers?: Answers; spent_ms?: number }

/** `person`: somebody else's page, for those who manage. */
const own = (project: string, person: string): string => `/projects/${part(project)}${person && `/people/${part(person)}`}/mine`;

export const mine = {
  page: (project: string, person = '') => get<OwnPage>(own(project, person)),
  answers: (project: string, person: string, ask: { before: string | null; limit: number; only: 'all' | 'replied' }) =>
    get<{ answers: OwnAnswer[]; next: string | null }>(`${own(project, person)}/answers${query(ask)}`),
  seeGuideline: (project: string, version: number) => post<unknown>(`/projects/${part(project)}/guideline/seen`, { version }),
  dispute: (review: string, key: string, words: string) => post<unknown>(`/reviews/${part(review)}/dispute`, { key, words }),
};

export const notices = {
  unseen: () => get<{ unseen: number }>('/notices/unseen'),
  page: (before: string | null, limit: number) => get<{ notices: Notice[]; unseen: number; next: string | null }>(`/notices${query({ before, limit })}`),
  see: (until: string) => post<{ unseen: number }>('/notices/seen', { until }),
};

export const disputes = {
  queue: (project: string) => get<DisputeQueue>(`/projects/${part(project)}/disputes`),
  next: (project: string) => post<{ dispute: HeldDispute | null }>(`/projects/${part(project)}/disputes/next`),
  release: (dispute: string) => post<unknown>(`/disputes/${part(dispute)}/release`),
  judge: (dispute: string, verdict: Verdict) => post<unknown>(`/disputes/${part(dispute)}/verdict`, verdict),
};
