// The outbox on disk: IndexedDB `tawsim-outbox`, one row for each answer that the server has not yet confirmed. No network.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { Answers } from '../api/types';

/** What waits to be sent. `scope` is workspace/worker: nobody sends another person's work. */
export interface Entry {
  n?: number;
  scope: string;
  project: string;
  kind: 'submit' | 'skip' | 'amend';
  /** Idempotency key; also names the entry. */
  key: string;
  lease: string;
  task: string;
  seq: number;
  /** The beginning of the item, so that kept work can be recognised. */
  text: string;
  answers: Answers;
  comment?: string;
  flag?: boolean;
  /** The version of the questions that were answered. */
  schema?: number;
  /** How long hands were on it (ms), as this page measured it. */
  spent?: number;
  reason: string;
  /** For an amendment: the annotation and the version seen, or the key of the submit that will say so. */
  annotation?: string;
  version?: number;
  after?: string;
  at: number;
  attempts: number;
  /** `kept`: the server refused it; it stays here until its worker decides. */
  state: 'waiting' | 'kept';
  code?: string;
  message?: string;
  /** The server holds it as this draft. */
  draft?: string;
}

interface Schema extends DBSchema {
  entries: { key: number; value: Entry; indexes: { scope: string } };
}

export interface OutboxStore {
  readonly durable: boolean;
  add(entry: Entry): Promise<number>;
  list(scope: string): Promise<Entry[]>;
  put(entry: Entry): Promise<void>;
  remove(n: number): Promise<void>;
  /** Counts one attempt to send; null if it was cancelled meanwhile. */
  claim(n: number): Promise<Entry | null>;
  /** Removes it only if no attempt to send was ever made; says whether it did. */
  removeUntried(n: number): Promise<boolean>;
}

class DiskStore implements OutboxStore {
  readonly durable = true;
  #tried = new Set<number>();
  constructor(private db: IDBPDatabase<Schema>) {}

  async add(entry: Entry): Promise<number> {
    // Strict: on the disk, not only in a cache, before the next task is shown.
    const step = this.db.transaction('entries', 'readwrite', { durability: 'strict' });
    const [n] = await Promise.all([step.store.add(entry), step.done]);
    return n;
  }

  list(scope: string): Promise<Entry[]> {
    return this.db.getAllFromIndex('entries', 'scope', scope);
  }

  async put(entry: Entry): Promise<void> {
    await this.db.put('entries', entry);
  }

  async remove(n: number): Promise<void> {
    await this.db.delete('entries', n);
  }

  async claim(n: number): Promise<Entry | null> {
    const step = this.db.transaction('entries', 'readwrite');
    step.done.catch(() => undefined);
    const entry = await step.store.get(n);
    if (!entry) return null;
    entry.attempts += 1;
    try {
      await step.store.put(entry);
      await step.done;
    } catch {
      this.#tried.add(n); // a full disk takes no count: the answer goes out all the same, and this page knows that it did
    }
    return entry;
  }

  async removeUntried(n: number): Promise<boolean> {
    if (this.#tried.has(n)) return false;
    const step = this.db.transaction('entries', 'readwrite', { durability: 'strict' });
    const entry = await step.store.get(n);
    const untried = entry !== undefined && entry.attempts === 0;
    if (untried) await step.store.delete(n);
    await step.done;
    return untried;
  }
}

/** Where the browser gives no IndexedDB (some private windows): the same, in memory, and the page says so. */
class MemoryStore implements OutboxStore {
  readonly durable = false;
  private rows = new Map<number, Entry>();
  private last = 0;

  async add(entry: Entry): Promise<number> {
    this.last += 1;
    this.rows.set(this.last, { ...entry, n: this.last });
    return this.last;
  }
  async list(scope: string): Promise<Entry[]> {
    return [...this.rows.values()].filter((row) => row.scope === scope).map((row) => ({ ...row }));
  }
  async put(entry: Entry): Promise<void> {
    this.rows.set(entry.n!, { ...entry });
  }
  async remove(n: number): Promise<void> {
    this.rows.delete(n);
  }
  async claim(n: number): Promise<Entry | null> {
    const row = this.rows.get(n);
    if (row) row.attempts += 1;
    return row ? { ...row } : null;
  }
  async removeUntried(n: number): Promise<boolean> {
    return this.rows.get(n)?.attempts === 0 && this.rows.delete(n);
  }
}

/** The store of this browser. */
export async function openStore(): Promise<OutboxStore> {
  try {
    const db = await openDB<Schema>('tawsim-outbox', 1, {
      upgrade(fresh) {
        fresh.createObjectStore('entries', { keyPath: 'n', autoIncrement: true }).createIndex('scope', 'scope');
      },
    });
    return new DiskStore(db);
  } catch {
    return new MemoryStore();
  }
}
