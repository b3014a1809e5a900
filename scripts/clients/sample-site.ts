import { createCipheriv } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isInstalled, runProgram } from './run-program.ts';

const MIB = 1_048_576;
/** Many blocks, and long enough for a download to be broken off in the middle. */
export const LARGE_BYTES = 24 * MIB;
/** So long and so heavy that a browser does not have all of it before it is told to seek. */
export const FILM_SECONDS = 40;
const FILM_BITRATE = '4M';

export const LARGE_FILE = 'large.bin';
/** Directory and name need encoding in a URL. */
export const NOTE_FILE = 'papers/a note – ü.txt';
export const NOTE_TEXT = 'Content is named by what it is, not by where it lies.\n';

/** A film of the site, as a browser asks for it. */
export interface Film {
  readonly path: string;
  readonly type: string;
}

const FILMS: readonly (Film & { readonly encoding: readonly string[] })[] = [
  {
    path: 'film.webm',
    type: 'video/webm',
    encoding: ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '16', '-b:v', FILM_BITRATE],
  },
  {
    // The index of its frames is at the end, as most tools leave it: a browser has to ask for that first.
    path: 'film.mp4',
    type: 'video/mp4',
    encoding: ['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', FILM_BITRATE, '-pix_fmt', 'yuv420p'],
  },
];

export interface SampleSite {
  readonly directory: string;
  readonly large: Buffer;
  /** Empty without ffmpeg. */
  readonly films: readonly Film[];
}

/**
 * Writes a directory as publishers have them: a page, a large file, a name that needs encoding, films.
 * @param options.films whether ffmpeg, where it is, makes the films @default true
 */
export async function writeSampleSite(
  directory: string,
  options: { readonly films?: boolean } = {},
): Promise<SampleSite> {
  await mkdir(join(directory, 'papers'), { recursive: true });
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, 3), Buffer.alloc(16));
  const large = cipher.update(Buffer.alloc(LARGE_BYTES));
  await writeFile(join(directory, LARGE_FILE), large);
  await writeFile(join(directory, NOTE_FILE), NOTE_TEXT);
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>A film</title><h1>A film</h1>\n');
  const films = options.films !== false && (await isInstalled('ffmpeg', '-version')) ? FILMS : [];
  for (const { path, encoding } of films) await encodeFilm(join(directory, path), encoding);
  return { directory, large, films: films.map(({ path, type }) => ({ path, type })) };
}

/** Moving patterns under noise: no encoder makes them small. */
async function encodeFilm(path: string, encoding: readonly string[]): Promise<void> {
  const pictures = `testsrc2=size=480x270:rate=15:duration=${FILM_SECONDS},noise=alls=60:allf=t`;
  // A key frame every two seconds, so that seeking is exact.
  const settings = ['-g', '30', '-minrate', FILM_BITRATE, '-maxrate', FILM_BITRATE, '-bufsize', FILM_BITRATE];
  await runProgram('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', pictures, ...encoding, ...settings, path]);
}
