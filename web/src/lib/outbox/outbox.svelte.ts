// The outbox: takes an answer durably, sends in order with back-off, and never throws work away. The only sender of answers.
import { afterPaint } from '../afterpaint';
import { api, ApiError, NoConnection } from '../api/client';
import type { AnnotationView, Extras, Told } from '../api/types';
import { openStore, type Entry, type OutboxStore } from './store';

/** How the way to the server looks: `other` means that somebody else signed in on this browser. */
export type Link = 'ok' | 'offline' | 'signed-out' | 'other';
export type NewEntry = Omit<Entry, 'n' | 'scope' | 'at' | 'attempts' | 'state'>;
/** What became of an entry: confirmed (with the annotation, if it made one, and what a worked example tells), or kept because it was refused. */
export type Outcome = { entry: Entry; annotation: AnnotationView | null; kept: boolean; told?: Told };
type Sent = { annotation: AnnotationView; training?: Told | null };

const WAITS_S = [1, 2, 4, 8, 15, 30];
const TRIES_AT_A_BROKEN_SERVER = 6;
const later = (seconds: number) => new Promise<void>((done) => setTimeout(done, seconds * 1000));

/** Should this error be tried again unchanged? Anything else is the server's last word on this entry. */
function isPassing(error: unknown, attempts: number): boolean {
  if (error instanceof NoConnection) return true;
  if (!(error instanceof ApiError)) return false;
  if ([408, 425, 429, 502, 503, 504].includes(error.status)) return true;
  return error.status >= 500 && attempts < TRIES_AT_A_BROKEN_SERVER;
}

/** What goes with the answers: nothing where nothing was said, so that an older entry is sent again unchanged. */
function extras({ kind, comment, flag, schema, spent }: Entry): Extras {
  return { ...(comment ? { comment } : {}), ...(flag ? { flag } : {}), ...(schema && kind === 'submit' ? { schema_version: schema } : {}), ...(spent === undefined ? {} : { spent_ms: spent }) };
}

class Outbox {
  waiting = $state.raw<Entry[]>([]);
  kept = $state.raw<Entry[]>([]);
  link = $state<Link>('ok');
  durable = $state(true);

  #store: OutboxStore | null = null;
  #opening: Promise<OutboxStore> | null = null;
  #scope = '';
  #draining = false;
  #again = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<(outcome: Outcome) => void>();
  #others = typeof BroadcastChannel === 'function' ? new BroadcastChannel('tawsim-outbox') : null;

