// The quality page's routes: figures of one question, the tasks behind one of them, and tables as files.
import { get, part, query } from './client';

export interface Interval { value: number | null; low: number | null; high: number | null }
export interface Figure extends Interval { measure: string; metric?: string; tasks: number; each?: number }
export type Behind = Record<string, string | number>;
export interface Cell extends Interval { pairs: number; tasks: number; behind: Behind }
export interface MixedPair {
  a: string; b: string; pairs: number; tasks: number; of_all: Interval; between: Interval; behind: Behind;
  sentences: { both: string[]; a: string[]; b: string[] };
  comments: { seq: number; task_id: string; text: string }[];
}
export interface Change extends Interval { at: number; before: number; after: number; p: number; n: number }
export type PaceWord = 'unread' | 'hasty' | 'fast' | 'usual' | 'few';
export interface Pace { is: PaceWord; seconds: number | null; usual: number | null; theirs?: number | null; less?: boolean }
export interface Person {
  worker: string; name: string; kind: string; answers: number; compared: number; others: Interval;
  truth: (Interval & { measure: string; judged: number; verdict: string }) | null;
  evidence: (Interval & { n: number; right: number; looked: { n: number; right: number } }) | null;
  seconds: Interval; change: Change | null; pace: Pace; behind: Behind;
}
export interface PeoplePair { one: string; other: string; names: [string, string]; shared: number; same: Interval; kappa: Interval | null; behind: Behind }
export interface AgainstTruth extends Interval { worker: string; name: string; truth: string; said: string; n: number; of: number; behind: Behind }
export interface SlicePart { value: string; says?: string; answered: number; agreement: Figure | null; likeness: Figure | null; lower: boolean; behind: Behind }
export interface Slice { kind: 'column' | 'lane' | 'tag' | 'guideline'; name: string; parts: SlicePart[] }
export interface Point { from: number; to: number; answered: number; answers: number; agreement: Figure | null; behind: Behind }
export interface Help { code: string; facts: Record<string, unknown>; behind: Behind; weight: number }
export interface Quality {
  project: string; question: string; title: string; kind: string; questions: { name: string; title: string }[];
  guideline_version: number; has_guideline: boolean; same: string[];
  state: 'ready' | 'computing' | 'empty'; computing: boolean; as_of: number | null; seconds: number;
  counts: { answers: number; tasks: number; compared: number; people: number; sampled: number | null };
  measure: 'alpha' | 'likeness'; metric: string; agreement: Figure[];
  labels: { label: string; answers: number; agreement: Figure | null; behind: Behind }[];
  confusion: { labels: string[]; cells: Cell[][] } | null;
  mixed: MixedPair[]; people: Person[]; pairs: PeoplePair[]; against_truth: AgainstTruth[]; slices: Slice[];
  time: { unit: 'day' | 'week' | 'weeks'; points: Point[] };
  change: { tested: number; people: number; alarm: number; everybody: Change | null };
  helps: Help[];
}
export interface BehindTask {
  task_id: string; seq: number; text: string; truth: unknown; p: number | null;
  answers: { worker: string; name: string; answer: unknown; comment: string; flag: boolean }[];
}

export const quality = (id: string, question: string) => get<Quality>(`/projects/${part(id)}/quality${query({ question })}`);
export const qualityTasks = (id: string, question: string, behind: Behind) =>
  get<{ total: number; tasks: BehindTask[]; computing: boolean }>(`/projects/${part(id)}/quality/tasks${query({ ...behind, question })}`);
export const tableAddress = (id: string, table: string, question: string, format: 'csv' | 'json') =>
  `/api/v1/projects/${part(id)}/quality/tables/${table}${query({ question, format })}`;
