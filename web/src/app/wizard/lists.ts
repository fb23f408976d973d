// Moving a thing in a list by Alt with an arrow, and focus that stays with it.
import { tick } from 'svelte';

/** Handles Alt+↑/↓ inside an item. `move` says whether it moved; focus stays on the control that had it. */
export function altMoves(event: KeyboardEvent, move: (by: 1 | -1) => boolean): void {
  if (!event.altKey || event.ctrlKey || event.metaKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
  event.preventDefault();
  event.stopPropagation();
  const focus = document.activeElement;
  if (!move(event.key === 'ArrowUp' ? -1 : 1)) return;
  void tick().then(() => {
    if (focus instanceof HTMLElement && focus.isConnected) {
      focus.focus({ preventScroll: true });
      focus.scrollIntoView({ block: 'nearest' });
    }
  });
}

/** Focus after something was taken out of a list: what stands in its place now, else the button that adds. */
export function focusAfter(list: HTMLElement | undefined, place: number): void {
  void tick().then(() => {
    const items = list?.querySelectorAll<HTMLElement>(':scope > [data-item]') ?? [];
    const item = items[Math.min(place, items.length - 1)];
    (item?.querySelector<HTMLElement>('[data-first]') ?? list?.parentElement?.querySelector<HTMLElement>('[data-add]'))?.focus();
  });
}
