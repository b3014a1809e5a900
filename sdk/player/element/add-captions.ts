import type { EngineLink } from '../link/engine-link.ts';
import { RemoteFailure } from '../link/remote-failure.ts';
import { MAX_TEXT_BYTES } from '../player-limits.ts';
import { captionsOf } from './captions.ts';
import { element } from './dom-element.ts';

/** Adds the captions that lie beside a video in its directory, verified like everything else. */
export async function addCaptions(of: {
  readonly link: EngineLink;
  readonly path: string;
  readonly media: HTMLMediaElement;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { link, path, media, signal } = of;
  try {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    for (const captions of captionsOf(path, (await link.list(folder)) ?? [])) {
      const { bytes } = await link.file(captions.path);
      if (bytes === 0 || bytes > MAX_TEXT_BYTES) continue;
      const text = await link.bytes(captions.path, { start: 0, end: bytes }, signal);
      const src = URL.createObjectURL(new Blob([text], { type: 'text/vtt' }));
      const label = captions.language ?? 'Captions';
      const language = captions.language === undefined ? {} : { srclang: captions.language };
      media.append(element('track', { kind: 'captions', label, src, ...language }));
      signal.addEventListener('abort', () => URL.revokeObjectURL(src), { once: true });
    }
  } catch (error) {
    // The video plays without them.
    if (!(error instanceof RemoteFailure) && !signal.aborted) throw error;
  }
}
