// The task table's routes: pages by a filter, one task, actions on many tasks, saved views.
import { newKey } from '../keys';
import { get, part, post, query, request } from './client';
import type { Asks, Media, Question } from './types';

export interface Row {
  seq: number; id: string; state: 'open' | 'done' | 'skipped' | 'removed'; accepted: number; overlap: number; missing: number; leases: number;
  skips: number; round: number; priority: number; purpose: string; due: number | null; changed: number | null; distinct: number;
  flagged: boolean; comment: boolean; reviewed: string[]; label: string | null; p: number | null; votes: Record<string, number>;
  tags: string[]; cells: Record<string, string | null>;
}
export interface Wait { what: 'table' | 'truth' | 'search'; share: number | null }
export interface Page { tasks: Row[]; total: number | null; next: string | null; waits: Wait[]; has_truth: boolean; question: string; query: string }
export interface Name { name: string; type: 'number' | 'share' | 'date' | 'flag' | 'word' | 'name' | 'text'; operators: string[]; words: string[]; sorts: boolean }
export interface View { id: string; name: string; query: string; columns: string[]; shared: boolean; mine: boolean; by: { name: string; active: boolean }; version: number }
export interface Facts {
  names: Name[]; columns: string[]; text_column: string; labels: string[]; tags: { id: string; name: string; tasks: number }[];
  workers: { id: string; name: string }[]; views: View[]; searched: string;
}
export interface Side {
  id: string; worker: { id: string; name: string }; round: number; state: string; version: number; late: boolean; flag: boolean; comment: string;
  answers: Record<string, unknown>; created_at: number; at: number;
}
export interface Step { at: number; kind: string; by: { id: string; name: string } | null; object_id: string | null; data: Record<string, any> }
export interface Task {
  task: Row; content: Record<string, unknown>; media: Record<string, Media>; questions: Question[]; answers: Side[];
  probabilities: Record<string, number>; history: Step[]; asks?: Asks | null;
}
export interface Wanted { action: string; value: unknown; query?: string; seqs?: number[] }
export interface Preview { action: string; value: unknown; tasks: number; change: number; left_out: Record<string, number>; answers: number; leases: number; can_undo: boolean }
export interface Job {
  id: string; action: string; value: unknown; query: string; state: 'preparing' | 'running' | 'done' | 'dropped'; total: number; looked: number;
  changed: number; left_out: Record<string, number>; by: string; undoes: string | null; undone_by: string | null; can_undo: boolean; created_at: number;
}
export interface ViewBody { name: string; query: string; columns: string[]; shared: boolean }

const at = (project: string, rest = ''): string => `/projects/${part(project)}/table${rest}`;
const named = (columns: string[]): string => columns.map((one) => one.replaceAll(',', ',,')).join(',');

export const table = {
  page: (project: string, q: string, after: string | null, columns: string[], limit: number) =>
    get<Page>(at(project, query({ q, after, columns: named(columns), limit }))),
  facts: (project: string) => get<Facts>(at(project, '/facts')),
  fileAddress: (project: string, q: string, columns: string[]): string => `/api/v1${at(project, '/file')}${query({ q, columns: named(columns) })}`,
  task: (project: string, thing: string | number) => get<Task>(at(project, `/tasks/${part(String(thing))}`)),
  preview: (project: string, wanted: Wanted) => post<Preview>(at(project, '/preview'), wanted),
  begin: (project: string, wanted: Wanted, key: string) => post<{ job: Job }>(at(project, '/actions'), { ...wanted, key }).then((one) => one.job),
  jobs: (project: string) => get<{ jobs: Job[] }>(at(project, '/actions')).then((one) => one.jobs),
  job: (project: string, id: string) => get<{ job: Job }>(at(project, `/actions/${part(id)}`)).then((one) => one.job),
  undo: (project: string, id: string, key: string) => post<{ job: Job }>(at(project, `/actions/${part(id)}/undo`), { key }).then((one) => one.job),
  saveView: (project: string, view: ViewBody) => post<{ views: View[] }>(at(project, '/views'), { ...view, key: newKey() }).then((one) => one.views),
  changeView: (project: string, id: string, version: number, view: ViewBody) =>
    request<{ views: View[] }>('PUT', at(project, `/views/${part(id)}`), { json: { ...view, seen_version: version } }).then((one) => one.views),
  deleteView: (project: string, id: string) => request<{ views: View[] }>('DELETE', at(project, `/views/${part(id)}`)).then((one) => one.views),
};
