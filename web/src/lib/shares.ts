// How a share of right answers is said: counts first, then in words what follows for all, and beside it what was looked at for
// a reason, of which nothing follows.
import { decimal, number, percent, t } from './i18n.svelte';

export interface Looked { n: number; right: number }

const count = (value: number): string => (Math.abs(value - Math.round(value)) < 0.005 ? number(Math.round(value)) : decimal(value, 1));

/** “3 of 3 right”. Parts count as such. */
export const rightOf = ({ n, right }: Looked): string => (right < 0.005 ? t('s_none_of', { n }) : t('s_right_of', { n, right: count(right) }));

/** “of all: 40 % to 99 %”. */
export const ofAll = (low: number, high: number): string => t('s_between_short', { low: percent(low), high: percent(high) });

/** The same as a sentence. */
export const ofAllSentence = (low: number, high: number): string => t('s_between', { low: percent(low), high: percent(high), level: percent(0.95) });

/** What was looked at for a reason, as a sentence or in short; "" where nothing was. */
export const lookedSentence = ({ n, right }: Looked): string => (n === 0 ? '' : t('s_looked', { n, right: count(right) }));
export const lookedShort = ({ n, right }: Looked): string => (n === 0 ? '' : t('s_looked_short', { n, right: count(right) }));

/** Verdicts of a reviewer that somebody looked at again. */
export const verdictsAgain = ({ n, right }: Looked): string => (n === 0 ? '' : t('s_verdicts_again', { n, right: count(right) }));
