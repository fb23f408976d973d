// Draws the outline of a recording on a canvas: one line from lowest to highest for every pixel.
import { PER_SECOND, type Peaks } from './peaks';

/** `colour` is any CSS colour; what is not known yet stays empty. */
export function drawOutline(canvas: HTMLCanvasElement, peaks: Peaks, from: number, span: number, colour: string): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const sharp = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * sharp), Math.round(height * sharp)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const draw = canvas.getContext('2d');
  if (!draw) return;
  draw.clearRect(0, 0, wide, high);
  draw.fillStyle = colour;
  const half = high / 2;
  const step = (span * PER_SECOND) / Math.max(wide, 1);
  for (let x = 0; x < wide; x += 1) {
    const first = Math.floor(from * PER_SECOND + x * step);
    if (first >= peaks.filled) break;
    const last = Math.min(Math.max(Math.floor(from * PER_SECOND + (x + 1) * step), first + 1), peaks.filled);
    let [low, top] = [0, 0];
    for (let n = first; n < last; n += 1) {
      if (peaks.low[n]! < low) low = peaks.low[n]!;
      if (peaks.high[n]! > top) top = peaks.high[n]!;
    }
    const upper = Math.round(half - (top / 127) * (half - 1));
    draw.fillRect(x, upper, 1, Math.max(Math.round(half - (low / 127) * (half - 1)) - upper, 1));
  }
}
