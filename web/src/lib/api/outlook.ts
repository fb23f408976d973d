// Where a project is going, and alerts: the routes of the progress page.
import { get, part, query, request } from './client';
import type { Progress } from './types';

export interface Span { middle: number | null; low80: number | null; high80: number | null; low95: number | null; high95: number | null }
export interface Fan { low95: number[]; low80: number[]; middle: number[]; high80: number[]; high95: number[] }
export interface Forecast {
  reason: '' | 'nothing_left' | 'too_few_days' | 'too_few_answers' | 'no_pace';
  days: Span | null; fan: Fan | null; pace: number | null; weekly: boolean; have: number; need: number;
  dates?: Record<keyof Span, string | null>;
}
export interface Alert { id: string; project_id: string | null; kind: string; object_id: string; data: Record<string, string | number | boolean | null>; since: number }
export interface Day { day: string; answers: number; in_all: number }
export interface PersonPart {
  worker: { id: string; name: string; kind: string; active: boolean };
  answers: number; today: number; week: number; days: number[]; last_day: string; hours: number; seconds_per_answer: Span | null;
}
export interface Waiting {
  answers: number; in_hand: number; reviews: number; disputes: number; drafts: number; skipped_out: number; in_training: number; not_qualified: number;
}
export interface Outlook {
  as_of: number; zone: string; today: string; state: string; progress: Progress; left: number;
  waiting: Waiting; days: Day[]; forecast: Forecast;
  hours: { used: number; seconds_per_answer: Span | null; left: Span | null; budget: number | null; share: number | null; share_at_end: Span | null };
  people: PersonPart[]; alerts: Alert[];
}

export const outlook = (id: string, zone: string): Promise<Outlook> => get(`/projects/${part(id)}/outlook${query({ zone })}`);
export const putOff = (id: string, until: number): Promise<unknown> => request('POST', `/alerts/${part(id)}/put_off`, { json: { until } });
