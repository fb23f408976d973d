// Numbers as people write them: digits of three scripts, Arabic decimal and thousands signs. Pure.

// As the server: beyond this a browser cannot keep every whole number.
const LARGEST = 1e15;
const DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/g;

/** `٣٫٥`, `۳٫۵`, `3.5` and `−3` as numbers; null where it is none, or cannot be kept exactly. A comma is not guessed at. */
export function readNumber(text: string): number | null {
  const plain = text
    .replace(/[\u061c\u200e\u200f\u2066-\u2069\s\u066c_]/g, '')
    .replace(DIGITS, (digit) => String(digit.charCodeAt(0) & 0xf))
    .replace(/\u066b/g, '.')
    .replace(/\u2212/g, '-');
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(plain)) return null;
  const value = Number(plain);
  if (Math.abs(value) > LARGEST) return null;
  return value === 0 ? 0 : value;
}

/** How many decimals a number is written with. */
export function decimalsOf(value: number): number {
  const [, fraction = '', exponent = '0'] = /^-?\d*\.?(\d*)(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  return Math.min(20, Math.max(0, fraction.length - Number(exponent)));
}

/** `value` moved by `times` steps, without the dust of binary fractions. */
export function stepped(value: number, step: number, times: number): number {
  return Number((value + step * times).toFixed(Math.max(decimalsOf(value), decimalsOf(step))));
}
