// How long hands are on a task: runs while the page is visible and somebody moves. What it says is a claim; the server counts
// it only as far as its own clock allows (tawsim/labelling/hours.py). No drawing, no network.

const HANDS = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchmove', 'input'] as const;

export class Watch {
  #spent = 0;
  /** When hands moved last; null while the page is hidden or the watch is not running. */
  #last: number | null = null;
  #on = false;

  /** `idleMs`: a longer pause counts as this long. `now` in ms, of a clock that cannot be set. */
  constructor(private idleMs: () => number, private now: () => number = () => performance.now()) {}

  start(): void {
    if (this.#on) return;
    this.#on = true;
    for (const name of HANDS) addEventListener(name, this.#moved, { passive: true, capture: true });
    document.addEventListener('visibilitychange', this.#turned);
    this.#last = document.hidden ? null : this.now();
  }

  stop(): void {
    this.#on = false;
    for (const name of HANDS) removeEventListener(name, this.#moved, { capture: true });
    document.removeEventListener('visibilitychange', this.#turned);
    this.#last = null;
  }

  /** Milliseconds since the last `reset`, whole. */
  read(): number {
    this.#count();
    return Math.round(this.#spent);
  }

  /** Time of an answer that was taken back before it went out. */
  add(ms: number): void {
    this.#spent += ms;
  }

  reset(): void {
    this.#count();
    this.#spent = 0;
  }

  #count(): void {
    if (this.#last === null) return;
    const now = this.now();
    this.#spent += Math.min(now - this.#last, this.idleMs());
    this.#last = now;
  }

  #moved = (): void => {
    if (document.hidden) return;
    if (this.#last === null) this.#last = this.now();
    else this.#count();
  };

  #turned = (): void => {
    this.#count();
    this.#last = document.hidden ? null : this.now();
  };
}
