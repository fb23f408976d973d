// Words, numbers and times in the language of the reader. Messages live in messages/*.json; a plural is an object of CLDR forms.
import type en from '../messages/en.json';
import { applyPrefs, prefs, type Language } from './prefs.svelte';

export type Key = keyof typeof en;
type Message = string | Partial<Record<Intl.LDMLPluralRule, string>>;
type Values = Record<string, string | number>;

// A language is two files (words.mjs): nobody waits for the words of the other one, nor for those of pages that are not open.
type Part = () => Promise<{ default: Record<string, Message> }>;
const WORDS: Record<Language, { first: Part; more: Part }> = {
  ar: { first: () => import('words:ar'), more: () => import('words:ar/more') },
  en: { first: () => import('words:en'), more: () => import('words:en/more') },
};
let spoken = $state.raw<{ language: Language; words: Record<string, Message> }>({ language: 'en', words: {} });
let wantsMore = false;
let more: Promise<void> | null = null;

const partsOf = (language: Language): Promise<{ default: Record<string, Message> }[]> =>
  Promise.all([WORDS[language].first(), ...(wantsMore ? [WORDS[language].more()] : [])]);

/** Brings the words of a language, then speaks it. Rejects where they cannot be brought: what was spoken stays. */
export async function speak(language: Language): Promise<void> {
  const parts = await partsOf(language);
  spoken = { language, words: Object.assign({}, ...parts.map((part) => part.default)) };
  applyPrefs({ language });
}

/** Brings the words of the pages beyond home and labelling too, now and with every change of language. */
export function speakMore(): Promise<void> {
  if (more) return more;
  wantsMore = true;
  more = speak(prefs.language).catch((error: unknown) => {
    wantsMore = false;
    more = null;
    throw error;
  });
  return more;
}

/** Brings the words of the other language, so that one can change to it without a connection. */
export const warmOther = (): void => void partsOf(prefs.language === 'ar' ? 'en' : 'ar').catch(() => undefined);

// A value inside a sentence keeps its own direction and cannot disturb its neighbours (FSI … PDI: `<bdi>` in plain text).
const isolate = (text: string) => `\u2068${text}\u2069`;

/** The reader's own region where the browser names one (digits differ between ar-EG and ar-MA), else the plain language. */
export function regional(language: Language): string {
  return navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
}

const made = new Map<string, unknown>();
function once<T>(name: string, make: () => T): T {
  if (!made.has(name)) made.set(name, make());
  return made.get(name) as T;
}

function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const place = regional(prefs.language);
  return once(`n ${place} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(place, options));
}

export const number = (value: number): string => numberFormat({ maximumFractionDigits: 0 }).format(value);
export const decimal = (value: number, digits = 2): string => numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
// A probability is never rounded up to certainty.
export const percent = (value: number): string =>
  value < 1 && value >= 0.995
    ? numberFormat({ style: 'percent', maximumFractionDigits: 1, minimumFractionDigits: 1 }).format(Math.min(value, 0.999))
    : numberFormat({ style: 'percent', maximumFractionDigits: 0 }).format(value);

/** An interval in words or with a dash, as the language has it: two numbers round a dash swap places in Arabic. */
export function range(low: number, high: number, as: 'percent' | 'decimal'): string {
  const write = as === 'percent' ? percent : decimal;
  return t('range', { low: write(low), high: write(high) });
}

/** What α means, with its marks in the reader's digits. */
export const alphaExplained = (): string => t('alpha_explain', { full: 1, none: 0, good: decimal(0.8), low: decimal(0.67) });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86400], ['hour', 3600], ['minute', 60]];

/** `5 minutes ago` for a time in microseconds. */
export function ago(us: number, nowMs = Date.now()): string {
  const seconds = Math.max(0, nowMs / 1000 - us / 1e6);
  const place = regional(prefs.language);
  const format = once(`r ${place}`, () => new Intl.RelativeTimeFormat(place, { numeric: 'auto' }));
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? ['second', 1];
  return unit === 'second' ? t('just_now') : format.format(-Math.floor(seconds / size), unit);
}

/** The message `key`, with `{name}` filled in. `n` chooses the plural form. */
export function t(key: Key, values: Values = {}): string {
  const message = spoken.words[key] ?? key;
  let text: string;
  if (typeof message === 'string') text = message;
  else {
    const rules = once(`p ${spoken.language}`, () => new Intl.PluralRules(spoken.language));
    text = message[rules.select(Number(values.n ?? 0))] ?? message.other ?? key;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number(value) : isolate(value);
  });
}
