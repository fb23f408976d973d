// The next tasks, fetched ahead: leases held, topped up, kept alive, given back. Knows nothing of answers or of the screen.
import { afterPaint } from './afterpaint';
import { api, ApiError, serverNow } from './api/client';
import type { LeasedTask, None, Standing } from './api/types';

const LOW_WATER = 2;
const TICK_MS = 15_000;

interface Held extends LeasedTask {
  /** When the server last promised this lease, on this page's own clock (ms); wall clocks may be wrong. */
  seenAt: number;
}

export class Prefetch {
  ahead = $state.raw<Held[]>([]);
  none = $state.raw<None | null>(null);
  standing = $state.raw<Standing | null>(null);
  /** The last attempt got no answer at all. */
  offline = $state(false);
  error = $state.raw<ApiError | null>(null);
  asking = $state(false);

  #known = new Set<string>();
  #current: Held | null = null;
  #timer: ReturnType<typeof setInterval>;
  #asked: Promise<void> | null = null;
  #stopped = false;

  /** `maxLeases` and `leaseSeconds` are the project's; both may be corrected later through `settings`. */
  constructor(
    readonly project: string,
    private isAnswered: (lease: string) => boolean,
    private settings: () => { maxLeases: number; leaseSeconds: number },
  ) {
    this.#timer = setInterval(() => void this.#keepAlive(), TICK_MS);
    document.addEventListener('visibilitychange', this.#onVisible);
    addEventListener('pagehide', this.#onHide);
    addEventListener('pageshow', this.#onShow);
  }

  /** The next task, at once if one is ahead. */
  take(): LeasedTask | null {
    const [first, ...rest] = this.ahead;
    this.ahead = rest;
    this.#current = first ?? null;
    if (rest.length <= LOW_WATER) afterPaint(() => void this.topUp());
    return first ?? null;
  }

  /** Puts a task in front: the one that was on screen before an undo. */
  putBack(task: LeasedTask): void {
    this.#known.add(task.lease.id);
    this.ahead = [{ seenAt: performance.now(), ...task }, ...this.ahead.filter((one) => one.lease.id !== task.lease.id)];
  }

  /** Names the task on screen where it did not come from `take`. */
  hold(task: LeasedTask | null): void {
    if (task) this.#known.add(task.lease.id);
    this.#current = task ? { seenAt: performance.now(), ...task } : null;
  }

  /** Asks for more where few are left. `force` asks even after “none”. */
  topUp(force = false): Promise<void> {
    if (this.#stopped || this.#asked) return this.#asked ?? Promise.resolve();
    if (this.ahead.length > LOW_WATER || (this.none && this.ahead.length > 0 && !force)) return Promise.resolve();
    this.asking = true;
    this.#asked = this.#ask().finally(() => {
      this.#asked = null;
      this.asking = false;
    });
    return this.#asked;
  }

  async #ask(): Promise<void> {
    try {
      const { leases, none, standing = null } = await api.next(this.project, this.settings().maxLeases);
      if (this.#stopped) return;
      const fresh = leases.filter(({ lease }) => !this.#known.has(lease.id) && !this.isAnswered(lease.id));
      for (const { lease } of fresh) this.#known.add(lease.id);
      // A lease held since before a reload is older than this answer: its deadline says by how much.
      const age = ({ lease }: LeasedTask) => Math.max(0, this.settings().leaseSeconds * 1000 - (lease.deadline / 1000 - serverNow()));
      this.ahead = [...this.ahead, ...fresh.map((one) => ({ ...one, seenAt: performance.now() - age(one) }))];
      // Their pictures and sounds come ahead of them, once the present change is painted.
      if (fresh.length > 0) afterPaint(() => void import('../blocks/ahead').then(({ warm }) => fresh.forEach((one) => warm(one.task))));
      this.none = none;
      this.standing = standing;
      this.offline = false;
      this.error = null;
    } catch (error) {
      if (error instanceof ApiError && error.status < 500 && error.status !== 429) this.error = error;
      else this.offline = true;
    }
  }

  /** The lease was lost or its answer refused: forget it, so that the server may hand the task out again. */
  forget(lease: string): void {
    this.#known.delete(lease);
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisible);
    removeEventListener('pagehide', this.#onHide);
    removeEventListener('pageshow', this.#onShow);
    this.#giveBack(false);
  }

  /** Renews what is older than a third of its life; what the server no longer knows leaves the list. */
  async #keepAlive(): Promise<void> {
    if (document.hidden || this.#stopped) return;
    const old = performance.now() - (this.settings().leaseSeconds * 1000) / 3;
    const held = [...(this.#current ? [this.#current] : []), ...this.ahead].filter((one) => one.seenAt < old && !this.isAnswered(one.lease.id));
    for (const one of held) {
      try {
        await api.heartbeat(one.lease.id);
        one.seenAt = performance.now();
      } catch (error) {
        if (!(error instanceof ApiError)) return;
        if (error.status !== 409 && error.status !== 404) continue;
        // On screen it stays: if its slot is still free, a late answer counts.
        one.seenAt = Number.POSITIVE_INFINITY;
        this.ahead = this.ahead.filter((other) => other !== one);
        this.forget(one.lease.id);
      }
    }
    if (this.ahead.length <= LOW_WATER && this.#current) void this.topUp();
  }

  /** Unopened tasks go back to the others at once instead of waiting for their leases to end. */
  #giveBack(keepalive: boolean): void {
    for (const { lease } of this.ahead) void api.release(lease.id, keepalive).catch(() => undefined);
    this.ahead = [];
  }

  #onVisible = (): void => void this.#keepAlive();
  #onHide = (): void => this.#giveBack(true);
  #onShow = (event: PageTransitionEvent): void => {
    if (event.persisted) location.reload(); // back from the browser's cache: the leases were given back
  };
}
