// What the page of tasks holds: the filter and columns as they stand in the address, the rows that came, the choice among them.
import { ApiError } from '../../lib/api/client';
import { table, type Facts, type Page, type Row } from '../../lib/api/table';
import { paths } from '../router.svelte';

const LIMIT = 100;
const AGAIN_MS = 700;
const AHEAD = 60; // rows below the last shown one at which more are asked for

export class Board {
  rows = $state.raw<Row[]>([]);
  page = $state.raw<Page | null>(null);
  facts = $state.raw<Facts | null>(null);
  error = $state.raw<unknown>(null);
  /** What is wrong with the filter itself; the rows of the one before stay. */
  wrong = $state.raw<{ q: string; error: ApiError } | null>(null);
  busy = $state(true);
  current = $state(0);
  chosen = $state.raw<ReadonlySet<number>>(new Set());
  /** All that the filter finds is chosen, those that did not come yet too. */
  all = $state(false);
  q = $state('');
  columns = $state.raw<string[]>([]);
  private anchor = -1;
  private turn = 0;

  constructor(readonly project: string) {
    this.readAddress();
  }

  /** Takes filter and columns from the address; whether anything changed. */
  readAddress(): boolean {
    const ask = new URLSearchParams(location.search);
    const q = ask.get('q') ?? ask.get('filter') ?? '';
    const columns = (ask.get('columns') ?? '').split('\t').filter(Boolean);
    if (q === this.q && columns.join('\t') === this.columns.join('\t')) return false;
    this.q = q;
    this.columns = columns;
    return true;
  }

  /** The address that holds this filter and these columns. */
  address(q = this.q, columns = this.columns, open = ''): string {
    const ask = new URLSearchParams();
    if (q) ask.set('q', q);
    if (columns.length > 0) ask.set('columns', columns.join('\t'));
    if (open) ask.set('open', open);
    return paths.of('tasks', this.project, '', ask.toString());
  }

  /** Goes to another filter or other columns, as a step of the history. */
  ask(q: string, columns = this.columns): void {
    history.pushState(null, '', this.address(q, columns));
    if (this.readAddress()) void this.load();
  }

  get contentColumns(): string[] {
    const named = this.columns.filter((one) => one.startsWith('.')).map((one) => one.slice(1));
    return named.length > 0 ? named : this.facts ? [this.facts.text_column] : [];
  }

  /** The first page, anew. `quiet`: what is chosen and where one is stay. */
  async load(quiet = false): Promise<void> {
    const mine = ++this.turn;
    this.busy = true;
    if (!quiet) this.choose(new Set());
    try {
      if (!this.facts) this.facts = await table.facts(this.project);
      for (;;) {
        const wanted = quiet ? Math.min(1000, Math.max(LIMIT, this.rows.length)) : LIMIT;
        const found = await table.page(this.project, this.q, null, this.contentColumns, wanted);
        if (mine !== this.turn) return;
        this.page = found;
        this.wrong = null;
        this.error = null;
        if (found.waits.length === 0) {
          this.rows = found.tasks;
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
        if (mine !== this.turn) return;
      }
      if (!quiet || this.current >= this.rows.length) this.current = 0;
    } catch (caught) {
      if (mine !== this.turn) return;
      if (caught instanceof ApiError && caught.status === 400 && 'place' in caught.details) this.wrong = { q: this.q, error: caught };
      else this.error = caught;
    } finally {
      if (mine === this.turn) this.busy = false;
    }
    // A truth that is still learned shows in the rows once it is there.
    if (this.page && !this.page.has_truth && this.page.total && mine === this.turn) setTimeout(() => { if (mine === this.turn && !this.error && !this.wrong) void this.load(true); }, 2 * AGAIN_MS);
  }

  /** More rows, where the last shown one is near the end of those that came. */
  async more(last: number): Promise<void> {
    if (this.busy || !this.page?.next || last < this.rows.length - AHEAD) return;
    const mine = this.turn;
    this.busy = true;
    try {
      const found = await table.page(this.project, this.q, this.page.next, this.contentColumns, LIMIT);
      if (mine !== this.turn || found.waits.length > 0) return;
      this.rows = [...this.rows, ...found.tasks];
      this.page = found;
    } catch (caught) {
      if (mine === this.turn) this.error = caught;
    } finally {
      if (mine === this.turn) this.busy = false;
    }
  }

  async loadFacts(): Promise<void> {
    this.facts = await table.facts(this.project).catch(() => this.facts);
  }

  // ---- choosing ----
  get count(): number {
    return this.all ? (this.page?.total ?? 0) : this.chosen.size;
  }

  choose(chosen: ReadonlySet<number>): void {
    this.chosen = chosen;
    this.all = false;
    if (chosen.size === 0) this.anchor = -1;
  }

  isChosen(row: Row): boolean {
    return this.all || this.chosen.has(row.seq);
  }

  /** Chooses a row or lets it go. */
  toggle(index: number): void {
    const row = this.rows[index];
    if (!row) return;
    const next = new Set(this.all ? this.rows.map((one) => one.seq) : this.chosen);
    if (!next.delete(row.seq)) next.add(row.seq);
    this.choose(next);
    this.anchor = index;
  }

  /** Moves, and with `extend` chooses everything between where choosing began and there. */
  move(to: number, extend: boolean): void {
    const target = Math.max(0, Math.min(this.rows.length - 1, to));
    if (extend) {
      if (this.anchor < 0) this.anchor = this.current;
      const [from, until] = [Math.min(this.anchor, target), Math.max(this.anchor, target)];
      const anchor = this.anchor;
      this.choose(new Set(this.rows.slice(from, until + 1).map((one) => one.seq)));
      this.anchor = anchor;
    }
    this.current = target;
  }
}
