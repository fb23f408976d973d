// Figures of the quality page as words: names of measures, intervals, what would help. Pure but for the language.
import type { Behind, Change, Figure, Help, Interval, Pace, Quality, Slice } from '../../lib/api/quality';
import { decimal, number, percent, range, regional, t, type Key } from '../../lib/i18n.svelte';
import { prefs } from '../../lib/prefs.svelte';
import { paths } from '../router.svelte';

/** Measures that are no share of anything: they read as a decimal. */
const NO_SHARE = new Set(['alpha', 'fleiss', 'gamma', 'kappa', 'reliability', 'sharpness', 'spread', 'weight']);
export const isShare = (measure: string): boolean => !NO_SHARE.has(measure);

/** “.82” or “82 %”. */
export const valueOf = (value: number | null, share: boolean): string => (value === null ? '–' : share ? percent(value) : decimal(Math.abs(value) < 0.005 ? 0 : value));
/** “.79 to .85”; nothing where there is none. */
export const between = (found: Interval, share: boolean): string =>
  found.low === null || found.high === null ? '' : found.low < 0 ? t('q_to', { low: decimal(found.low), high: valueOf(found.high, false) }) : range(found.low, found.high, share ? 'percent' : 'decimal');

const MEASURES: Record<string, Key> = {
  alpha: 'q_m_alpha', fleiss: 'q_m_fleiss', likeness: 'q_m_likeness', gamma: 'q_m_gamma', overlap: 'q_m_overlap', word_error: 'q_m_word_error',
};
const METRICS: Record<string, Key> = { nominal: 'q_metric_nominal', ordinal: 'q_metric_ordinal', interval: 'q_metric_interval', jaccard: 'q_metric_jaccard' };
/** The measure, and what of the answers it compares. */
export function measureOf(found: Figure): string {
  const name = MEASURES[found.measure] ? t(MEASURES[found.measure]!) : found.measure;
  return found.metric && METRICS[found.metric] ? `${name} (${t(METRICS[found.metric]!)})` : name;
}

const SAME: Record<string, Key> = {
  alef: 'q_same_alef', taa_marbuta: 'q_same_taa_marbuta', yaa: 'q_same_yaa', diacritics: 'q_same_diacritics', tatweel: 'q_same_tatweel', digits: 'q_same_digits',
};
/** What of spelling counted as the same; nothing where all counts. */
export function sameOf(page: Quality): string {
  if (page.same.length === 0) return '';
  return t('q_same', { what: page.same.map((one) => t(SAME[one] ?? 'q_same_alef')).join(prefs.language === 'ar' ? '، ' : ', ') });
}

/** How good an agreement is, as far as its interval tells. */
export function grade(found: Figure): Key {
  if (found.low === null || found.high === null) return 'q_grade_open';
  if (found.measure !== 'alpha') return 'q_grade_share';
  return found.low >= 0.8 ? 'q_grade_good' : found.high < 0.667 ? 'q_grade_low' : found.low >= 0.667 && found.high < 0.8 ? 'q_grade_fair' : 'q_grade_open';
}

/** A moment as a day, and as a day with the hour. */
export const day = (us: number): string => new Intl.DateTimeFormat(regional(prefs.language), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(us / 1000);
export const moment = (us: number): string => new Intl.DateTimeFormat(regional(prefs.language), { dateStyle: 'medium', timeStyle: 'short' }).format(us / 1000);

/** Seconds as people say them. */
export function seconds(value: number | null): string {
  if (value === null) return '–';
  if (value < 90) return t('q_seconds', { n: value, s: decimal(value, value < 10 ? 1 : 0) });
  return t('q_minutes', { n: Math.round(value / 60), s: decimal(value / 60, value < 600 ? 1 : 0) });
}

/** The address of a figure's tasks, on this page. */
export function linkOf(project: string, question: string, behind: Behind): string {
  const asked = new URLSearchParams(Object.entries(behind).map(([name, value]) => [name, String(value)]));
  if (question) asked.set('question', question);
  return paths.of('quality', project, '', asked.toString());
}

/** How fast somebody is, in a sentence. */
export function paceWords(pace: Pace): string {
  const facts = { s: seconds(pace.seconds), usual: seconds(pace.usual) };
  if (pace.is === 'unread') return t(pace.less ? 'q_pace_unread_less' : 'q_pace_unread', facts);
  if (pace.is === 'hasty') return t('q_pace_hasty', facts);
  if (pace.is === 'fast') return t('q_pace_fast', facts);
  return pace.is === 'few' ? t('q_pace_few') : '';
}

/** A change over time, in a sentence. */
export const changeWords = (one: Change): string =>
  t((one.value ?? 0) < 0 ? 'q_worse' : 'q_better', { before: percent(one.before), after: percent(one.after), day: day(one.at), low: percent(Math.abs(one.low ?? 0)), high: percent(Math.abs(one.high ?? 0)) });

const SLICES: Record<Slice['kind'], Key> = { column: 'q_slice_column', lane: 'q_slice_lane', tag: 'q_slice_tag', guideline: 'q_slice_guideline' };
export const sliceName = (one: Pick<Slice, 'kind' | 'name'>): string => t(SLICES[one.kind], { name: one.name });
export function partName(kind: string, value: string): string {
  if (kind === 'lane' && value === '') return t('q_lane_everybody');
  return kind === 'guideline' ? t('q_version', { n: Number(value) }) : value;
}

/** One thing that would help, in a sentence. */
export function helpWords(help: Help): string {
  const facts = help.facts as Record<string, never>;
  const share = (name: string): string => percent(Number(facts[name] ?? 0));
  const span = (found: Interval): string => between(found, true);
  switch (help.code) {
    case 'sentence_wanted':
    case 'sentence_unclear':
      return t(help.code === 'sentence_wanted' ? 'q_help_sentence_wanted' : 'q_help_sentence_unclear', { a: String(facts.a), b: String(facts.b), share: share('value'), range: span(help.facts as unknown as Interval) });
    case 'unread':
    case 'hasty':
      return t(help.code === 'unread' ? 'q_help_unread' : 'q_help_hasty', { name: String(facts.name), s: seconds(Number(facts.seconds)), share: share('value'), range: span(help.facts as unknown as Interval), theirs: share('theirs') });
    case 'got_worse':
    case 'all_got_worse':
      return t(help.code === 'got_worse' ? 'q_help_got_worse' : 'q_help_all_got_worse', { name: String(facts.name ?? ''), before: share('before'), after: share('after'), day: day(Number(facts.at)) });
    case 'slice_lower': {
      const own = (help.facts as { agreement: Figure }).agreement;
      return t('q_help_slice', { slice: sliceName(help.facts as unknown as Slice), value: partName(String(facts.kind), String(facts.value)), found: valueOf(own.value, isShare(own.measure)), range: between(own, isShare(own.measure)) });
    }
    case 'overlap_wanted': return t('q_help_overlap');
    case 'more_answers': return t('q_help_more', { n: Number(facts.more), more: number(Number(facts.more)), range: between(help.facts as unknown as Interval, isShare(String(facts.measure))) });
    case 'alpha_low': return t('q_help_alpha_low', { found: decimal(Number(facts.value)), range: between(help.facts as unknown as Interval, false), least: decimal(Number(facts.least)) });
    default: return help.code;
  }
}
