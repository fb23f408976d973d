// Selecting in a laid text by pointer. Mouse: drag, double click. Touch: the first word, then the last, or the handles.
// The browser's own selection does the dragging (it scrolls, it can be copied); it is read, snapped and taken over.
import type { TextLayout } from './layout';
import type { Stretch } from './offsets';

export interface Pointing {
  /** A stretch while it is dragged (`done` false), and when the button is let go. Not snapped. */
  drag(stretch: Stretch, done: boolean, exact: boolean): void;
  /** A click or a tap on the letter at `unit`, or beside the text. */
  tap(unit: number | null, touch: boolean, exact: boolean): void;
  /** A handle is dragged to `unit`. */
  pull(edge: 'start' | 'end', unit: number): void;
}

const LETTER = 12; // units: more than one letter with its signs has

/** Listens on `surface` until the function that comes back is called. */
export function listen(surface: HTMLElement, layout: TextLayout, pointing: Pointing): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let pressed: { x: number; y: number; at: number | null; touch: boolean; exact: boolean } | null = null;
  let pointer = { x: 0, y: 0 };
  let pulled: { edge: 'start' | 'end'; dx: number; dy: number } | null = null;

  function selected(): Stretch | null {
    const chosen = getSelection();
    const moved = pressed ? Math.hypot(pointer.x - pressed.x, pointer.y - pressed.y) : 0;
    const at = moved > 3 ? pressed!.at : null;
    const here = at === null ? null : layout.edgeAt(pointer.x, pointer.y);
    if (!chosen?.anchorNode || !chosen.focusNode) return null;
    // One letter with its signs may be nothing to the browser.
    if (chosen.isCollapsed) return moved > 6 && at !== null && here !== null && at !== here && Math.abs(at - here) <= LETTER ? { start: Math.min(at, here), end: Math.max(at, here) } : null;
    const from = layout.unitOf(chosen.anchorNode, chosen.anchorOffset);
    const to = layout.unitOf(chosen.focusNode, chosen.focusOffset);
    if (from === null && to === null) return null;
    // One end lies outside: the selection goes to that edge of the text.
    const beyond = (node: Node) => (layout.host.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING ? 0 : layout.text.text.length);
    const a = at ?? from ?? beyond(chosen.anchorNode);
    const b = here ?? to ?? beyond(chosen.focusNode);
    if (a === b) return null;
    const passed = at === null || pressed!.exact ? [] : [layout.passedAt(pressed!.x, pressed!.y, pointer), layout.passedAt(pointer.x, pointer.y, pressed!)];
    const ends = [a, b, ...passed.flatMap((one) => (one ? [one.start, one.end] : []))];
    return { start: Math.min(...ends), end: Math.max(...ends) };
  }

  const handleOf = (target: EventTarget | null): HTMLElement | null => (target instanceof HTMLElement ? target.closest<HTMLElement>('[data-handle]') : null);

  surface.addEventListener('pointerdown', (event) => {
    const handle = handleOf(event.target);
    if (handle) {
      // The finger hides the word: what counts is where the edge itself was when the handle was taken.
      const { left, width, top } = handle.getBoundingClientRect();
      pulled = { edge: handle.dataset.handle as 'start' | 'end', dx: left + width / 2 - event.clientX, dy: top - 8 - event.clientY };
      surface.setPointerCapture(event.pointerId);
      event.preventDefault();
      return;
    }
    if (event.button !== 0) return;
    pointer = { x: event.clientX, y: event.clientY };
    // A second click selects a word: the browser knows which.
    pressed = { ...pointer, at: layout.edgeAt(pointer.x, pointer.y), touch: event.pointerType === 'touch', exact: event.altKey };
  }, { signal });

  surface.addEventListener('pointermove', (event) => {
    pointer = { x: event.clientX, y: event.clientY };
    if (!pulled) return;
    const [x, y] = [event.clientX + pulled.dx, event.clientY + pulled.dy];
    const unit = layout.edgeAt(x, y) ?? layout.unitAt(x, y);
    if (unit !== null) pointing.pull(pulled.edge, unit);
  }, { signal });

  document.addEventListener('selectionchange', () => {
    if (!pressed || pressed.touch) return;
    const stretch = selected();
    if (stretch) pointing.drag(stretch, false, pressed.exact);
  }, { signal });

  document.addEventListener('pointerup', (event) => {
    const was = pressed;
    pointer = { x: event.clientX, y: event.clientY };
    const stretch = was ? selected() : null;
    pressed = null;
    if (pulled) return void (pulled = null);
    if (!was) return;
    if (stretch) {
      getSelection()?.removeAllRanges();
      pointing.drag(stretch, true, was.exact || event.altKey);
    } else if (Math.hypot(event.clientX - was.x, event.clientY - was.y) < 10) {
      pointing.tap(layout.letterAt(event.clientX, event.clientY), was.touch, was.exact);
    }
  }, { signal });

  document.addEventListener('pointercancel', () => ((pressed = null), (pulled = null)), { signal });
  return () => stop.abort();
}
