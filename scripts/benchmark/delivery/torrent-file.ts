import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';

/** Smallest piece that clients are used to. */
const MIN_PIECE_BYTES = 16_384;
/** A torrent has about so many pieces: the rule by which `create-torrent`, which WebTorrent comes with, chooses. */
const PIECES = 1_024;

type Bencoded = string | number | Uint8Array | readonly Bencoded[] | { readonly [key: string]: Bencoded };

/** BEP 3. Keys of dictionaries are written in the order of their bytes. */
export function bencode(value: Bencoded): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return bencode(Buffer.from(value));
  if (value instanceof Uint8Array) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  const parts = Array.isArray(value)
    ? ['l', ...value.map((item: Bencoded) => bencode(item)), 'e']
    : ['d', ...entriesOf(value as { readonly [key: string]: Bencoded }), 'e'];
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function entriesOf(dictionary: { readonly [key: string]: Bencoded }): Buffer[] {
  const keys = Object.keys(dictionary).toSorted();
  return keys.flatMap((key) => [bencode(key), bencode(dictionary[key] ?? '')]);
}

/** Describes one file for BitTorrent, version 1. @param trackerUrl where clients ask for each other */
export async function describeTorrent(path: string, bytes: number, trackerUrl: string): Promise<Buffer> {
  const pieceBytes = Math.max(MIN_PIECE_BYTES, 2 ** Math.round(Math.log2(bytes / PIECES)));
  const pieces: Buffer[] = [];
  const file = await open(path);
  try {
    const piece = Buffer.alloc(pieceBytes);
    for (let offset = 0; offset < bytes; offset += pieceBytes) {
      const { bytesRead } = await file.read(piece, 0, Math.min(pieceBytes, bytes - offset), offset);
      pieces.push(createHash('sha1').update(piece.subarray(0, bytesRead)).digest());
    }
  } finally {
    await file.close();
  }
  const info = {
    length: bytes,
    name: basename(path),
    'piece length': pieceBytes,
    pieces: Buffer.concat(pieces),
    private: 1,
  };
  return bencode({ announce: trackerUrl, info });
}
