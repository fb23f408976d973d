// Which picture or sound of the task a question works on.
import type { Question } from '../api/types';
import { mediaOf, shortName, type Family } from '../../blocks/media';
import type { Shown } from '../../kinds/kind';

/** `missing`: the row names nothing. `outside`: neither a file of this project nor a data: address of a type that is shown. */
export type Medium = { url: string; name: string } | { problem: 'missing' | 'outside'; name: string };

/** The medium in the column that the question works on. */
export function mediumOf(question: Question, shown: Shown, family: Family): Medium {
  const column = question.on || shown.block?.column || '';
  const value = shown.task.content[column];
  const found = mediaOf(shown.task, value, family);
  if (found === 'empty') return { problem: 'missing', name: column };
  if (typeof found === 'string') return { problem: 'outside', name: shortName(value) };
  return { url: found.src, name: found.media ? shortName(value) : '' };
}
