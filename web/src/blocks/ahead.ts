// Pictures and sounds of tasks that are fetched ahead, made ready before they are looked at. Draws nothing, says nothing.
import type { TaskView } from '../lib/api/types';
import { mediaOf } from './media';

// Held so that the browser keeps what it decoded; a picture may be many megabytes, so only the next few.
const KEPT = 12;
const ready = new Map<string, HTMLImageElement | HTMLAudioElement>();

function keep(src: string, one: HTMLImageElement | HTMLAudioElement): void {
  ready.delete(src);
  ready.set(src, one);
  for (const oldest of ready.keys()) {
    if (ready.size <= KEPT) break;
    const gone = ready.get(oldest);
    if (gone instanceof HTMLAudioElement) gone.removeAttribute('src');
    ready.delete(oldest);
  }
}

/** Decodes the pictures of a task and fetches the beginning of its sounds. Resolves when the pictures are ready; never rejects. */
export async function warm(task: TaskView): Promise<void> {
  const values = new Set<unknown>([...Object.keys(task.media ?? {}), ...Object.values(task.content).filter((one) => typeof one === 'string' && one.startsWith('data:'))]);
  await Promise.all([...values].slice(0, KEPT).map(async (value) => {
    const picture = mediaOf(task, value, 'image');
    if (typeof picture !== 'string') {
      const known = ready.get(picture.src);
      const image = known instanceof HTMLImageElement ? known : new Image();
      if (!known) image.src = picture.src;
      keep(picture.src, image);
      await image.decode().catch(() => undefined); // a broken one is told where it is shown
      return;
    }
    const sound = mediaOf(task, value, 'audio');
    if (typeof sound === 'string' || ready.has(sound.src)) return;
    const audio = new Audio();
    audio.preload = 'metadata';
    audio.src = sound.src;
    keep(sound.src, audio);
  }));
}
