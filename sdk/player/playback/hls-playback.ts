import type Hls from 'hls.js';

import type { EngineLink } from '../link/engine-link.ts';
import { PlayerError } from '../player-error.ts';
import { BUFFER_AHEAD_SECONDS, BUFFER_BEHIND_SECONDS } from '../player-limits.ts';
import { contentUrlOf } from './content-url.ts';
import { engineLoader } from './engine-loader.ts';

/** One quality of a stream, best last. */
export interface Quality {
  /** −1 chooses by what the connection carries. */
  readonly level: number;
  readonly label: string;
}

/** What a playing stream tells. */
export interface HlsEvents {
  readonly onQualities: (qualities: readonly Quality[]) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Plays a playlist of the content by hls.js, which is loaded when the first one is played. */
export class HlsPlayback {
  readonly #media: HTMLMediaElement;
  readonly #link: EngineLink;
  readonly #path: string;
  readonly #told: HlsEvents;
  #hls: Hls | undefined;
  #stopped = false;

  constructor(
    components: { readonly media: HTMLMediaElement; readonly link: EngineLink },
    path: string,
    told: HlsEvents,
  ) {
    this.#media = components.media;
    this.#link = components.link;
    this.#path = path;
    this.#told = told;
  }

  async start(): Promise<void> {
    const { default: Player } = await import('hls.js');
    if (this.#stopped) return;
    if (!Player.isSupported()) throw unsupported();
    const hls = new Player({
      loader: engineLoader(this.#link),
      // Its worker would need a page that allows scripts from memory.
      enableWorker: false,
      maxBufferLength: BUFFER_AHEAD_SECONDS,
      backBufferLength: BUFFER_BEHIND_SECONDS,
    });
    this.#hls = hls;
    hls.on(Player.Events.MANIFEST_PARSED, () => this.#told.onQualities(qualitiesOf(hls)));
    hls.on(Player.Events.ERROR, (_event, { fatal, details, error }) => {
      if (!fatal) return;
      this.#told.onFailure(
        new PlayerError('MEDIA_FAILED', `The stream cannot be played: ${error.message || details}.`, {
          values: { details },
          remedy: 'Try again shortly; if it persists, the publisher has to publish the stream again.',
          cause: error,
        }),
      );
    });
    hls.loadSource(contentUrlOf(this.#path));
    hls.attachMedia(this.#media);
  }

  choose(level: number): void {
    if (this.#hls !== undefined) this.#hls.currentLevel = level;
  }

  stop(): void {
    this.#stopped = true;
    this.#hls?.destroy();
  }
}

function qualitiesOf(hls: Hls): readonly Quality[] {
  const named = hls.levels.map(({ height, bitrate }, level) => ({
    level,
    label: height > 0 ? `${height}p` : `${Math.round(bitrate / 1000)} kbit/s`,
  }));
  return named.length < 2 ? [] : [{ level: -1, label: 'Auto' }, ...named];
}

function unsupported(): PlayerError {
  return new PlayerError('MEDIA_UNSUPPORTED', 'This browser has no Media Source, which playlists need.', {
    remedy: 'Use a current browser.',
  });
}
