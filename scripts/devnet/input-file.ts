import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { DevnetError } from './devnet-error.ts';
import { drawnFilm } from './drawn-film.ts';

/** A file that the publisher publishes, and the hash that every viewer's copy must have. */
export interface InputFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

const GENERATED_PIECE_BYTES = 1 << 20;

/** @throws DevnetError INPUT_UNREADABLE */
export async function readInputFile(path: string): Promise<InputFile> {
  try {
    const { size } = await stat(path);
    return { path, bytes: size, sha256: await sha256OfFile(path) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new DevnetError('INPUT_UNREADABLE', `The input ${path} cannot be read: ${reason}`, { path }, error);
  }
}

/** Writes a file whose bytes follow from its size alone: the same job twice publishes the same content. */
export async function generateInputFile(folder: string, bytes: number): Promise<InputFile> {
  const path = join(folder, 'generated.bin');
  await pipeline(Readable.from(generatedPieces(bytes)), createWriteStream(path));
  return readInputFile(path);
}

/** Writes a film that a browser plays, of this length to the byte; the same length twice is the same film. */
export async function generateFilm(folder: string, bytes: number): Promise<InputFile> {
  const path = join(folder, 'film.mp4');
  await pipeline(Readable.from(drawnFilm(bytes)), createWriteStream(path));
  return readInputFile(path);
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function* generatedPieces(bytes: number): Generator<Uint8Array> {
  for (let offset = 0; offset < bytes; offset += GENERATED_PIECE_BYTES) {
    const length = Math.min(GENERATED_PIECE_BYTES, bytes - offset);
    // An extendable hash gives incompressible bytes that no two pieces share.
    yield createHash('shake128', { outputLength: length }).update(`bcdn ${bytes} ${offset}`).digest();
  }
}
