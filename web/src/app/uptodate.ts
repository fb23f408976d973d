// The questions of a project whose rows say what they ask may grow while a page is open: a task may ask what the page does not
// know yet. Asks the server then; draws nothing.
import { contentOf, loadBlocks } from '../blocks';
import { knows, loadKinds } from '../kinds';
import { covers } from '../kinds/asks';
import { lookAhead } from '../lib/api/ahead';
import { api, part } from '../lib/api/client';
import type { Project, ProjectOverview, TaskView } from '../lib/api/types';

/** Brings what is needed to draw this project. */
export async function readyFor(project: Project): Promise<Project> {
  await Promise.all([loadKinds(project.questions), loadBlocks(contentOf(project))]);
  return project;
}

/** The same for the project that was asked for ahead, before it is known who asks. What fails here is told when it is needed. */
export async function readyAhead(id: string): Promise<void> {
  const overview = (await lookAhead('GET', `/projects/${part(id)}`)) as ProjectOverview | null;
  if (overview?.project.questions.every((one) => knows(one.kind))) await readyFor(overview.project);
}

/** The project with all that this task asks: the one at hand, or as it is now. */
export async function projectFor(project: Project, task: TaskView | null | undefined): Promise<Project> {
  return covers(project.questions, task?.asks) ? project : readyFor((await api.project(project.id)).project);
}
