// Where the edges of a stretch of text go: by steps, by a pulled handle, by arrow keys that extend it. It changes no answer.
import { stopAfter, stopBefore } from '../../lib/spans/clitics';
import type { Mover, Way } from '../../lib/spans/move';
import type { SpanText, Stretch } from '../../lib/spans/offsets';

/** A stretch, and which end of it moves next: the later one (`forward`) or the earlier one. */
export interface Extended extends Stretch {
  forward: boolean;
}

const ahead = (start: number, end: number): Extended => ({ start, end, forward: true });
const back = (start: number, end: number): Extended => ({ start, end, forward: false });

export class Edges {
  /** While the same arrow extends, it keeps leading the same way in the text, whatever run it crosses. */
  #lead: { way: Way; on: boolean } | null = null;

  constructor(private readonly text: SpanText, private readonly mover: Mover) {}

  /** The next arrow that extends begins anew. */
  forget(): void {
    this.#lead = null;
  }

  /** One edge a step further out or in: a letter in exact mode, else a part of a word. */
  nudged(here: Stretch, edge: 'start' | 'end', outward: boolean, exact: boolean): Stretch | null {
    const on = outward === (edge === 'end');
    const at = here[edge];
    const step = exact ? (on ? this.text.edgeAfter(at) : this.text.edgeBefore(at)) : (on ? stopAfter : stopBefore)(this.text, at, edge);
    if (step === null) return null;
    return edge === 'start' ? { start: step, end: here.end } : { start: here.start, end: step };
  }

  /** One edge at `unit`, or as near to it as words allow. */
  pulled(here: Stretch, edge: 'start' | 'end', unit: number, exact: boolean): Stretch | null {
    const wanted = edge === 'start' ? { start: Math.min(unit, here.end - 1), end: here.end } : { start: here.start, end: Math.max(unit, here.start + 1) };
    const snapped = this.text.snap(wanted, exact);
    // Only the edge that is held may move: the other one may stand inside a word on purpose.
    return snapped && (edge === 'start' ? { start: snapped.start, end: here.end } : { start: here.start, end: snapped.end });
  }

  /** `here` extended by an arrow. `forward`: which end moved last; null: none yet. */
  extended(here: Stretch, forward: boolean | null, way: Way, exact: boolean): Extended | null {
    const head = (forward === false ? this.mover.at(here.start, exact) : this.mover.at(this.text.edgeBefore(here.end), exact)) ?? here;
    if (way === 'up' || way === 'down') return this.#byLine(here, forward, this.mover.move(head, way, exact));
    if (this.#lead === null || (this.#lead.way !== way && forward === null)) this.#lead = { way, on: this.mover.leadsOn(head, way, exact) };
    return (this.#lead.way === way) === this.#lead.on ? this.#on(here, forward, exact) : this.#back(here, forward, exact);
  }

  #byLine(here: Stretch, forward: boolean | null, to: Stretch | null): Extended | null {
    const anchor = forward === false ? here.end : here.start;
    if (!to) return null;
    return to.start >= anchor ? ahead(anchor, to.end) : back(to.start, anchor);
  }

  #on(here: Stretch, forward: boolean | null, exact: boolean): Extended {
    if (forward !== false) return ahead(here.start, (exact ? this.text.edgeAfter(here.end) : this.mover.after(here.end, false)?.end) ?? here.end);
    const next = exact ? this.text.edgeAfter(here.start) : (this.mover.after((this.mover.at(here.start, false) ?? here).end, false)?.start ?? here.end);
    return next < here.end ? back(next, here.end) : ahead(here.start, here.end);
  }

  #back(here: Stretch, forward: boolean | null, exact: boolean): Extended {
    if (forward === true) {
      const last = this.mover.at(this.text.edgeBefore(here.end), false);
      const previous = exact ? this.text.edgeBefore(here.end) : (last ? (this.mover.before(last.start, false)?.end ?? here.start) : here.start);
      if (previous > here.start) return ahead(here.start, previous);
    }
    if (!exact) return back(this.mover.before(here.start, false)?.start ?? here.start, here.end);
    // By letters, a fresh selection is first made shorter at the end that was left.
    const shorter = this.text.edgeBefore(here.end);
    return forward === null && shorter > here.start ? ahead(here.start, shorter) : back(this.text.edgeBefore(here.start), here.end);
  }
}
