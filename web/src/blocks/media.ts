// Where a picture or a sound of a row comes from: the project's media, or the row itself as a data: address. Nothing else is fetched.
import type { Media, TaskView } from '../lib/api/types';

export type Family = 'image' | 'audio';

// Pictures that can hold script or fetch others (SVG) are not among them.
const DATA: Record<Family, RegExp> = {
  image: /^data:image\/(?:png|jpeg|gif|webp|avif|bmp)[;,]/i,
  audio: /^data:audio\/(?:mpeg|mp3|mp4|aac|wav|wave|x-wav|ogg|opus|webm|flac|x-flac)[;,]/i,
};

export interface Found {
  src: string;
  /** What the server knows of it; null for a data: address. */
  media: Media | null;
}

/** What can be shown for a value: found, nothing there (`empty`), not among the media, or of a type that is not shown. */
export function mediaOf(task: TaskView, value: unknown, family: Family): Found | 'empty' | 'unknown' | 'type' {
  if (value === null || value === undefined || value === '') return 'empty';
  if (typeof value !== 'string') return 'unknown';
  if (/^\s*data:/i.test(value)) return DATA[family].test(value.trim()) ? { src: value.trim(), media: null } : 'type';
  const media = task.media && Object.hasOwn(task.media, value) ? task.media[value] : undefined;
  if (!media) return 'unknown';
  if (!media.type.startsWith(`${family}/`) || media.type.startsWith('image/svg')) return 'type';
  // The server names a path of its own; anything else is not taken, whatever wrote it.
  if (new URL(media.url, location.href).origin !== location.origin) return 'unknown';
  return { src: media.url, media };
}

/** A value in a note: a name in full, a data: address by its beginning. */
export function shortName(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? '';
  return text.length > 80 ? `${text.slice(0, 60).replace(/[\ud800-\udbff]$/, '')}…` : text;
}
