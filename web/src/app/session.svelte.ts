// Who is signed in on this browser. Opens that person's outbox; other tabs hear of a change and start anew.
import { api, ApiError, SIGNED_OUT } from '../lib/api/client';
import type { Session } from '../lib/api/types';
import { outbox } from '../lib/outbox/outbox.svelte';

type State = { is: 'asking' } | { is: 'in'; session: Session } | { is: 'out'; why: string; letOut?: LetOut | null } | { is: 'failed'; error: unknown };

/** What somebody who was let out is told: why, and whom to ask. */
export interface LetOut { workspace: string; reason: string; at: number | null; ask: string[] }
export const letOutOf = (error: unknown): LetOut | null => (error instanceof ApiError && (error.details.let_out as LetOut | undefined)) || null;

export const who = $state<{ state: State }>({ state: { is: 'asking' } });
const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel('tawsim-session') : null;

async function enter(session: Session): Promise<void> {
  await outbox.open(session.workspace.id, session.worker.id);
  outbox.link = 'ok';
  who.state = { is: 'in', session };
}

/** Asks the server who we are. */
export async function loadSession(): Promise<void> {
  try {
    await enter(await api.session());
  } catch (error) {
    who.state = error instanceof ApiError && error.status === 401 ? { is: 'out', why: '', letOut: letOutOf(error) } : { is: 'failed', error };
  }
}

/** Signs in with the token of a one-time link. Throws what the server said. */
export const signIn = async (token: string): Promise<void> => signedIn(await api.signIn(token));

/** Somebody has come in: this tab goes on as them, and so do the others. */
export async function signedIn(session: Session): Promise<void> {
  tabs?.postMessage(session.worker.id);
  await enter(session);
}

export async function signOut(): Promise<void> {
  await api.signOut();
  outbox.close();
  tabs?.postMessage('');
  who.state = { is: 'out', why: '' };
}

export const session = (): Session | null => (who.state.is === 'in' ? who.state.session : null);
const ROLES = { review: ['owner', 'manager', 'reviewer'], manage: ['owner', 'manager'], owner: ['owner'] } as const;
/** Whether the server would let this person. What it refuses is not shown; the server decides. */
export const may = (permission: keyof typeof ROLES | 'signed_in'): boolean => {
  const role = session()?.worker.role;
  return role !== undefined && (permission === 'signed_in' || (ROLES[permission] as readonly string[]).includes(role));
};

addEventListener(SIGNED_OUT, (event) => {
  const error = (event as CustomEvent<ApiError>).detail;
  if (who.state.is === 'in') who.state = { is: 'out', why: letOutOf(error) ? '' : error.message, letOut: letOutOf(error) };
});

if (tabs) {
  tabs.onmessage = ({ data }) => {
    if (data !== session()?.worker.id) location.reload();
  };
}
