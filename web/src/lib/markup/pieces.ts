// A long text in pieces that a page can hold: cut after lines where there are some, never inside a sign of two units. Pure.

export const PIECE = 20_000;
const LINES = 600;

/** Where the piece that starts at `from` ends (UTF-16 units). */
export function endOfPiece(text: string, from: number): number {
  let end = Math.min(text.length, from + PIECE);
  let lines = 0;
  let at = from;
  for (;;) {
    const next = text.indexOf('\n', at);
    if (next < 0 || next >= end) break;
    at = next + 1;
    lines += 1;
    if (lines === LINES) return at;
  }
  if (end === text.length) return end;
  if (at > from && end - at < PIECE / 2) return at;
  const last = text.charCodeAt(end - 1);
  if (last >= 0xd800 && last <= 0xdbff) end -= 1;
  return end;
}
