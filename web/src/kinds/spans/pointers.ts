// What a mouse, a pen or a finger does to the spans of a text. What is then done stands in labeller.svelte.ts.
import { announce } from '../../lib/announce.svelte';
import { t } from '../../lib/i18n.svelte';
import type { Stretch } from '../../lib/spans/offsets';
import type { Labeller } from './labeller.svelte';

/** A drag goes over `stretch`; `done`: the button was let go. */
export function dragged(labeller: Labeller, stretch: Stretch, done: boolean, exact: boolean): void {
  const { text, relating, armed } = labeller;
  labeller.touch = false;
  const snapped = text.snap(stretch, exact || labeller.exact);
  if (!relating) labeller.chosen = -1;
  if (!snapped) return void (labeller.selection = null);
  labeller.edges.forget();
  labeller.selection = { ...snapped, forward: true, tapped: false };
  labeller.cursor = text.wordAt(snapped.start) ?? snapped;
  labeller.said = '';
  if (!done) return;
  if (armed && !relating) labeller.make(snapped, armed);
  else announce(labeller.short(text.quote(snapped)));
}

/** A press on one place; null: beside the text. */
export function tapped(labeller: Labeller, unit: number | null, touch: boolean, exact: boolean): void {
  const { text, relating } = labeller;
  labeller.touch = touch;
  if (unit === null) {
    labeller.selection = null;
    if (!relating) labeller.chosen = -1;
    return;
  }
  const place = exact || labeller.exact ? text.graphemeAt(unit) : text.wordAt(unit);
  if (relating) return void labeller.chooseOver(unit);
  if (touch) return byFinger(labeller, unit, place);
  if (labeller.chooseOver(unit)) return;
  labeller.selection = null;
  labeller.chosen = -1;
  if (place) labeller.stand(place);
}

/** The first word, then the last one. On a span the first tap chooses it, the second begins a selection in it. */
function byFinger(labeller: Labeller, unit: number, place: Stretch | null): void {
  const { selection, armed, text } = labeller;
  if (selection?.tapped && place) {
    const start = Math.min(selection.start, place.start);
    const end = Math.max(selection.end, place.end);
    labeller.selection = { start, end, forward: true, tapped: false };
    if (armed) return labeller.make({ start, end }, armed);
    return announce(labeller.short(text.quote({ start, end })));
  }
  const there = labeller.over(unit);
  if (!selection && !armed && there.length > 0 && !there.includes(labeller.chosen)) return labeller.choose(there[0]!);
  if (!place) return;
  labeller.chosen = -1;
  labeller.cursor = place;
  labeller.selection = { ...place, forward: true, tapped: true };
  labeller.say(t('span_tap_last', { text: labeller.short(text.quote(place)) }));
}
