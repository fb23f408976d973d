// Playing one recording: where it is, how fast, and a stretch that is played alone or over and over. No segments, no drawing.

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
const STANDS_MS = 3_000;

export class Player {
  /** Seconds; moves with every frame while it plays. */
  time = $state(0);
  duration = $state(0);
  playing = $state(false);
  /** It should play and has not moved for seconds: the data does not come, or no device takes the sound. No event says so. */
  standing = $state(false);
  speed = $state(1);
  loop = $state(false);
  /** The stretch that is played alone; null: all. */
  #alone: { start: number; end: number } | null = null;
  #frame = 0;
  #watch = 0;
  #moved = 0;
  readonly #audio = new Audio();
  readonly #onready: () => void;
  readonly #onbroken: () => void;

  constructor(onready: () => void, onbroken: () => void) {
    this.#onready = onready;
    this.#onbroken = onbroken;
    const audio = this.#audio;
    audio.preload = 'metadata';
    audio.onloadedmetadata = () => this.#measured();
    audio.ondurationchange = () => this.#measured();
    audio.onerror = () => audio.getAttribute('src') && this.#onbroken();
    audio.onplay = () => {
      this.playing = true;
      this.#moved = performance.now();
      this.#frame = requestAnimationFrame(() => this.#tick());
      clearInterval(this.#watch);
      this.#watch = setInterval(() => (this.standing = performance.now() - this.#moved > STANDS_MS), 500);
    };
    audio.onpause = () => {
      this.#rest();
      this.time = audio.currentTime;
    };
    audio.ontimeupdate = () => this.#follow(); // a tab in the background gets no frames
    audio.onended = () => this.loop && !this.#alone && this.play();
  }

  open(url: string): void {
    this.close();
    this.duration = this.time = 0;
    this.#audio.src = url;
  }

  close(): void {
    this.#audio.pause();
    this.#audio.removeAttribute('src');
    this.#audio.load();
    this.#alone = null;
    this.#rest();
  }

  #rest(): void {
    this.playing = this.standing = false;
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#watch);
  }

  /** A stream without a length in its head tells it once its end was looked for. */
  #measured(): void {
    const { duration } = this.#audio;
    if (Number.isNaN(duration)) return;
    if (duration === Infinity) return void (this.#audio.currentTime = 1e7);
    if (this.duration > 0) return;
    if (duration <= 0) return this.#onbroken();
    this.#audio.currentTime = 0;
    this.duration = Math.floor(duration * 1000) / 1000;
    this.#onready();
  }

  #tick(): void {
    this.#follow();
    if (this.playing) this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #follow(): void {
    const alone = this.#alone;
    if (alone && this.playing && this.#audio.currentTime >= alone.end) {
      if (this.loop) this.#audio.currentTime = alone.start;
      else {
        this.#alone = null;
        this.#audio.pause();
        this.#audio.currentTime = alone.end;
      }
    }
    if (this.#audio.currentTime !== this.time) {
      this.#moved = performance.now();
      this.standing = false;
    }
    this.time = this.#audio.currentTime;
  }

  play(): void {
    if (this.time >= this.duration) this.seek(0);
    // A refusal (no gesture yet, broken data) shows as not playing.
    void this.#audio.play().catch(() => undefined);
  }

  pause(): void {
    this.#audio.pause();
  }

  toggle(): void {
    this.#alone = null;
    if (this.playing) this.pause();
    else this.play();
  }

  /** Plays one stretch from its start, once or over and over; pauses if it is being played alone. */
  playAlone(start: number, end: number): void {
    if (this.playing && this.#alone) return this.pause();
    this.seek(start);
    this.#alone = { start, end };
    this.play();
  }

  /** Jumps to a second, clamped; a stretch that was played alone is left. */
  seek(time: number): void {
    this.#alone = null;
    this.#moved = performance.now();
    this.standing = false;
    this.time = Math.min(Math.max(time, 0), this.duration);
    this.#audio.currentTime = this.time;
  }

  faster(by: 1 | -1): void {
    const place = SPEEDS.indexOf(this.speed) + by;
    this.setSpeed(SPEEDS[Math.min(Math.max(place, 0), SPEEDS.length - 1)]!);
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.#audio.playbackRate = speed;
    this.#audio.defaultPlaybackRate = speed;
  }
}
