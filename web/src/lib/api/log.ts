// The log of events, webhooks, and one's own summaries by e-mail.
import { get, part, query, request } from './client';

export interface Event_ {
  number: number; id: string; at: number; kind: string; actor_id: string; project_id: string | null; task_id: string | null;
  object_id: string | null; content: string; data: string; hash: string;
}
export interface EventPage { events: Event_[]; next: number | null; people: Record<string, string> }
export interface Head { number: number; hash: string; at: number }
export interface Checked {
  sound: boolean; events: number; contents: number; erased: number; earlier: number; taken_in: boolean; head: string; more_faults: number;
  faults: { code: string; number: number; what: string }[]; heads: number;
}
export interface Webhook {
  id: string; url: string; kinds: string[]; project_id: string | null; state: 'on' | 'off' | 'failed'; place: number; created_at: number;
  failing_since: number | null; here: boolean; behind: number;
}
export interface Delivery {
  id: string; kind: string; position: number; state: 'waiting' | 'sent' | 'failed'; tries: number; created_at: number; next_at: number;
  tried_at: number | null; status: number | null; error: string;
}
export interface Digest { every: 'off' | 'daily' | 'weekly'; language: 'en' | 'ar'; last_at: number; error: string; email: string; possible: boolean }
export type EventFilter = Record<'kind' | 'person' | 'project' | 'since' | 'until' | 'before', string>;

const hook = (id: string): string => `/webhooks/${part(id)}`;
export const log = {
  events: (wanted: Partial<EventFilter>): Promise<EventPage> => get(`/audit${query({ limit: '50', ...wanted })}`),
  head: (): Promise<{ head: Head; kept: Head[]; kept_in_all: number }> => get('/audit/head'),
  verify: (heads: string[]): Promise<Checked> => request('POST', '/audit/verify', { json: { heads } }),
  exported: '/api/v1/audit/export',
  webhooks: (): Promise<Webhook[]> => get<{ webhooks: Webhook[] }>('/webhooks').then((one) => one.webhooks),
  addWebhook: (json: { url: string; kinds: string[]; project_id: string | null; allow: string }): Promise<{ webhook: Webhook; secret: string }> => request('POST', '/webhooks', { json }),
  change: (id: string, json: { state?: 'on' | 'off' }): Promise<unknown> => request('PATCH', hook(id), { json }),
  remove: (id: string): Promise<unknown> => request('DELETE', hook(id)),
  newSecret: (id: string, allow: string): Promise<{ secret: string }> => request('POST', `${hook(id)}/secret`, { json: { allow } }),
  deliveries: (id: string, before: number | null): Promise<{ deliveries: Delivery[]; next: number | null }> => get(`${hook(id)}/deliveries${query({ limit: '20', ...(before ? { before: String(before) } : {}) })}`),
  again: (id: string, delivery: string, leaveOut: boolean): Promise<unknown> => request('POST', `${hook(id)}/deliveries/${part(delivery)}/again`, { json: { leave_out: leaveOut } }),
  digest: (): Promise<Digest> => get('/digest'),
  setDigest: (every: string, language: string): Promise<Digest> => request('PUT', '/digest', { json: { every, language } }),
};
