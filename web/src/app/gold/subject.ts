// What the editor of a known answer is opened with: a task that has one, or one of the work. Pure.
import type { Purpose } from '../../lib/api/gold';
import type { Answers, Asks, Media, Project, TaskView } from '../../lib/api/types';
import { itemText } from '../../lib/bidi';
import { kindOf } from '../../kinds';

export interface Subject {
  task_id: string;
  seq: number;
  content: Record<string, unknown>;
  media: Record<string, Media>;
  purpose: Purpose;
  answers: Answers | null;
  explanation: string;
  version: number | null;
  asks?: Asks | null;
}

/** The task as a lead sees it: candidates under their own names, nothing drawn. */
export function viewOf(project: Project, subject: Subject): TaskView {
  const candidates: NonNullable<TaskView['candidates']> = {};
  for (const question of project.questions) {
    const columns = (question as { candidates?: string[] }).candidates ?? [];
    if (columns.length > 1) candidates[question.name] = columns.map((name) => ({ name, value: subject.content[name] }));
  }
  // What the row asks is seen by what is asked.
  const content = Object.fromEntries(Object.entries(subject.content).filter(([column]) => column !== project.settings.asks));
  return { id: subject.task_id, seq: subject.seq, content, candidates, suggestions: {}, media: subject.media, asks: subject.asks ?? null } as TaskView;
}

/** Answers in one line. */
export function inWords(project: Project, answers: Answers): string {
  const said = project.questions.filter((one) => answers[one.name] !== undefined && answers[one.name] !== null);
  return said.map((one) => kindOf(one.kind).say(answers[one.name], one)).join(' · ');
}

export const textOf = (project: Project, content: Record<string, unknown>): string => itemText(content, project.text_column);
