// The outline of a recording for drawing: lowest and highest sample of every 1/200 s. Bounded in memory for hours of sound:
// WAV is read as it arrives, MP3 is decoded in pieces, other formats are decoded at once while they are short.
import type { Sound } from './sound';

export const PER_SECOND = 200;
const RATE = 8000; // Hz; enough for an outline
const SHORT = 20 * 60; // seconds that may be decoded at once (some 400 MB for a moment at the worst)
const LARGEST = 512 * 2 ** 20; // bytes held for decoding
const PIECE = 2 ** 20; // bytes of MP3 decoded at a time: half a minute to two

/** Outline in 1/127 of full scale. `filled` buckets are known so far. */
export interface Peaks {
  low: Int8Array;
  high: Int8Array;
  filled: number;
}

/** The recording is too long to be decoded at once, and in no format that can be read in pieces. */
export class TooLong extends Error {}

export function noPeaks(duration: number): Peaks {
  const count = Math.ceil(duration * PER_SECOND) + 1;
  return { low: new Int8Array(count), high: new Int8Array(count), filled: 0 };
}

function put(peaks: Peaks, bucket: number, value: number): void {
  const level = Math.max(-127, Math.min(127, Math.round(value * 127)));
  if (level < peaks.low[bucket]!) peaks.low[bucket] = level;
  if (level > peaks.high[bucket]!) peaks.high[bucket] = level;
}

/** Fills `peaks` from the bytes of the sound; `onmore` is called now and then. Throws `TooLong`, or what decoding threw. */
export async function fillPeaks(peaks: Peaks, sound: Sound, duration: number, onmore: () => void, signal: AbortSignal): Promise<void> {
  const { stream, size } = await sound.bytes(signal);
  const reader = stream.getReader();
  try {
    const first = await readAtLeast(reader, 4096);
    if (isWav(first) && (await fillFromWav(peaks, first, reader, onmore, signal))) return;
    const isMp3 = (first[0] === 0x49 && first[1] === 0x44 && first[2] === 0x33) || frameAt(first, 0);
    if ((!isMp3 && duration > SHORT) || (size ?? 0) > LARGEST) throw new TooLong();
    const bytes = await readAll(reader, first, signal);
    await fillFromPieces(peaks, isMp3 ? mp3Pieces(bytes) : [bytes], duration, bytes.length, onmore, signal);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function readAtLeast(reader: Reader, bytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let have = 0; have < bytes; ) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value);
    have += value.length;
  }
  return joined(parts);
}

async function readAll(reader: Reader, first: Uint8Array, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const parts = [first];
  let have = first.length;
  for (;;) {
    const { value, done } = await reader.read();
    if (done || signal.aborted) return joined(parts);
    parts.push(value);
    have += value.length;
    if (have > LARGEST) throw new TooLong();
  }
}

// ---- decoded by the browser ---------------------------------------------------------------------------------------
async function fillFromPieces(peaks: Peaks, pieces: Iterable<Uint8Array<ArrayBuffer>>, duration: number, total: number, onmore: () => void, signal: AbortSignal): Promise<void> {
  const context = new OfflineAudioContext(1, 1, RATE);
  let at = 0; // seconds
  let read = 0;
  for (const piece of pieces) {
    if (signal.aborted) return;
    read += piece.length;
    const buffer = await context.decodeAudioData(piece.slice().buffer);
    // Pieces of a compressed file join with a small gap or overlap; the element's duration is what counts.
    const isLast = read >= total;
    const seconds = isLast && at > 0 ? Math.max(duration - at, 0.01) : buffer.duration;
    const scale = (seconds / buffer.duration) * (PER_SECOND / buffer.sampleRate);
    for (let channel = 0; channel < Math.min(buffer.numberOfChannels, 2); channel += 1) {
      const samples = buffer.getChannelData(channel);
      for (let n = 0; n < samples.length; n += 1) put(peaks, Math.min(Math.floor(at * PER_SECOND + n * scale), peaks.low.length - 1), samples[n]!);
    }
    at += seconds;
    peaks.filled = Math.min(Math.ceil(at * PER_SECOND), peaks.low.length);
    onmore();
  }
}

