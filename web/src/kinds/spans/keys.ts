// Which key does what to the spans of a text. What is then done stands in labeller.svelte.ts.
import type { Press } from '../../lib/keyboard';
import type { Way } from '../../lib/spans/move';
import type { Labeller } from './labeller.svelte';

const WAYS: Record<string, Way> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };

/** A key press of the page; true if it was ours. */
export function pressed(labeller: Labeller, press: Press): boolean {
  if (press.is === 'digit') return labeller.number(press.digit);
  if (press.is === 'letter') {
    if (press.letter === 'E') return labeller.toggleExact(), true;
    return press.letter === 'R' && labeller.startRelation();
  }
  if (press.is === 'sign') return sign(labeller, press.code, press.shift);
  return press.is === 'named' && named(labeller, press.name, press.shift, press.ctrl);
}

function sign(labeller: Labeller, code: string, shift: boolean): boolean {
  if (code === 'Period') return labeller.step(1);
  if (code === 'Comma') return labeller.step(-1);
  if (code !== 'Minus' && code !== 'Equal') return false;
  labeller.nudge(shift ? 'start' : 'end', code === 'Equal');
  return true;
}

function named(labeller: Labeller, name: string, shift: boolean, ctrl: boolean): boolean {
  const { chosen, relating } = labeller;
  const way = WAYS[name];
  if (way) return arrow(labeller, way, shift && !relating, ctrl && !relating);
  if (name === 'Home' || name === 'End') return labeller.toEnd(name === 'Home' ? 'first' : 'last', shift);
  if (name === 'Enter') return labeller.enter();
  if (name === 'Space') return labeller.chooseHere();
  if (name === 'Tab') return chosen >= 0 && labeller.step(shift ? -1 : 1);
  if (name === 'Delete') return chosen >= 0 && !relating && (labeller.remove(), true);
  if (name === 'Backspace') {
    if (chosen >= 0 && !relating) return labeller.remove(), true;
    return (labeller.selection !== null || relating) && labeller.back();
  }
  return name === 'Escape' && labeller.back();
}

function arrow(labeller: Labeller, way: Way, shift: boolean, ctrl: boolean): boolean {
  labeller.touch = false;
  if (shift) labeller.extend(way, ctrl || labeller.exact);
  else {
    // Ctrl: letter by letter from where the cursor is.
    if (ctrl && !labeller.exact) labeller.toggleExact();
    labeller.move(way);
  }
  return true;
}
