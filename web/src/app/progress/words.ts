// What numbers with intervals, days and alerts read as.
import type { Alert, Forecast, Span } from '../../lib/api/outlook';
import { decimal, number, percent, regional, t, type Key } from '../../lib/i18n.svelte';
import { prefs } from '../../lib/prefs.svelte';
import { paths } from '../router.svelte';

/** The time zone of this browser: days of the page are those of who looks at it. */
export const zone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone ?? '';

const write = (iso: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(regional(prefs.language), { calendar: 'gregory', timeZone: 'UTC', ...options }).format(new Date(`${iso}T12:00:00Z`));
/** `12 Nov` for a day as YYYY-MM-DD. */
export const shortDay = (iso: string): string => write(iso, { day: 'numeric', month: 'short' });
export const longDay = (iso: string): string => write(iso, { weekday: 'short', day: 'numeric', month: 'long' });

/** As many digits as say something. */
export const rough = (value: number): string => (value < 10 && value % 1 !== 0 ? decimal(value, 1) : number(value));

/** `6 to 9`, or `more than 6` where no end can be seen. */
export function between(low: number | null, high: number | null, as: (value: number) => string = rough): string {
  if (low === null) return t('a_no_end');
  return high === null ? t('a_at_least', { low: as(low) }) : t('range', { low: as(low), high: as(high) });
}

export const interval = (one: Span, as: (value: number) => string = rough): string => t('a_95', { p: percent(0.95), range: between(one.low95, one.high95, as) });

/** What the forecast says, in one sentence. */
export function forecastWords(found: Forecast): string {
  const days = found.days;
  if (found.reason === 'nothing_left') return t('a_nothing_left');
  if (found.reason === 'no_pace') return t('a_no_pace');
  if (found.reason) return t(found.reason === 'too_few_days' ? 'a_too_few_days' : 'a_too_few_answers', { have: number(found.have), need: number(found.need) });
  if (!days || days.middle === null) return t('a_never', { low: days?.low95 ? rough(days.low95) : '–' });
  const middle = Math.max(1, Math.round(days.middle));
  return t('a_days_left', { n: middle, p80: percent(0.8), p95: percent(0.95), d80: between(days.low80, days.high80), d95: between(days.low95, days.high95) });
}

const value = (one: unknown): string => (typeof one === 'number' ? rough(one) : String(one ?? '–'));
/** An alert in words: what, and how sure. */
export function alertWords(one: Alert): string {
  const d = one.data;
  const share = (x: unknown): string => (typeof x === 'number' ? percent(x) : '–');
  switch (one.kind) {
    case 'queue_dry': return t('a_alert_queue_dry', { n: Math.max(1, Math.round(Number(d.days))), range: between(d.low as number | null, d.high as number | null), left: value(d.left) });
    case 'drift': return t('a_alert_drift', { name: String(d.name), before: share(d.before), after: share(d.after), range: t('range', { low: share(d.low), high: share(d.high) }) });
    case 'budget': return t('a_alert_budget', { share: share(d.share), used: value(d.used), budget: value(d.budget) }) + (typeof d.low === 'number' ? ` ${t('a_alert_budget_end', { range: between(d.low, d.high as number | null, percent) })}` : '');
    case 'gold_flagged': return t('a_alert_gold_flagged', { n: Number(d.n) });
    case 'disputes': return t('a_alert_disputes', { n: Number(d.n) });
    case 'import_failed': return t('a_alert_import_failed', { source: String(d.source) });
    case 'disk': return t('a_alert_disk', { gb: decimal(Number(d.free) / 2 ** 30, 1), share: share(d.share) });
    case 'webhook_failing': return t(d.off ? 'a_alert_webhook_off' : 'a_alert_webhook', { url: String(d.url) });
    default: return one.kind;
  }
}

/** Where an alert leads. */
export function alertLink(one: Alert): string | null {
  const id = one.project_id;
  switch (one.kind) {
    case 'drift': return id && paths.of('quality', id);
    case 'gold_flagged': return id && paths.of('gold', id);
    case 'disputes': return id && paths.of('disputes', id);
    case 'queue_dry': case 'import_failed': return id && paths.project(id);
    case 'budget': return id && paths.of('progress', id);
    case 'webhook_failing': return '/log?show=webhooks';
    default: return null;
  }
}

export const waitingWords: Record<string, Key> = {
  answers: 'a_wait_answers', in_hand: 'a_wait_in_hand', reviews: 'a_wait_reviews', disputes: 'a_wait_disputes', drafts: 'a_wait_drafts',
  skipped_out: 'a_wait_skipped', in_training: 'a_wait_training', not_qualified: 'a_wait_not_qualified',
};
