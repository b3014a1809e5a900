import { createHash } from 'node:crypto';

import { filmHeader, fragmentOf } from './film-boxes.ts';
import { pictureOf } from './film-picture.ts';

/**
 * A film that plays in a browser, drawn and written here, because a fresh clone has no encoder: H.264 whose pictures are
 * not compressed (ITU-T H.264, 7.3.5, I_PCM), in fragmented MP4 (ISO/IEC 14496-12). What does not fill another picture is
 * padding, so that the film has the length that was asked for.
 * @param bytes length of the file @returns its pieces in order; the same ones for the same length
 */
export function* drawnFilm(bytes: number): Generator<Uint8Array> {
  const first = fragment(0);
  const header = filmHeader();
  const pictures = Math.floor((bytes - header.length - MIN_PADDING_BYTES) / first.length);
  if (pictures < 1) {
    // Too short for a film: bytes that no two blocks share.
    yield createHash('shake128', { outputLength: bytes }).update(`bcdn ${bytes}`).digest();
    return;
  }
  yield header;
  for (let index = 0; index < pictures; index++) yield fragment(index);
  yield padding(bytes - header.length - pictures * first.length);
}

/** Head of a box. */
const MIN_PADDING_BYTES = 8;

const fragment = (index: number): Uint8Array => fragmentOf(index, pictureOf(index));

/** A box that players pass over. */
function padding(bytes: number): Uint8Array {
  const box = new Uint8Array(bytes);
  new DataView(box.buffer).setUint32(0, bytes);
  box.set(new TextEncoder().encode('free'), 4);
  return box;
}
