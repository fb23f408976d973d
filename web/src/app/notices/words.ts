// What each kind of notice says, and where it leads. One line a kind; an unknown kind has a sentence, too.
import type { Notice } from '../../lib/api/mine';
import { percent, t, type Key } from '../../lib/i18n.svelte';
import { ofAllSentence, rightOf } from '../../lib/shares';
import { paths } from '../router.svelte';

const SAYS: Record<string, Key> = {
  'review.rejected': 'd_notice_rejected',
  'review.fixed': 'd_notice_fixed',
  'review.undone': 'd_notice_undone',
  'dispute.overturned/author': 'd_notice_overturned_author',
  'dispute.overturned/reviewer': 'd_notice_overturned_reviewer',
  'dispute.upheld/author': 'd_notice_upheld_author',
  'dispute.upheld/reviewer': 'd_notice_upheld_reviewer',
  'dispute.neither/author': 'd_notice_neither',
  'dispute.neither/reviewer': 'd_notice_neither',
  'guideline.changed': 'd_notice_guideline',
  'training.passed': 'd_notice_passed',
  'training.not_passed': 'd_notice_not_passed',
  'member.added': 'd_notice_member',
  'member.removed': 'd_notice_no_member',
  'training.again': 'd_notice_again',
  'training.undecided': 'd_notice_undecided',
};

/** Its sentence in the reader's language. */
export function sentence({ kind, data, project }: Notice): string {
  const name = project ?? '';
  if (kind === 'dispute.waiting') return t(data.judges ? 'd_notice_waiting' : 'd_notice_waiting_nobody', { n: Number(data.days ?? 0), project: name });
  if (kind === 'gold.flagged') return t('d_notice_gold', { project: name });
  const key = SAYS[kind] ?? SAYS[`${kind}/${String(data.side ?? '')}`];
  return key ? t(key, { project: name, version: Number(data.version ?? 0) }) : t('d_notice_other', { project: name });
}

/** The words of whoever did it: reason and more, as they were written. */
export function words({ data }: Notice): string[] {
  return [data.reason, data.words].filter((one): one is string => typeof one === 'string' && one.trim() !== '');
}

/** A second line that follows from its facts. */
export function besides({ kind, data }: Notice): string {
  if (kind === 'dispute.overturned' && typeof data.counts === 'boolean') return t(data.counts ? 'd_counts_again' : 'd_counts_not');
  if (kind.startsWith('training.') && typeof data.low === 'number' && typeof data.high === 'number') {
    const counted = typeof data.n === 'number' && typeof data.right === 'number' ? `${rightOf({ n: data.n, right: data.right })}. ` : '';
    const measured = counted + ofAllSentence(data.low, data.high);
    return typeof data.pass_at === 'number' ? `${measured} ${t('d_notice_asked', { share: percent(data.pass_at) })}` : measured;
  }
  return '';
}

/** Where to look at it; "" where there is nothing to look at. */
export function leadsTo({ kind, project_id, data }: Notice): string {
  if (!project_id) return '';
  if (kind === 'dispute.waiting') return paths.of('disputes', project_id);
  if (kind === 'gold.flagged' || kind === 'training.undecided') return paths.of('gold', project_id);
  if (kind === 'member.removed') return '';
  if (kind.startsWith('training.') || kind === 'member.added') return paths.label(project_id);
  if (kind.startsWith('dispute.') && data.side === 'reviewer') return '';
  return paths.of('mine', project_id);
}
