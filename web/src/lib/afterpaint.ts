// Work that must not stand between a key press and the next picture. Nothing else.

/** Runs `work` once the present change is on the screen; soon, if the page is hidden and nothing is painted. */
export function afterPaint(work: () => void): void {
  if (document.hidden) setTimeout(work, 0);
  else requestAnimationFrame(() => setTimeout(work, 0));
}
