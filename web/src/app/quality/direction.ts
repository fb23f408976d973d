// Which way pictures run: the axis of a picture begins where reading does, so time and speed run from right to left in Arabic.
import { prefs } from '../../lib/prefs.svelte';

export const isRtl = (): boolean => prefs.language === 'ar';

/** Moves focus among `[data-rove]` in `box` by arrow keys; `columns` of a grid, 1 for a row. Only one of them is in the tab order. */
export function rove(event: KeyboardEvent, box: HTMLElement | SVGElement, columns = 1): void {
  const all = [...box.querySelectorAll<HTMLElement | SVGElement>('[data-rove]')];
  const now = all.indexOf(document.activeElement as HTMLElement);
  if (now < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const forward = isRtl() ? 'ArrowLeft' : 'ArrowRight';
  const back = isRtl() ? 'ArrowRight' : 'ArrowLeft';
  const inRow = columns > 1 ? now % columns : now;
  const last = columns > 1 ? columns - 1 : all.length - 1;
  const to =
    event.key === forward ? (inRow < last ? now + 1 : now)
    : event.key === back ? (inRow > 0 ? now - 1 : now)
    : event.key === 'ArrowDown' ? now + columns
    : event.key === 'ArrowUp' ? now - columns
    : event.key === 'Home' ? now - inRow
    : event.key === 'End' ? now - inRow + last
    : -1;
  const next = all[to];
  if (!next) return;
  event.preventDefault();
  for (const one of all) one.setAttribute('tabindex', one === next ? '0' : '-1');
  next.focus();
}
