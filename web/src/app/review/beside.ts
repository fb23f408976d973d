// Which blocks of a row stand beside an answer: all but those that the answer itself is drawn on, and what would be empty. Pure.
import type { Answers, Block, Project, TaskView } from '../../lib/api/types';
import { contentOf, isThere } from '../../blocks';

const DRAWN = new Set(['spans', 'boxes', 'polygons', 'keypoints']);

/** The blocks of the project for this task, beside answers of which at least one is shown. */
export function besideOf(project: Project, task: TaskView, answers: Answers[]): Block[] {
  const drawn = new Set(project.questions.filter((one) => DRAWN.has(one.kind) && answers.some((each) => each[one.name])).map((one) => one.on));
  return contentOf(project).filter((one) => !drawn.has(one.column) && isThere(one, task.content));
}
