import { contentTypeOf } from '../../protocol/media-type.ts';
import { shownAs } from './media-kind.ts';

/** Playlists by the names that encoders give to the first of them. */
const PLAYLISTS = ['master.m3u8', 'index.m3u8', 'playlist.m3u8', 'stream.m3u8'];
const PREFERENCE = ['hls', 'video', 'audio', 'image', 'text'] as const;

/** The file of a directory that somebody who names only the directory wants to see; undefined if it is not clear. */
export function entryOf(names: readonly string[]): string | undefined {
  const playlist = PLAYLISTS.find((name) => names.includes(name));
  if (playlist !== undefined) return playlist;
  const [only] = names;
  if (names.length === 1) return only;
  for (const kind of PREFERENCE) {
    const found = names.find((name) => shownAs(contentTypeOf(name)) === kind);
    if (found !== undefined) return found;
  }
  return undefined;
}
