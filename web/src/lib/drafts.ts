// Unfinished answers on this browser's disk, by lease, so that a closed tab or a dead battery costs nothing. Never sent.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Answers } from './api/types';

export interface Unfinished {
  /** workspace/worker/lease: nobody sees another person's. */
  id: string;
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

  find(lease: string): Unfinished | null {
    return this.#known.get(`${this.scope}/${lease}`) ?? null;
  }

  keep(lease: string, values: Answers, comment: string, flag: boolean): void {
    const id = `${this.scope}/${lease}`;
    this.#known.set(id, { id, values, comment, flag, at: Date.now() });
    // Not put off by each further key: who types without a pause is written down too.
    if (!this.#waiting.has(id)) this.#waiting.set(id, setTimeout(() => this.#write(id), WAIT_MS));
  }

  drop(lease: string): void {
    const id = `${this.scope}/${lease}`;
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
    if (this.#known.delete(id)) void this.#db?.delete('unfinished', id).catch(() => undefined);
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
