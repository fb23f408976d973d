// The Scale-compatible API as its owners see it: keys, where callbacks go, and what became of them.
import { get, part, post, query, request } from './client';

export type Mode = 'live' | 'test';
export interface ScaleKey { id: string; name: string; mode: Mode; by: string; created_at: number; expires_at: number; seen_at: number | null }
/** What a world has: what its callbacks carry, where they go when a task names no address, and which private ones are allowed. */
export interface ScaleAccount { mode: Mode; file: string; callback_key: string; callback_url: string; allow: string }
export interface Callback {
  id: string; task_id: string | null; batch: string | null; url: string; state: 'waiting' | 'sent' | 'failed'; tries: number;
  created_at: number; next_at: number; tried_at: number | null; status: number | null; error: string;
}
export interface CallbackPage { callbacks: Callback[]; next: string | null; waiting: number; failed: number }

export const scale = {
  all: (): Promise<{ accounts: ScaleAccount[]; keys: ScaleKey[] }> => get('/scale'),
  makeKey: (name: string, mode: Mode, days: number): Promise<{ key: ScaleKey; secret: string }> => post('/scale/keys', { name, mode, days }),
  endKey: (id: string): Promise<unknown> => request('DELETE', `/scale/keys/${part(id)}`),
  change: (mode: Mode, json: { callback_url?: string; allow?: string; new_callback_key?: boolean }): Promise<ScaleAccount> =>
    request<{ account: ScaleAccount }>('PATCH', '/scale/account', { json: { mode, ...json } }).then((one) => one.account),
  callbacks: (mode: Mode, failed: boolean, before: string | null): Promise<CallbackPage> =>
    get(`/scale/callbacks${query({ mode, failed: String(failed), limit: '20', ...(before ? { before } : {}) })}`),
  again: (mode: Mode, id: string): Promise<unknown> => post(`/scale/callbacks/${part(id)}/again`, { mode }),
  againAll: (mode: Mode): Promise<{ again: number }> => post('/scale/callbacks/again', { mode }),
};
