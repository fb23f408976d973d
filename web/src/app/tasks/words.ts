// Words for what the server says in codes: columns, actions, reasons, steps of a history. No state.
import { decimal, number, percent, t, type Key } from '../../lib/i18n.svelte';
import { prefs } from '../../lib/prefs.svelte';
import type { Job, Row, Step } from '../../lib/api/table';

/** Columns besides those of the row itself, in the order in which they are offered; the name to sort by where there is one. */
export const FIGURES: Record<string, { words: Key; sort?: string; number?: boolean }> = {
  seq: { words: 'tt_seq', sort: 'seq', number: true },
  state: { words: 'tt_state' },
  answers: { words: 'tt_answers', sort: 'accepted', number: true },
  label: { words: 'tt_label' },
  p: { words: 'tt_p', sort: 'p', number: true },
  votes: { words: 'tt_votes', sort: 'distinct' },
  tags: { words: 'tt_tags' },
  changed: { words: 'tt_changed', sort: 'changed' },
  priority: { words: 'tt_priority', sort: 'priority', number: true },
  due: { words: 'tt_due', sort: 'due' },
  skips: { words: 'tt_skips', sort: 'skips', number: true },
  marks: { words: 'tt_marks' },
  reviewed: { words: 'tt_reviewed' },
  round: { words: 'tt_round', sort: 'round', number: true },
  leases: { words: 'tt_leases', number: true },
  purpose: { words: 'tt_purpose' },
};
export const USUAL = ['seq', '.', 'state', 'answers', 'label', 'p', 'tags'];

const STATES: Record<Row['state'], Key> = { open: 'tt_open', done: 'tt_done', skipped: 'tt_skipped', removed: 'tt_removed' };
export const stateWords = (row: Row): string => t(STATES[row.state]);
const REVIEWED: Record<string, Key> = { accepted: 'tt_r_accepted', fixed: 'tt_r_fixed', rejected: 'tt_r_rejected' };
const PURPOSES: Record<string, Key> = { work: 'tt_work', gold: 'tt_gold', training: 'tt_training' };

const days = new Map<string, Intl.DateTimeFormat>();
/** A day, or a moment with its time. */
export function when(us: number, withTime = false): string {
  const name = `${prefs.language} ${withTime}`;
  const place = navigator.languages.find((tag) => tag.toLowerCase().startsWith(prefs.language)) ?? prefs.language;
  if (!days.has(name)) days.set(name, new Intl.DateTimeFormat(place, { dateStyle: 'medium', ...(withTime ? { timeStyle: 'short' } : { timeZone: 'UTC' }) }));
  return days.get(name)!.format(us / 1000);
}

/** A figure of a row as text. */
export function figure(row: Row, name: string): string {
  if (name === 'state') return stateWords(row);
  if (name === 'answers') return `${number(row.accepted)} / ${number(row.overlap)}`;
  if (name === 'label') return row.label ?? '–';
  if (name === 'p') return row.p === null ? '–' : percent(row.p);
  if (name === 'tags') return row.tags.join('، ');
  if (name === 'changed') return row.changed === null ? '–' : when(row.changed, true);
  if (name === 'due') return row.due === null ? '' : when(row.due);
  if (name === 'reviewed') return row.reviewed.map((one) => t(REVIEWED[one]!)).join(' · ');
  if (name === 'purpose') return t(PURPOSES[row.purpose]!);
  return number(Number(row[name as keyof Row]));
}

export const ACTIONS: Record<string, { words: Key; done: Key }> = {
  tag: { words: 'tt_a_tag', done: 'tt_d_tag' },
  untag: { words: 'tt_a_untag', done: 'tt_d_untag' },
  priority: { words: 'tt_a_priority', done: 'tt_d_priority' },
  due: { words: 'tt_a_due', done: 'tt_d_due' },
  overlap: { words: 'tt_a_overlap', done: 'tt_d_overlap' },
  assign: { words: 'tt_a_assign', done: 'tt_d_assign' },
  review: { words: 'tt_a_review', done: 'tt_d_review' },
  gold: { words: 'tt_a_gold', done: 'tt_d_gold' },
  reopen: { words: 'tt_a_reopen', done: 'tt_d_reopen' },
  remove: { words: 'tt_a_remove', done: 'tt_d_remove' },
};

