import type { Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from 'hls.js';

import type { EngineLink } from '../link/engine-link.ts';
import { failureOf } from '../failure.ts';
import { contentPathOf } from './content-url.ts';

/** What loads playlists and segments for hls.js: the same engine that loads files, by path inside the content. */
export function engineLoader(link: EngineLink): new () => Loader<LoaderContext> {
  return class EngineLoader implements Loader<LoaderContext> {
    context: LoaderContext | null = null;
    readonly stats: LoaderStats = freshStats();
    readonly #stop = new AbortController();
    #callbacks: LoaderCallbacks<LoaderContext> | undefined;

    load(
      context: LoaderContext,
      _config: LoaderConfiguration,
      callbacks: LoaderCallbacks<LoaderContext>,
    ): void {
      this.context = context;
      this.#callbacks = callbacks;
      void this.#load(context, callbacks);
    }

    abort(): void {
      if (this.#stop.signal.aborted || this.context === null) return;
      this.stats.aborted = true;
      this.#stop.abort();
      this.#callbacks?.onAbort?.(this.stats, this.context, null);
    }

    destroy(): void {
      this.#stop.abort();
      this.#callbacks = undefined;
    }

    async #load(context: LoaderContext, callbacks: LoaderCallbacks<LoaderContext>): Promise<void> {
      const { stats } = this;
      const { signal } = this.#stop;
      stats.loading.start = performance.now();
      try {
        const path = contentPathOf(context.url);
        const { rangeStart = 0, rangeEnd } = context;
        // hls.js asks for nothing to its end by a range of 0.
        const end = rangeEnd === undefined || rangeEnd === 0 ? (await link.file(path)).bytes : rangeEnd;
        const bytes = await this.#bytes(path, { start: rangeStart, end });
        stats.loading.end = performance.now();
        stats.loaded = stats.total = bytes.length;
        const data = context.responseType === 'arraybuffer' ? bytes.buffer : new TextDecoder().decode(bytes);
        if (!signal.aborted) callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
      } catch (error) {
        if (signal.aborted) return;
        const { message, code } = failureOf(error);
        callbacks.onError(
          { code: code === 'PATH_NOT_FOUND' ? 404 : 503, text: message },
          context,
          null,
          stats,
        );
      }
    }

    async #bytes(path: string, range: { start: number; end: number }): Promise<Uint8Array<ArrayBuffer>> {
      const { stats } = this;
      const whole = new Uint8Array(range.end - range.start);
      for await (const { offset, bytes } of link.read(path, range, this.#stop.signal)) {
        stats.loading.first ||= performance.now();
        whole.set(bytes, offset - range.start);
        stats.loaded += bytes.length;
      }
      return whole;
    }
  };
}

function freshStats(): LoaderStats {
  return {
    ...{ aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0 },
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}
