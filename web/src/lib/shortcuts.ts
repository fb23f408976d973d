// The page's own keys: what each does, where it lies on the keyboard, and how a user moves it elsewhere. Pure but for prefs.
import { applyPrefs, prefs } from './prefs.svelte';
import type { Key } from './i18n.svelte';

export type Action = 'undo' | 'skip' | 'direction' | 'guideline' | 'comment' | 'flag' | 'find' | 'before' | 'after' | 'dispute';

/** The place of each key (`KeyboardEvent.code`) unless its user chose another, and the message that says what it does. */
export const ACTIONS: Record<Action, { code: string; words: Key }> = {
  undo: { code: 'Backspace', words: 'key_undo' },
  skip: { code: 'KeyS', words: 'key_skip' },
  comment: { code: 'KeyC', words: 'key_comment' },
  flag: { code: 'KeyF', words: 'key_flag' },
  direction: { code: 'KeyD', words: 'key_direction' },
  guideline: { code: 'KeyG', words: 'key_guideline' },
  find: { code: 'Slash', words: 'key_find' },
  before: { code: 'BracketLeft', words: 'key_before' },
  after: { code: 'BracketRight', words: 'key_after' },
  dispute: { code: 'KeyX', words: 'd_key_dispute' },
};
export const NAMES = Object.keys(ACTIONS) as Action[];

/** Keys that no action may take: answers, moving and leaving live there. */
const TAKEN = /^(Digit\d|Numpad\w+|Arrow\w+|Enter|Escape|Tab|Space|Shift\w+|Control\w+|Alt\w+|Meta\w+|F\d+|CapsLock|ContextMenu)$/;

export const codeOf = (action: Action): string => prefs.keys[action] ?? ACTIONS[action].code;

/** The action on that place of the keyboard. */
export const actionAt = (code: string): Action | null => NAMES.find((one) => codeOf(one) === code) ?? null;

/** Moves an action; false where the place cannot be used. Whatever lay there takes the old place. */
export function remap(action: Action, code: string): boolean {
  if (TAKEN.test(code)) return false;
  const other = actionAt(code);
  const keys = { ...prefs.keys, [action]: code };
  if (other && other !== action) keys[other] = codeOf(action);
  applyPrefs({ keys });
  return true;
}

export const resetKeys = (): void => applyPrefs({ keys: {} });

const CAPS: Record<string, string> = {
  Backspace: '⌫', Delete: 'Del', Slash: '/', BracketLeft: '[', BracketRight: ']', Minus: '-', Equal: '=', Comma: ',', Period: '.',
  Semicolon: ';', Quote: "'", Backslash: '\\', Backquote: '`', PageUp: 'PgUp', PageDown: 'PgDn',
};

/** What is printed on the key at that place of an English keyboard. */
export const capOf = (code: string): string => CAPS[code] ?? code.replace(/^(Key|Digit)/, '');
