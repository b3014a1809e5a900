import { PlayerError } from '../player-error.ts';

/** A name that no server has: URLs below it stand for paths inside the content that is viewed. */
const BASE = 'https://content.invalid/';

/** The URL by which a library that knows only URLs names a file of the content. */
export function contentUrlOf(path: string): string {
  return BASE + path.split('/').map(encodeURIComponent).join('/');
}

/**
 * The path that such a URL names. What lies outside of the content is refused: nothing but verified bytes is played.
 * @throws PlayerError MEDIA_UNSUPPORTED
 */
export function contentPathOf(url: string): string {
  if (url.startsWith(BASE)) return decodeURIComponent(new URL(url).pathname.slice(1));
  throw new PlayerError('MEDIA_UNSUPPORTED', `The playlist names ${url}, which is not part of the content.`, {
    values: { url },
    remedy: 'Publish playlists and segments together, with relative addresses.',
  });
}
