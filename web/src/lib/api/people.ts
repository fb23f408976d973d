// The routes of people, of one's own account and of signing in: one function a route.
import { get, part, post, request } from './client';
import type { Session, Worker } from './types';

export type Role = Worker['role'];
export type Way = 'link' | 'password' | 'passkey' | 'sign_on';
export type Scope = 'read' | 'label' | 'review' | 'manage' | 'owner';

export interface Profile {
  languages: string[];
  dialects: string[];
  skills: string[];
  groups: string[];
  email: string;
  time_zone: string;
  per_hour: number | null;
  per_answer: number | null;
  currency: string;
}

export interface Member extends Worker {
  invited: boolean;
  profile: Profile;
  version: number;
  ways: Way[];
  sign_on: string;
  seen_at: number | null;
  /** Whether the caller may change them. */
  mine: boolean;
}

export interface Members { workers: Member[]; roles: Role[]; sign_on: boolean }

export interface Held { id: string; name: string; scopes: Scope[] | null; way: Way | ''; created_at: number; expires_at: number; seen_at: number | null }

export interface Passkey { id: string; name: string; created_at: number; used_at: number | null }

export interface Account {
  worker: Worker;
  profile: Profile;
  version: number;
  password: boolean;
  passkeys: Passkey[];
  sessions: Held[];
  tokens: Held[];
  scopes: Scope[];
  session: string;
}

export type ProfileChange = Partial<Profile> & { name?: string };
type Options = { options: { publicKey: Record<string, unknown> } };
const worker = (id: string): string => `/workers/${part(id)}`;

export const people = {
  all: () => get<Members>('/workers'),
  invite: (key: string, name: string, role: Role | null, languages: string[]) =>
    post<{ worker: Worker; link: string }>('/workers', { key, name, role, languages: languages.length ? languages : null }),
  change: (id: string, seenVersion: number, changes: ProfileChange) =>
    request<{ profile: Profile; version: number }>('PATCH', worker(id), { json: { seen_version: seenVersion, ...changes } }),
  setRole: (id: string, role: Role) => request<{ worker: Worker; link: string | null }>('PUT', `${worker(id)}/role`, { json: { role } }),
  reset: (id: string) => post<{ worker: Worker; link: string }>(`${worker(id)}/link`),
  /** Let somebody in again who was let out: by a new link, since nothing that let them in before does. */
  letBack: async (id: string): Promise<string> => {
    await post<unknown>(`${worker(id)}/activate`);
    return (await people.reset(id)).link;
  },
  deactivate: (id: string, reason: string) => post<unknown>(`${worker(id)}/deactivate`, { reason }),
  tokens: (id: string) => get<{ tokens: Held[] }>(`${worker(id)}/tokens`),
  endToken: (id: string, token: string) => request<void>('DELETE', `${worker(id)}/tokens/${part(token)}`),
  letIn: (id: string, email: string) => request<{ email: string }>('PUT', `${worker(id)}/sign-on`, { json: { email } }),
};

export const account = {
  show: () => get<Account>('/account'),
  change: (seenVersion: number, changes: ProfileChange) => request<Account>('PATCH', '/account', { json: { seen_version: seenVersion, ...changes } }),
  setPassword: (password: string, current: string) => post<{ ended: number }>('/account/password', { password, current }),
  endSession: (id: string) => request<void>('DELETE', `/account/sessions/${part(id)}`),
  endOthers: () => request<{ ended: number }>('DELETE', '/account/sessions'),
  makeToken: (name: string, scopes: Scope[], days: number) => post<{ token: Held; secret: string }>('/account/tokens', { name, scopes, days }),
  endToken: (id: string) => request<void>('DELETE', `/account/tokens/${part(id)}`),
  beginPasskey: () => post<Options>('/account/passkeys/begin'),
  keepPasskey: (answer: unknown, name: string) => post<{ passkey: Passkey }>('/account/passkeys', { answer, name }),
  removePasskey: (id: string) => request<void>('DELETE', `/account/passkeys/${part(id)}`),
};

export const door = {
  ways: () => get<{ workspace: boolean; sign_on: string | null }>('/sign-in'),
  password: (name: string, password: string, workspace: string) => post<Session>('/sessions/password', { name, password, workspace }),
  beginPasskey: () => post<Options>('/sessions/passkey/begin'),
  passkey: (answer: unknown) => post<Session>('/sessions/passkey', { answer }),
  beginSignOn: (workspace: string) => post<{ url: string }>('/sessions/sign-on/begin', { workspace }),
  signOn: (code: string, state: string) => post<Session>('/sessions/sign-on', { code, state }),
};