const REASONS: Record<string, Key> = {
  same: 'tt_w_same', gone: 'tt_w_gone', known: 'tt_w_known', leased: 'tt_w_leased', no_answers: 'tt_w_no_answers', unsure: 'tt_w_unsure',
  changed: 'tt_w_changed', refused: 'tt_w_refused',
};
/** Why how many were left out, one sentence a reason. */
export const leftOut = (left: Record<string, number>): string[] => Object.entries(left).map(([why, n]) => t(REASONS[why] ?? 'tt_w_refused', { n }));

/** What an action is set to, where that says something. */
export function valueWords(action: string, value: unknown): string {
  if (action === 'due') return typeof value === 'number' ? when(value) : t('tt_no_date');
  if (action === 'gold') return percent(Number(value));
  if (action === 'priority' || action === 'overlap') return number(Number(value));
  return typeof value === 'string' ? value : '';
}

export function jobWords(job: Job): string {
  const said = valueWords(job.action, job.value);
  const what = t(ACTIONS[job.action]?.done ?? 'tt_d_tag', { value: said });
  return job.undoes ? t('tt_undo_of', { what }) : what;
}

const STEPS: Record<string, Key> = {
  imported: 'tt_h_imported', answered: 'tt_h_answered', edited: 'tt_h_edited',
  'lease.granted': 'tt_h_granted', 'lease.skipped': 'tt_h_lskipped', 'lease.released': 'tt_h_released', 'lease.expired': 'tt_h_expired', 'lease.revoked': 'tt_h_revoked',
  'annotation.rejected': 'tt_h_rejected', 'annotation.withdrawn': 'tt_h_withdrawn', 'annotation.reinstated': 'tt_h_reinstated',
  'task.reopened': 'tt_h_reopened', 'task.overlap': 'tt_h_overlap', 'task.removed': 'tt_h_removed', 'task.skipped_out': 'tt_h_skipped_out',
  'task.priority': 'tt_h_priority', 'task.assigned': 'tt_h_assigned',
  'review.accept': 'tt_h_r_accept', 'review.fix': 'tt_h_r_fix', 'review.reject': 'tt_h_r_reject', 'review.asked': 'tt_h_r_asked', 'review.undone': 'tt_h_r_undone',
  'review.held': 'tt_h_r_held', 'review.released': 'tt_h_r_released', 'review.expired': 'tt_h_r_expired',
  'dispute.opened': 'tt_h_disputed', 'dispute.judged': 'tt_h_judged', 'dispute.held': 'tt_h_d_held', 'dispute.released': 'tt_h_d_released', 'live.asked': 'tt_h_live', 'decision.answers': 'tt_h_decided', 'decision.cannot': 'tt_h_decided', 'decision.open': 'tt_h_decided',
  'gold.made': 'tt_h_gold', 'gold.corrected': 'tt_h_gold_corrected', 'gold.unmade': 'tt_h_gold_unmade', 'gold.flagged': 'tt_h_gold_flagged',
  'draft.kept': 'tt_h_draft', 'draft.adopted': 'tt_h_adopted', 'bulk.tag': 'tt_h_tag', 'bulk.untag': 'tt_h_untag', 'bulk.due': 'tt_h_due',
  'bulk.tag.undone': 'tt_h_untag', 'bulk.untag.undone': 'tt_h_tag', 'bulk.due.undone': 'tt_h_due_undone',
};
export function stepWords(step: Step): string {
  const key = STEPS[step.kind];
  if (!key) return step.kind;
  const { value, to, source, priority } = step.data;
  return t(key, { value: step.kind.startsWith('bulk.') ? valueWords(step.kind.split('.')[1]!, value) : '', to: number(Number(to ?? 0)), priority: number(Number(priority ?? 0)), source: String(source ?? '') });
}

export const bar = (p: number): string => `${Math.round(p * 100)}%`;
export const share = (value: number): string => decimal(value * 100, 0);
