// Brings the renderer and KaTeX when they are first needed, and has them at once afterwards.
import type { Formula, Rendered } from './render';
import type { Direction } from '../bidi';

type Render = (text: string, turned: Direction) => Rendered;
let render: Render | null = null;
let drawMaths: ((place: HTMLElement, tex: string, display: boolean) => void) | null = null;

export const renderer = (): Render | null => render;

/** Fetches the renderer; rejects where the server is away. */
export async function loadRenderer(): Promise<Render> {
  render ??= (await import('./render')).render;
  return render;
}

const BUDGET_MS = 800;

/** Draws the formulas in their places. What is none keeps its source, with the reason as its title. */
export async function drawFormulas(formulas: Formula[]): Promise<void> {
  if (formulas.length === 0) return;
  drawMaths ??= (await import('./maths')).drawMaths;
  const until = performance.now() + BUDGET_MS;
  for (const { place, tex, display } of formulas) {
    if (performance.now() > until) return; // the rest stays readable as source
    try {
      drawMaths(place, tex, display);
    } catch (problem) {
      place.classList.add('unread');
      place.title = problem instanceof Error ? problem.message : String(problem);
    }
  }
}
