// Hours, money and days in words of the reader's language. Pure but for the language.
import { decimal, regional, t } from '../../lib/i18n.svelte';
import { prefs } from '../../lib/prefs.svelte';

const MINUTE = 60_000_000;

/** `3 h 20 min` of microseconds; whole minutes, rounded down. Less than a minute is said in seconds. */
export function hours(us: number): string {
  if (us < 1e6) return t('d_no_time');
  const minutes = Math.floor(us / MINUTE);
  if (minutes < 1) return t('d_seconds', { s: Math.floor(us / 1e6) });
  const whole = Math.floor(minutes / 60);
  return whole === 0 ? t('d_minutes', { m: minutes }) : t('d_hours_minutes', { h: whole, m: minutes % 60 });
}

/** `12.50 EUR` of millionths; more digits where an amount is no whole number of hundredths and small. */
export function money(micros: number, currency: string): string {
  const value = micros / 1e6;
  return t('d_money', { amount: decimal(value, Math.abs(value) < 1 && micros % 10_000 !== 0 ? 4 : 2), currency });
}

/** A day such as `Sun 22 Nov`, in the calendar that the server counts in. */
export function dayName(day: string): string {
  const format = new Intl.DateTimeFormat(`${regional(prefs.language)}-u-ca-gregory`, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' });
  return format.format(new Date(`${day}T00:00:00Z`));
}

/** A moment as a date, on this machine's clock. */
export function dateOf(us: number): string {
  const format = new Intl.DateTimeFormat(`${regional(prefs.language)}-u-ca-gregory`, { day: 'numeric', month: 'short', year: 'numeric' });
  return format.format(new Date(us / 1000));
}
