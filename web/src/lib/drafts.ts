// Unfinished answers on this browser's disk, by lease, so that a closed tab or a dead battery costs nothing. Never sent.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Answers } from './api/types';

export interface Unfinished {
  /** workspace/worker/lease: nobody sees another person's. */
  id: string;
  /** The task, by which a later lease of it finds this; empty where candidates are blind and each lease has its own order. */
  task: string;
  /** The version of the questions that these are answers to. */
  schema: number;
  values: Answers;
  comment: string;
  flag: boolean;
  at: number;
}

interface Schema extends DBSchema {
  unfinished: { key: string; value: Unfinished };
}

const KEPT_MS = 14 * 86_400_000;
const WAIT_MS = 250;

/** One person's unfinished answers. Reads all once, then writes behind; `onfail` hears when the disk takes no more. */
export class Drafts {
  #db: IDBPDatabase<Schema> | null = null;
  #known = new Map<string, Unfinished>();
  #waiting = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private scope: string, private onfail: (reason: unknown) => void) {}

  async open(): Promise<void> {
    addEventListener('pagehide', () => this.flush()); // a reload unmounts nothing
    try {
      this.#db = await openDB<Schema>('tawsim-unfinished', 1, { upgrade: (fresh) => void fresh.createObjectStore('unfinished', { keyPath: 'id' }) });
      const oldest = Date.now() - KEPT_MS;
      for (const one of await this.#db.getAll('unfinished')) {
        if (one.at < oldest) void this.#db.delete('unfinished', one.id);
        else if (one.id.startsWith(`${this.scope}/`)) this.#known.set(one.id, one);
      }
    } catch {
      this.#db = null; // no disk here (a private window): answers live on the page, as the saved state says
    }
  }

  /** What was left under this lease, else under an earlier one of the same task; never answers to other questions. */
  find(lease: string, task: string, schema: number): Unfinished | null {
    const own = this.#known.get(`${this.scope}/${lease}`);
    const fits = (one: Unfinished) => one.schema === schema;
    if (own) return fits(own) ? own : null;
    const earlier = [...this.#known.values()].filter((one) => task !== '' && one.task === task && fits(one));
    return earlier.reduce<Unfinished | null>((last, one) => (last && last.at > one.at ? last : one), null);
  }

  keep(lease: string, fresh: Omit<Unfinished, 'id' | 'at'>): void {
    const id = `${this.scope}/${lease}`;
    this.#known.set(id, { ...fresh, id, at: Date.now() });
    // Not put off by each further key: who types without a pause is written down too.
    if (!this.#waiting.has(id)) this.#waiting.set(id, setTimeout(() => this.#write(id), WAIT_MS));
  }

  drop(lease: string): void {
    const id = `${this.scope}/${lease}`;
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
    const task = this.#known.get(id)?.task;
    for (const one of [...this.#known.values()]) {
      // An answer ends the half of it that an earlier lease of the task left.
      if (one.id !== id && !(task && one.task === task)) continue;
      this.#known.delete(one.id);
      void this.#db?.delete('unfinished', one.id).catch(() => undefined);
    }
  }

  /** Writes now what waits: the page is being left. */
  flush(): void {
    for (const [id, timer] of this.#waiting) {
      clearTimeout(timer);
      this.#write(id);
    }
  }

  #write(id: string): void {
    this.#waiting.delete(id);
    const one = this.#known.get(id);
    if (one && this.#db) this.#db.put('unfinished', one).catch(this.onfail);
  }
}