  /** Opens the database, which can be done before it is known who is there. */
  prepare(): Promise<OutboxStore> {
    return (this.#opening ??= openStore());
  }

  /** Opens the outbox of one person in one workspace, and sends what an earlier visit left. */
  async open(workspace: string, worker: string): Promise<void> {
    this.#scope = `${workspace}/${worker}`;
    if (!this.#store) {
      this.#store = await this.prepare();
      this.durable = this.#store.durable;
      // Ask the browser not to clear it when the disk runs short; it may say no.
      if (this.durable) void navigator.storage?.persist?.().catch(() => false);
      addEventListener('online', () => this.#retryNow());
      addEventListener('beforeunload', (event) => {
        if (this.waiting.length > 0) event.preventDefault();
      });
      document.addEventListener('visibilitychange', () => {
        if (!document.hidden && this.link === 'offline') this.#retryNow();
      });
      if (this.#others) this.#others.onmessage = () => void this.#refresh();
    }
    await this.#refresh();
    void this.drain();
  }

  close(): void {
    this.#scope = '';
    this.waiting = [];
    this.kept = [];
    clearTimeout(this.#timer);
  }

  onOutcome(listener: (outcome: Outcome) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves once the entry is on the disk; sending goes on by itself. Rejects if it could not be written. */
  async add(fresh: NewEntry): Promise<Entry> {
    if (!this.#store || !this.#scope) throw new Error('the outbox is closed');
    const entry: Entry = { ...$state.snapshot(fresh) as NewEntry, scope: this.#scope, at: Date.now(), attempts: 0, state: 'waiting' };
    entry.n = await this.#store.add(entry);
    this.waiting = [...this.waiting, entry];
    afterPaint(() => {
      this.#others?.postMessage('changed');
      void this.drain();
    });
    return entry;
  }

  /** Takes back an entry that was never tried. False if it may have reached the server. */
  async cancel(key: string): Promise<boolean> {
    const entry = this.waiting.find((one) => one.key === key);
    if (!entry || !this.#store || !(await this.#store.removeUntried(entry.n!))) return false;
    await this.#changed();
    return true;
  }

  find(key: string): Entry | undefined {
    return this.waiting.find((one) => one.key === key);
  }

  /** Waits until the entry is confirmed, kept, or an attempt fails; at most `seconds`. */
  async settled(key: string, seconds = 4): Promise<void> {
    const end = performance.now() + seconds * 1000;
    while (this.find(key) && this.link === 'ok' && performance.now() < end) await later(0.03);
  }

  /** Sends a kept entry once more. */
  async resend(n: number): Promise<void> {
    const entry = this.kept.find((one) => one.n === n);
    if (!entry || !this.#store) return;
    await this.#store.put({ ...entry, state: 'waiting', attempts: 1 });
    await this.#changed();
    void this.drain();
  }

  /** Drops a kept entry: only ever by its worker's own decision. */
  async discard(n: number): Promise<void> {
    await this.#store?.remove(n);
    await this.#changed();
  }

  /** Sends what waits, in order. One tab at a time (Web Locks); keys make even two senders harmless. */
  async drain(): Promise<void> {
    if (this.#draining) {
      this.#again = true;
      return;
    }
    this.#draining = true;
    clearTimeout(this.#timer);
    try {
      do {
        this.#again = false;
        if (navigator.locks) await navigator.locks.request('tawsim-outbox-send', () => this.#sendAll());
        else await this.#sendAll();
      } while (this.#again && this.link === 'ok');
    } catch {
      // The disk failed, not the way: what waits is tried again soon, instead of when the next answer comes.
      this.#timer = setTimeout(() => void this.drain(), WAITS_S[2]! * 1000);
    } finally {
      this.#draining = false;
    }
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const scope = this.#scope;
      if (!this.#store || !scope) return;
      const head = (await this.#store.list(scope)).find((one) => one.state === 'waiting');
      if (!head) {
        this.#failures = 0;
        if (this.link === 'offline') this.link = 'ok';
        return;
      }
      const entry = await this.#store.claim(head.n!);
      if (!entry) continue; // cancelled in that instant
      if (scope !== this.#scope || !(await this.#sendOne(entry))) return;
    }
  }

  /** True if the queue may go on. */
  async #sendOne(entry: Entry): Promise<boolean> {
    try {
      const sent = await this.#post(entry);
      this.#failures = 0;
      this.link = 'ok';
      await this.#confirm(entry, sent?.annotation ?? null, sent?.training ?? null);
      return true;
    } catch (error) {
      if (isPassing(error, entry.attempts)) {
        this.#waitAndRetry(error instanceof ApiError ? error.retryAfter : null);
        return false;
      }
      return this.#refused(entry, error);
    }
  }

  async #post(entry: Entry): Promise<Sent | null> {
    if (entry.kind === 'skip') {
      await api.skip(entry.lease, entry.reason, entry.spent);
      return null;
    }
    if (entry.kind === 'submit') return api.submit(entry.lease, entry.key, entry.answers, extras(entry));
    if (!entry.annotation || !entry.version) throw new ApiError(409, 'TW-LEASE-LOST', '', '', {}, null);
    return api.amend(entry.annotation, entry.key, entry.version, entry.answers, extras(entry));
  }

  async #confirm(entry: Entry, annotation: AnnotationView | null, told: Told | null): Promise<void> {
    if (annotation) {
      // Amendments that were made before this answer had an id: now they can be sent. Before removal, so that a crash repeats it.
      const all = await this.#store!.list(entry.scope);
      for (const one of all.filter((other) => other.kind === 'amend' && other.after === entry.key))
        await this.#store!.put({ ...one, annotation: annotation.id, version: annotation.version });
    }
    await this.#store!.remove(entry.n!);
    await this.#changed();
    this.#tell({ entry, annotation, kept: false, ...(told ? { told } : {}) });
  }

  async #refused(entry: Entry, error: unknown): Promise<boolean> {
    const known = error instanceof ApiError ? error : null;
    if (known && [401, 403, 404].includes(known.status) && !(await this.#stillMe())) return false;
    if (entry.kind === 'skip') {
      await this.#store!.remove(entry.n!); // the slot is gone already: nothing to keep
      await this.#changed();
      return true;
    }
    const draft = known?.details.draft;
    const kept: Entry = { ...entry, state: 'kept', code: known?.code ?? 'TW-ERROR', message: known ? `${known.message} ${known.hint}`.trim() : String(error) };
    if (typeof draft === 'string') kept.draft = draft;
    await this.#store!.put(kept);
    await this.#changed();
    this.#tell({ entry: kept, annotation: null, kept: true });
    return true;
  }

  /** Is this browser still signed in as the person whose outbox this is? */
  async #stillMe(): Promise<boolean> {
    try {
      const { workspace, worker } = await api.session();
      if (`${workspace.id}/${worker.id}` === this.#scope) return true;
      this.link = 'other';
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.link = 'signed-out';
      else this.#waitAndRetry(null);
    }
    return false;
  }

  #waitAndRetry(asked: number | null): void {
    this.link = 'offline';
    const wait = asked ?? WAITS_S[Math.min(this.#failures, WAITS_S.length - 1)]!;
    this.#failures += 1;
    clearTimeout(this.#timer);
    // A little chance, so that a room full of labellers does not come back in the same instant.
    this.#timer = setTimeout(() => void this.drain(), wait * 1000 * (0.8 + 0.4 * Math.random()));
    void this.#refresh();
  }

  #retryNow(): void {
    this.#failures = 0;
    void this.drain();
  }

  async #changed(): Promise<void> {
    await this.#refresh();
    this.#others?.postMessage('changed');
  }

  async #refresh(): Promise<void> {
    if (!this.#store || !this.#scope) return;
    const scope = this.#scope;
    const all = await this.#store.list(scope);
    if (scope !== this.#scope) return;
    this.waiting = all.filter((one) => one.state === 'waiting');
    this.kept = all.filter((one) => one.state === 'kept');
  }

  #tell(outcome: Outcome): void {
    for (const listener of this.#listeners) listener(outcome);
  }
}

export const outbox = new Outbox();
