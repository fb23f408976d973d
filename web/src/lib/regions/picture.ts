// Where the picture or the sound of a task is: its file of the project, or the data: address in the row itself. Nothing from outside.
import type { Question } from '../api/types';
import type { Shown } from '../../kinds/kind';

/** `missing`: the row names nothing. `outside`: neither a file of this project nor a data: address of that type. */
export type Found = { url: string; name: string } | { problem: 'missing' | 'outside'; name: string };

const RASTER = /^data:image\/(?:png|jpe?g|webp|gif|bmp|avif)[;,]/i;
const SOUND = /^data:(?:audio|video)\/[\w.+-]+[;,]/i;

/** The medium that the question works on. */
export function mediumOf(question: Question, shown: Shown, type: 'image' | 'audio'): Found {
  const column = shown.block?.column || question.on;
  const value = shown.task.content[column];
  if (typeof value !== 'string' || value === '') return { problem: 'missing', name: column };
  const file = shown.task.media?.[value];
  if (file) return { url: file.url, name: value };
  const isData = (type === 'image' ? RASTER : SOUND).test(value);
  return isData ? { url: value, name: '' } : { problem: 'outside', name: value.slice(0, 120) };
}
