import type { FileFacts } from '../engine/content-view.ts';
import type { EngineLink } from '../link/engine-link.ts';
import { RemoteFailure } from '../link/remote-failure.ts';
import { entryOf } from '../media/entry-choice.ts';
import { mediaTypeOf, shownAs, type ShownAs } from '../media/media-kind.ts';
import { readHead, readMedia } from '../media/read-media.ts';
import { PlayerError } from '../player-error.ts';
import { MAX_BLOB_BYTES, MAX_TEXT_BYTES } from '../player-limits.ts';
import { HlsPlayback, type Quality } from './hls-playback.ts';
import { MediaSourcePlayback } from './media-source-playback.ts';
import type { RangedUrls } from './ranged-urls.ts';

/** What a content is shown with, and how to let go of it. */
export interface Shown {
  readonly kind: ShownAs;
  readonly type: string;
  /** The file that is shown. */
  readonly path: string;
  /** How the bytes reach the browser. */
  readonly way: 'media-source' | 'hls' | 'url' | 'blob' | 'text';
  stop(): void;
  choose?(level: number): void;
}

/** The places in the page that a content can take. */
export interface Stage {
  media(kind: 'video' | 'audio'): HTMLMediaElement;
  image(): HTMLImageElement;
  text(): HTMLElement;
  download(): HTMLAnchorElement;
}

export interface ShowOptions {
  readonly link: EngineLink;
  readonly stage: Stage;
  readonly cid: string;
  readonly path: string;
  /** Ranged URLs by a service worker, where one can be had. */
  readonly urls: RangedUrls | undefined;
  readonly onQualities: (qualities: readonly Quality[]) => void;
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Shows a file of a content in the way that its form allows: playlists by hls.js, WebM and fragmented MP4 by Media
 * Source, everything else whole, or by a ranged URL where it is too large for that.
 * @throws RemoteFailure, PlayerError MEDIA_INVALID, MEDIA_UNSUPPORTED, TOO_LARGE
 */
export async function showContent(asked: ShowOptions): Promise<Shown> {
  const { link, signal } = asked;
  const path = await shownPath(asked);
  const options = { ...asked, path };
  const file = await link.file(path);
  const read = (range: { start: number; end: number }) => link.bytes(path, range, signal);
  const head = file.bytes === 0 ? new Uint8Array(0) : await readHead(read, file.bytes);
  const type = mediaTypeOf(path, head);
  const kind = shownAs(type);
  signal.throwIfAborted();
  if (kind === 'hls') return showHls(options, type);
  if (kind === 'text') return showText(options, file, type);
  if ((kind === 'video' || kind === 'audio') && 'MediaSource' in globalThis) {
    const container = /webm|matroska/.test(type) ? 'webm' : /mp4|quicktime/.test(type) ? 'mp4' : undefined;
    const known = container && (await readMedia(container, { head, fileBytes: file.bytes, read }));
    signal.throwIfAborted();
    if (known?.facts.streamable === true && MediaSource.isTypeSupported(known.facts.mime)) {
      const media = options.stage.media(kind);
      const parts = { media, link };
      const playback = new MediaSourcePlayback(
        parts,
        { ...known, path, bytes: file.bytes },
        options.onFailure,
      );
      await playback.start();
      return { kind, type, path, way: 'media-source', stop: () => playback.stop() };
    }
  }
  return showWhole(options, file, { kind, type });
}

/** Of a directory the file that is meant. */
async function shownPath({ link, path }: ShowOptions): Promise<string> {
  const names = path === '' ? await listed(link) : undefined;
  return (names && entryOf(names)) ?? path;
}

async function listed(link: EngineLink): Promise<readonly string[] | undefined> {
  try {
    return await link.list('');
  } catch (error) {
    // Whether the file itself can be had is said when it is asked for; an origin may have it.
    if (error instanceof RemoteFailure) return undefined;
    throw error;
  }
}

async function showHls(options: ShowOptions, type: string): Promise<Shown> {
  const { link, path, stage, onQualities, onFailure } = options;
  const playback = new HlsPlayback({ media: stage.media('video'), link }, path, { onQualities, onFailure });
  await playback.start();
  const choose = (level: number) => playback.choose(level);
  return { kind: 'hls', type, path, way: 'hls', choose, stop: () => playback.stop() };
}

async function showText(
  { link, path, stage, signal }: ShowOptions,
  file: FileFacts,
  type: string,
): Promise<Shown> {
  const end = Math.min(file.bytes, MAX_TEXT_BYTES);
  const bytes = end === 0 ? new Uint8Array(0) : await link.bytes(path, { start: 0, end }, signal);
  const rest = file.bytes > end ? `\n… ${file.bytes - end} more bytes` : '';
  stage.text().textContent = new TextDecoder().decode(bytes) + rest;
  return { kind: 'text', type, path, way: 'text', stop: () => undefined };
}

/** Small files are held in memory; large ones need a service worker that answers ranges. */
async function showWhole(
  options: ShowOptions,
  file: FileFacts,
  { kind, type }: { readonly kind: ShownAs; readonly type: string },
): Promise<Shown> {
  const { cid, path, link, urls, signal } = options;
  const ranged = kind === 'video' || kind === 'audio' || file.bytes > MAX_BLOB_BYTES;
  const url = ranged && file.verified ? await urls?.urlOf(cid, path) : undefined;
  if (url !== undefined) {
    place(options, { kind, url });
    return { kind, type, path, way: 'url', stop: () => undefined };
  }
  if (file.bytes > MAX_BLOB_BYTES) throw tooLarge(file.bytes, type);
  const bytes =
    file.bytes === 0 ? new Uint8Array(0) : await link.bytes(path, { start: 0, end: file.bytes }, signal);
  signal.throwIfAborted();
  const blob = URL.createObjectURL(new Blob([bytes], { type }));
  place(options, { kind, url: blob });
  return { kind, type, path, way: 'blob', stop: () => URL.revokeObjectURL(blob) };
}

function place(
  { stage, path, cid, onFailure }: ShowOptions,
  { kind, url }: { kind: ShownAs; url: string },
): void {
  if (kind === 'video' || kind === 'audio') stage.media(kind).src = url;
  else if (kind === 'image') {
    const image = stage.image();
    image.addEventListener('error', () => onFailure(undecodable()), { once: true });
    image.src = url;
  } else {
    const anchor = stage.download();
    anchor.href = url;
    anchor.download = path.slice(path.lastIndexOf('/') + 1) || cid;
  }
}

function undecodable(): PlayerError {
  return new PlayerError('MEDIA_FAILED', 'The browser cannot show this image.', {
    remedy: 'Its bytes are as published: try another browser, or download the file.',
  });
}

function tooLarge(bytes: number, type: string): PlayerError {
  return new PlayerError('TOO_LARGE', `A file of ${bytes} bytes and this form cannot be held in a page.`, {
    values: { bytes, limit: MAX_BLOB_BYTES, type },
    remedy:
      'Install the service worker on the site, or publish it as WebM or fragmented MP4 (ffmpeg -movflags +frag_keyframe+empty_moov).',
  });
}
