// Groups of events, and moments, in the reader's language.
import { regional, t, type Key } from '../../lib/i18n.svelte';
import { prefs } from '../../lib/prefs.svelte';

export const GROUPS: [string, Key][] = [
  ['annotation.', 'a_g_annotation'], ['review.', 'a_g_review'], ['decision.', 'a_g_decision'], ['dispute.', 'a_g_dispute'], ['draft.', 'a_g_draft'],
  ['lease.', 'a_g_lease'], ['task.', 'a_g_task'], ['tasks.', 'a_g_imports'], ['project.', 'a_g_project'], ['worker.', 'a_g_worker'], ['gold.', 'a_g_gold'], ['alert.', 'a_g_alert'],
  ['webhook.', 'a_g_webhook'], ['endpoint.', 'a_g_endpoint'], ['media.', 'a_g_media'], ['member.', 'a_g_member'],
  ['batch.', 'a_g_batch'], ['bulk.', 'a_g_bulk'], ['account.', 'a_g_account'], ['scale.', 'a_g_scale'], ['audit.', 'a_g_audit'],
];
/** The groups that the server takes as a filter: those that end with a dot. */
export const FILTERS = GROUPS.filter(([name]) => name.endsWith('.'));

/** What happened, in words; the kind itself where there are none. Its messages are named after the kind. */
export function eventWords(kind: string): string {
  const name = kind.replaceAll('.', '_');
  const words = t(`e_${name}` as Key);
  return words === `e_${name}` ? kind : words;
}

export const moment = (us: number): string =>
  new Intl.DateTimeFormat(regional(prefs.language), { calendar: 'gregory', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(us / 1000);

/** Microseconds of the beginning of a day of this browser's time zone, `later` days after it. */
export function startOf(day: string, later = 0): number | null {
  const [y, m, d] = day.split('-').map(Number);
  return y && m && d ? new Date(y, m - 1, d + later).getTime() * 1000 : null;
}

/** What wants to be read of an event's data: its names and values, a line each. */
export function facts(data: string): [string, string][] {
  try {
    const read: unknown = JSON.parse(data);
    if (read === null || typeof read !== 'object') return [];
    return Object.entries(read).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  } catch {
    return [['data', data]];
  }
}

export const stateWords = (state: string): string => t(state === 'on' ? 'a_hook_on' : state === 'off' ? 'a_hook_off' : 'a_hook_failed');
