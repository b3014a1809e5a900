import type { EngineLink } from '../link/engine-link.ts';
import type { ReadMedia } from '../media/read-media.ts';
import { PlayerError } from '../player-error.ts';
import { APPEND_BYTES, BUFFER_AHEAD_SECONDS, BUFFER_BEHIND_SECONDS } from '../player-limits.ts';

/** A file that plays through Media Source. */
export interface StreamedFile extends ReadMedia {
  readonly path: string;
  readonly bytes: number;
}

/** Events after which there may be room for more, or need of it. */
const WAKES = ['timeupdate', 'seeking', 'play', 'waiting', 'ratechange'] as const;

/**
 * Plays a file in constant memory: verified bytes are appended while less than half a minute is ahead, what was played
 * is let go, and a seek begins to read where the file's index says.
 */
export class MediaSourcePlayback {
  readonly #media: HTMLMediaElement;
  readonly #link: EngineLink;
  readonly #file: StreamedFile;
  readonly #source = new MediaSource();
  readonly #stop = new AbortController();
  readonly #onFailure: (error: unknown) => void;
  #buffer: SourceBuffer | undefined;
  #reading = new AbortController();
  #read: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #url = '';

  /** @param onFailure told once when playing cannot go on */
  constructor(
    components: { readonly media: HTMLMediaElement; readonly link: EngineLink },
    file: StreamedFile,
    onFailure: (error: unknown) => void,
  ) {
    this.#media = components.media;
    this.#link = components.link;
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** Begins to load. */
  async start(): Promise<void> {
    const { signal } = this.#stop;
    this.#url = URL.createObjectURL(this.#source);
    this.#media.src = this.#url;
    await heard(this.#source, 'sourceopen', signal);
    this.#buffer = this.#source.addSourceBuffer(this.#file.facts.mime);
    const { seconds } = this.#file.facts;
    const shown = seconds ?? (this.#file.index.size > 1 ? this.#file.index.lastSeconds : undefined);
    if (shown !== undefined) this.#source.duration = shown;
    for (const wake of WAKES) this.#media.addEventListener(wake, () => this.#wake(), { signal });
    this.#media.addEventListener('seeking', () => this.#sought(), { signal });
    this.#readFrom(0);
  }

  /** Lets go of everything. */
  stop(): void {
    this.#stop.abort();
    this.#reading.abort();
    this.#wake();
    URL.revokeObjectURL(this.#url);
  }

  /** What is buffered goes on; another place is read from there. */
  #sought(): void {
    const at = this.#media.currentTime;
    if (this.#bufferedAhead(at) > 0) return;
    const entry = this.#file.index.before(at);
    // Without an index the stream that is under way gets there, or begins anew where it has passed.
    const begun = this.#buffer?.buffered.length ? this.#buffer.buffered.start(0) : 0;
    if (this.#file.index.size === 0 && at >= begun && !this.#reading.signal.aborted) return;
    this.#readFrom(entry?.offset ?? 0);
  }

  #readFrom(offset: number): void {
    const before = this.#read;
    this.#reading.abort();
    this.#wake();
    const reading = new AbortController();
    this.#reading = reading;
    this.#read = before
      .then(() => this.#append(offset, AbortSignal.any([reading.signal, this.#stop.signal])))
      .catch((error: unknown) => {
        if (reading.signal.aborted || this.#stop.signal.aborted) return;
        reading.abort();
        this.#onFailure(this.#media.error === null ? error : mediaFailure(this.#media.error, error));
      });
  }

  async #append(offset: number, signal: AbortSignal): Promise<void> {
    const buffer = this.#buffer;
    if (buffer === undefined || signal.aborted) return;
    // Whatever was half appended is forgotten; the header stays known.
    if (offset > 0 && this.#source.readyState === 'open') buffer.abort();
    for await (const { bytes } of this.#link.read(this.#file.path, { start: offset }, signal)) {
      for (let at = 0; at < bytes.length; at += APPEND_BYTES) {
        await this.#room(buffer, signal);
        await this.#put(buffer, bytes.subarray(at, at + APPEND_BYTES), signal);
      }
    }
    if (this.#source.readyState === 'open') this.#source.endOfStream();
  }

  /** Waits until less is ahead than is kept. */
  async #room(buffer: SourceBuffer, signal: AbortSignal): Promise<void> {
    const behind = this.#media.currentTime - BUFFER_BEHIND_SECONDS;
    if (buffer.buffered.length > 0 && buffer.buffered.start(0) < behind - BUFFER_BEHIND_SECONDS)
      await this.#remove(buffer, behind, signal);
    while (this.#bufferedAhead(this.#media.currentTime) > BUFFER_AHEAD_SECONDS) await this.#woken(signal);
    signal.throwIfAborted();
  }

  async #put(buffer: SourceBuffer, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      try {
        buffer.appendBuffer(bytes);
        return await updated(buffer, signal);
      } catch (error) {
        const full = error instanceof DOMException && error.name === 'QuotaExceededError';
        if (!full) throw error;
        // The element is full of what lies ahead: playing makes room.
        const behind = this.#media.currentTime - 1;
        if (buffer.buffered.length > 0 && buffer.buffered.start(0) < behind)
          await this.#remove(buffer, behind, signal);
        else await this.#woken(signal);
      }
    }
  }

  async #remove(buffer: SourceBuffer, endSeconds: number, signal: AbortSignal): Promise<void> {
    buffer.remove(0, endSeconds);
    await updated(buffer, signal);
  }

  /** Seconds buffered from a time on without a gap; 0 where that time is not buffered. */
  #bufferedAhead(at: number): number {
    const { buffered } = this.#media;
    for (let index = 0; index < buffered.length; index++) {
      if (at >= buffered.start(index) && at < buffered.end(index)) return buffered.end(index) - at;
    }
    return 0;
  }

  async #woken(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
  }
}

async function updated(buffer: SourceBuffer, signal: AbortSignal): Promise<void> {
  while (buffer.updating) await heard(buffer, 'updateend', signal);
}

async function heard(target: EventTarget, name: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const left = () => reject(signal.reason as Error);
  target.addEventListener(name, () => resolve(), { once: true });
  signal.addEventListener('abort', left, { once: true });
  await promise;
  signal.removeEventListener('abort', left);
}

/** What the element says of a file that it cannot decode. */
export function mediaFailure(error: MediaError, cause?: unknown): PlayerError {
  return new PlayerError(
    'MEDIA_FAILED',
    `The browser cannot play this: ${error.message || `error ${error.code}`}.`,
    {
      values: { code: error.code },
      remedy: 'Its bytes are as published: try another browser, or download the file.',
      cause,
    },
  );
}
