// Keys by their place on the keyboard, so that an Arabic, Persian or Dvorak layout does not switch them off. Pure but for listening.
import { prefs } from './prefs.svelte';

type Named =
  | 'Enter' | 'Space' | 'Backspace' | 'Delete' | 'Escape' | 'Tab' | 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight'
  | 'Home' | 'End' | 'PageUp' | 'PageDown';

/**
 * Which key was meant: a digit 0–9, a letter or a sign by its place (`code` such as KeyS, BracketLeft, Minus), or a named
 * key. `shift` is told for named keys and places; `again` for a key that is held down.
 */
export type Press =
  | { is: 'digit'; digit: number; shift: boolean; again: boolean }
  | { is: 'letter'; letter: string; shift: boolean; again: boolean }
  | { is: 'sign'; code: string; shift: boolean; again: boolean }
  | { is: 'named'; name: Named; shift: boolean; ctrl: boolean; again: boolean }
  | { is: 'help' }
  | { is: 'find' };

const NAMED = new Set([
  'Enter', 'Backspace', 'Delete', 'Escape', 'Tab', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown',
]);
const SIGNS = new Set(['BracketLeft', 'BracketRight', 'Minus', 'Equal', 'Comma', 'Period', 'Semicolon', 'Quote', 'Backslash', 'Backquote']);

/** Reads a key event; null where it means nothing to us or belongs to a shortcut of the browser. */
export function readPress(event: KeyboardEvent): Press | null {
  if (event.altKey || event.isComposing) return null;
  const shift = event.shiftKey;
  const again = event.repeat;
  const ctrl = event.ctrlKey || event.metaKey;
  const key = event.code === 'NumpadEnter' ? 'Enter' : event.key;
  if (ctrl && !['Enter', 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(key)) return null;
  if (NAMED.has(key)) return { is: 'named', name: key as Named, shift, ctrl, again };
  if (event.code === 'Space') return { is: 'named', name: 'Space', shift, ctrl, again };
  if (!prefs.singleKeys) return null; // WCAG 2.1.4: keys of one character can be switched off
  if (key === '?' || key === '؟') return { is: 'help' };
  if (event.code === 'Slash' && !shift) return { is: 'find' };
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code)?.[1];
  if (digit) return { is: 'digit', digit: Number(digit), shift, again };
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  if (letter) return { is: 'letter', letter, shift, again };
  return SIGNS.has(event.code) ? { is: 'sign', code: event.code, shift, again } : null;
}

/** Is somebody writing, so that keys are letters? */
export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
    || (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(target.type));
}

/** Would Enter or Space already do something on the element in focus? */
export function isControl(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href], summary, input, select, textarea') !== null;
}
