// What stands above a question's options.
import type { Question } from '../lib/api/types';
import { t } from '../lib/i18n.svelte';

// The name that a question gets where nobody chose one: it says nothing to a reader.
const DEFAULT_NAME = 'label';

/** The question's title, else the name that somebody gave it, else what there is to do. */
export function headingOf(question: Question): string {
  if (question.title) return question.title;
  if (question.name !== DEFAULT_NAME) return question.name;
  if (question.kind === 'choices') return t('choose_labels');
  return t(question.kind === 'choice' ? 'choose_label' : 'answer_this');
}
