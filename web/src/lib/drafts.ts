// Unfinished answers on this browser's disk, by lease, so that a closed tab or a dead battery costs nothing. Never sent.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { afterPaint } from './afterpaint';
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

/** What a page leaves; when and under which name is added here. */
type Left = Omit<Unfinished, 'id' | 'at'>;

const KEPT_MS = 14 * 86_400_000;
const WAIT_MS = 250;
const LAST_WORDS = 'tawsim-unfinished/';

interface Opened { db: IDBPDatabase<Schema>; rows: Unfinished[] }
const FRESH_MS = 5_000; // what was read earlier is read again
let ahead: { opened: Promise<Opened>; at: number } | null = null;

/** Opens the database and reads it, which can be done before it is known who is there. Rejects where there is none. */
async function opened(): Promise<Opened> {
  const db = await openDB<Schema>('tawsim-unfinished', 1, { upgrade: (fresh) => void fresh.createObjectStore('unfinished', { keyPath: 'id' }) });
  return { db, rows: await db.getAll('unfinished') };
}
export function prepareDrafts(): void {
  ahead = { opened: opened(), at: performance.now() };
  ahead.opened.catch(() => undefined);
}

/** One person's unfinished answers. Reads all once, then writes behind; `onfail` hears when the disk takes no more. */
export class Drafts {
  #db: IDBPDatabase<Schema> | null = null;
  #known = new Map<string, Unfinished>();
  #waiting = new Map<string, ReturnType<typeof setTimeout>>();
  /** Changed since it was last written. */
  #dirty = new Set<string>();
  /** What was left to be copied until the change is on the screen: an answer may be long. */
  #late = new Map<string, () => Left>();

  constructor(private scope: string, private onfail: (reason: unknown) => void) {}

  async open(): Promise<void> {
    addEventListener('pagehide', () => this.flush()); // a reload unmounts nothing
    try {
      const ready = ahead && performance.now() - ahead.at < FRESH_MS ? ahead.opened : opened();
      ahead = null; // taken once: a later visit finds what was written since
      const { db, rows } = await ready;
      this.#db = db;
      const oldest = Date.now() - KEPT_MS;
      for (const one of rows) {
        if (one.at < oldest) void db.delete('unfinished', one.id);
        else if (one.id.startsWith(`${this.scope}/`)) this.#known.set(one.id, one);
      }
    } catch {
      this.#db = null; // no disk here (a private window): answers live on the page, as the saved state says
    }
    this.#takeLastWords();
  }

  /** What was written in the last moment of an earlier visit, when the database had no time left. */
  #takeLastWords(): void {
    try {
      for (const name of Object.keys(localStorage).filter((one) => one.startsWith(`${LAST_WORDS}${this.scope}/`))) {
        const one = JSON.parse(localStorage.getItem(name) ?? 'null') as Unfinished | null;
        localStorage.removeItem(name);
        if (!one || (this.#known.get(one.id)?.at ?? 0) >= one.at) continue;
        this.#known.set(one.id, one);
        this.#write(one.id);
      }
    } catch {
      // blocked, or rubbish: the database's version stands
    }
  }

  /** What was left under this lease, else under an earlier one of the same task; never answers to other questions. */
  find(lease: string, task: string, schema: number): Unfinished | null {
    for (const id of [...this.#late.keys()]) this.#copy(id);
    const own = this.#known.get(`${this.scope}/${lease}`);
    const fits = (one: Unfinished) => one.schema === schema;
    if (own) return fits(own) ? own : null;
    const earlier = [...this.#known.values()].filter((one) => task !== '' && one.task === task && fits(one));
    return earlier.reduce<Unfinished | null>((last, one) => (last && last.at > one.at ? last : one), null);
  }

  /** `left` is asked for once the present change is on the screen, or the page is left before that. */
  keep(lease: string, left: () => Left): void {
    const id = `${this.scope}/${lease}`;
    this.#late.set(id, left);
    // At once, then at most four times a second while keys go on.
    if (this.#waiting.has(id)) return void this.#dirty.add(id);
    afterPaint(() => this.#write(id));
    this.#waiting.set(id, setTimeout(() => {
      this.#waiting.delete(id);
      if (this.#dirty.delete(id) || this.#late.has(id)) this.#write(id);
    }, WAIT_MS));
  }

  #copy(id: string): void {
    const left = this.#late.get(id);
    if (!left) return;
    this.#late.delete(id);
    this.#known.set(id, { ...left(), id, at: Date.now() });
  }

  drop(lease: string): void {
    const id = `${this.scope}/${lease}`;
    clearTimeout(this.#waiting.get(id));
    this.#waiting.delete(id);
    this.#dirty.delete(id);
    this.#copy(id);
    const task = this.#known.get(id)?.task;
    for (const one of [...this.#known.values()]) {
      // An answer ends the half of it that an earlier lease of the task left.
      if (one.id !== id && !(task && one.task === task)) continue;
      this.#known.delete(one.id);
      void this.#db?.delete('unfinished', one.id).catch(() => undefined);
    }
  }

  /** The page is being left: what waits is written where that takes no time; the database might not get any. */
  flush(): void {
    for (const id of new Set([...this.#dirty, ...this.#late.keys()])) {
      this.#copy(id);
      const one = this.#known.get(id);
      try {
        if (one) localStorage.setItem(LAST_WORDS + id, JSON.stringify(one));
      } catch {
        this.#write(id); // no room there: the database may still make it
      }
    }
    this.#dirty.clear();
  }

  #write(id: string): void {
    this.#copy(id);
    const one = this.#known.get(id);
    if (one && this.#db) this.#put(this.#db, one).catch(this.onfail);
  }

  /** Values that a page watches cannot be copied by a database: then as JSON, which answers are. Only then: it takes long. */
  #put(db: IDBPDatabase<Schema>, one: Unfinished): Promise<unknown> {
    return db.put('unfinished', one).catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
      return db.put('unfinished', { ...one, values: JSON.parse(JSON.stringify(one.values)) as Answers });
    });
  }
}
