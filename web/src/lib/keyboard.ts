// Keys by their place on the keyboard, so that an Arabic, Persian or Dvorak layout does not switch them off. Pure but for listening.
import { prefs } from './prefs.svelte';

/** Which key was meant: a digit 1–9, a letter by its place, or a named key. */
export type Press =
  | { is: 'digit'; digit: number }
  | { is: 'letter'; letter: string }
  | { is: 'named'; name: 'Enter' | 'Space' | 'Backspace' | 'Escape' | 'ArrowUp' | 'ArrowDown' | 'ArrowLeft' | 'ArrowRight' | 'Home' | 'End' }
  | { is: 'help' }
  | { is: 'find' };

const NAMED = new Set(['Enter', 'Backspace', 'Escape', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight', 'Home', 'End']);

/** Reads a key event; null where it means nothing to us or belongs to a shortcut of the browser. */
export function readPress(event: KeyboardEvent): Press | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const key = event.code === 'NumpadEnter' ? 'Enter' : event.key;
  if (NAMED.has(key)) return { is: 'named', name: key as 'Enter' };
  if (event.code === 'Space') return { is: 'named', name: 'Space' };
  if (!prefs.singleKeys) return null; // WCAG 2.1.4: keys of one character can be switched off
  if (key === '?' || key === '؟') return { is: 'help' };
  if (event.shiftKey) return null;
  if (event.code === 'Slash') return { is: 'find' };
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (digit) return { is: 'digit', digit: Number(digit) };
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  return letter ? { is: 'letter', letter } : null;
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
