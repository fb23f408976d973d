// Times of a recording as people read them, in Latin digits and left to right: 1:02:03.450.

/** `digits` 0 to 3 places after the second. */
export function clock(seconds: number, digits = 0): string {
  const unit = 10 ** digits;
  const whole = Math.round(Math.max(seconds, 0) * unit);
  const s = Math.floor(whole / unit);
  const two = (value: number) => String(value).padStart(2, '0');
  const head = s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}` : String(Math.floor(s / 60));
  return `${head}:${two(s % 60)}${digits > 0 ? `.${String(whole % unit).padStart(digits, '0')}` : ''}`;
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

/** Round times to write on a ruler that shows `span` seconds on `room` pixels. */
export function ticks(from: number, span: number, room: number): { at: number; words: string }[] {
  const least = (span / Math.max(room, 1)) * 80;
  const step = STEPS.find((one) => one >= least) ?? 3600;
  const marks = [];
  for (let n = Math.ceil(from / step); n * step <= from + span; n += 1) marks.push({ at: n * step, words: clock(n * step, step < 1 ? 1 : 0) });
  return marks;
}
