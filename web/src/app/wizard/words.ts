// Faults in the reader's language where the form can tell what they are; else in the server's own words.
import type { Fault } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';

export function faultWords(fault: Fault): string {
  const column = /has no column “(.*)”\.$/.exec(fault.message)?.[1];
  if (column !== undefined) return t('w_fault_column', { column });
  if (/at least one question/.test(fault.message)) return t('w_fault_no_question');
  if (/Two questions have the same name/.test(fault.message)) return t('w_fault_same_name');
  if (fault.field === 'labels' && /at least two labels/.test(fault.message)) return t('w_fault_two_labels');
  if (fault.field === 'name' && fault.table === 'question' && /needs a name/.test(fault.message)) return t('w_fault_question_name');
  if (fault.table === 'content' && (fault.field === 'column' || fault.field === 'other') && /is a text of 1 to/.test(fault.message)) return t('w_fault_block_column');
  const surface = /works on a block of (text|chat|image|audio),/.exec(fault.message)?.[1];
  if (surface) return t('w_fault_surface', { block: t(`w_block_${surface as 'text'}`) });
  if (fault.table === '' && fault.field === 'name') return t('w_fault_name', { n: 120 });
  if (fault.field === 'overlap') return t('w_fault_overlap', { low: 1, high: 1000 });
  if (fault.field === 'when' && /is a list of answers/.test(fault.message)) return t('w_fault_when');
  if (fault.field === 'candidates' && /candidates are 2 to/.test(fault.message)) return t('w_fault_candidates');
  return fault.hint ? `${fault.message} ${fault.hint}` : fault.message;
}
