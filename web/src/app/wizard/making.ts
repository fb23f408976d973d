// How a planned project comes to be: what of the plan goes out, its file brought in step by step, and taking it back.
import { api } from '../../lib/api/client';
import type { ImportReport, Plan } from '../../lib/api/types';
import type { Source } from './sources';

/** A step of making: which, how far (0..1), and the file's name where one goes up. */
export interface Making { step: 'project' | 'media' | 'rows'; share: number; name: string }
export interface Made { project: string; name: string; report: ImportReport | null }

/** The plan as it goes out: a question without a condition has none. */
export function asSent(plan: Plan): Plan {
  const questions = plan.questions.map(({ when, ...rest }) => (when ? { ...rest, when } : rest)) as Plan['questions'];
  return { ...plan, questions };
}

/** Brings pictures, sounds and rows in, telling how far each step is. */
export async function bringIn(project: string, source: Source, plan: Plan, tell: (making: Making) => void): Promise<ImportReport> {
  const told = (step: Making['step'], name: string) => (share: number) => tell({ step, share, name });
  if (source.archive) {
    told('media', source.archiveName)(0);
    await api.uploadArchive(project, source.archiveName, source.archive, told('media', source.archiveName));
  }
  for (const [place, { name, file }] of source.loose.entries()) {
    told('media', name)(place / source.loose.length);
    await api.uploadMedia(project, name, file, () => undefined);
  }
  told('rows', source.name)(0);
  return api.uploadFile(project, source.table, source.name, plan.data.tokens ?? '', told('rows', source.name));
}

/** Removes a project whose file was refused. Where that fails it stays as an empty one; the owner sees it at home. */
export async function takeBack(project: string): Promise<void> {
  try {
    const { project: there } = await api.project(project);
    await api.changeProject(project, { seen_version: there.version, state: 'removed' });
  } catch {
    // told above
  }
}
