// The wizard's unfinished project on this browser's disk: form, text, and the dropped files themselves. Never sent.
import { openDB, type IDBPDatabase } from 'idb';
import type { Plan, Proposed, Row } from '../../lib/api/types';
import type { Source } from './sources';

/** What the wizard comes back to. `text` is a tawsim.toml that is being written and cannot be read yet. */
export interface Kept {
  plan: Plan;
  text: string | null;
  rows: Row[];
  proposed: Proposed['proposal'] | null;
  template: string;
  project: string;
  at: number;
}

const LARGEST = 256_000_000;
const WAIT_MS = 300;
const sizeOf = (source: Source): number => [source.table, source.archive, ...source.loose.map((one) => one.file)].reduce((sum, one) => sum + (one?.size ?? 0), 0);

export class KeptDraft {
  #db: Promise<IDBPDatabase | null> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: Kept | null = null;
  #written: Promise<void> = Promise.resolve();
  constructor(private place: string) {}

  #open(): Promise<IDBPDatabase | null> {
    return (this.#db ??= openDB('tawsim-wizard', 1, { upgrade: (fresh) => void fresh.createObjectStore('draft') }).catch(() => null));
  }

  /** What was kept, and its files if they are still there. */
  async read(): Promise<{ kept: Kept; source: Source | null } | null> {
    try {
      const db = await this.#open();
      const kept = (await db?.get('draft', this.place)) as Kept | undefined;
      return kept ? { kept, source: ((await db?.get('draft', `${this.place}/source`)) as Source | undefined) ?? null } : null;
    } catch {
      return null; // no disk here (a private window): the draft lives as long as its page
    }
  }

  /** Writes behind. */
  keep(kept: Kept): void {
    this.#waiting = kept;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), WAIT_MS);
  }

  /** Files beyond 256 MB are left out; the page then asks for them again. */
  keepSource(source: Source | null): Promise<void> {
    const place = `${this.place}/source`;
    return this.#write((db) => (source && sizeOf(source) <= LARGEST ? db.put('draft', source, place) : db.delete('draft', place)));
  }

  flush(): Promise<void> {
    const kept = this.#waiting;
    this.#waiting = null;
    clearTimeout(this.#timer);
    return kept ? this.#write((db) => db.put('draft', kept, this.place)) : Promise.resolve();
  }

  drop(): Promise<void> {
    this.#waiting = null;
    clearTimeout(this.#timer);
    void this.#write((db) => db.delete('draft', this.place));
    return this.keepSource(null);
  }

  /** One after the other, as they were asked for: what is kept after a draft was dropped stays. */
  #write(work: (db: IDBPDatabase) => Promise<unknown>): Promise<void> {
    const next = this.#written.then(async () => {
      const db = await this.#open();
      await (db && work(db));
    });
    return (this.#written = next.catch(() => undefined));
  }
}