/** Does an MP3 frame begin here? */
function frameAt(bytes: Uint8Array, at: number): boolean {
  const [one, two, three] = [bytes[at], bytes[at + 1], bytes[at + 2]];
  if (one !== 0xff || two === undefined || three === undefined || (two & 0xe0) !== 0xe0) return false;
  return (two & 0x18) !== 0x08 && (two & 0x06) !== 0 && (three & 0xf0) !== 0xf0 && (three & 0x0c) !== 0x0c;
}

function* mp3Pieces(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
  for (let from = 0; from < bytes.length; ) {
    let to = Math.min(from + PIECE, bytes.length);
    while (to < bytes.length && !frameAt(bytes, to)) to += 1;
    if (bytes.length - to < PIECE / 8) to = bytes.length; // no crumbs that hold no whole frame
    yield bytes.subarray(from, to);
    from = to;
  }
}

// ---- WAV, as it arrives -------------------------------------------------------------------------------------------
interface Format {
  float: boolean;
  bits: number;
  channels: number;
  rate: number;
  data: number; // offset of the samples
}

const word = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
const isWav = (bytes: Uint8Array): boolean => word(bytes, 0) === 'RIFF' && word(bytes, 8) === 'WAVE';

function wavFormat(bytes: Uint8Array): Format | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | null = null;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    const name = word(bytes, at);
    if (name === 'fmt ' && at + 24 <= bytes.length) {
      const code = view.getUint16(at + 8, true) === 0xfffe && at + 34 <= bytes.length ? view.getUint16(at + 32, true) : view.getUint16(at + 8, true);
      const bits = view.getUint16(at + 22, true);
      if ((code !== 1 && code !== 3) || ![8, 16, 24, 32].includes(bits) || (code === 3 && bits !== 32)) return null;
      format = { float: code === 3, bits, channels: view.getUint16(at + 10, true), rate: view.getUint32(at + 12, true), data: 0 };
    }
    if (name === 'data') return format && format.channels > 0 && format.rate > 0 ? { ...format, data: at + 8 } : null;
    at += 8 + size + (size % 2);
  }
  return null;
}

function sampleAt(view: DataView, at: number, { float, bits }: Format): number {
  if (float) return view.getFloat32(at, true);
  if (bits === 16) return view.getInt16(at, true) / 0x8000;
  if (bits === 8) return (view.getUint8(at) - 128) / 128;
  if (bits === 24) return ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 0x800000;
  return view.getInt32(at, true) / 0x80000000;
}

/** False where this WAV is of a form that we do not read (nothing was consumed but `first` then). */
async function fillFromWav(peaks: Peaks, first: Uint8Array, reader: Reader, onmore: () => void, signal: AbortSignal): Promise<boolean> {
  const format = wavFormat(first);
  if (!format) return false;
  const width = (format.bits / 8) * format.channels;
  // An outline needs some fifty samples a bucket, not all of them.
  const stride = Math.max(1, Math.floor(format.rate / PER_SECOND / 50));
  let frame = 0;
  let rest = first.subarray(format.data);
  let told = 0;
  for (;;) {
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
    const frames = Math.floor(rest.length / width);
    for (let n = (stride - (frame % stride)) % stride; n < frames; n += stride) {
      const bucket = Math.floor(((frame + n) / format.rate) * PER_SECOND);
      if (bucket >= peaks.low.length) break;
      for (let channel = 0; channel < Math.min(format.channels, 2); channel += 1) put(peaks, bucket, sampleAt(view, n * width + (channel * format.bits) / 8, format));
    }
    frame += frames;
    peaks.filled = Math.min(Math.ceil((frame / format.rate) * PER_SECOND), peaks.low.length);
    const { value, done } = await reader.read();
    if (done || signal.aborted) return onmore(), true;
    rest = joined([rest.subarray(frames * width), value]);
    if (peaks.filled - told > PER_SECOND * 60) {
      told = peaks.filled;
      onmore();
    }
  }
}
