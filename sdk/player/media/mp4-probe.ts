import { ByteReader, invalid } from './byte-reader.ts';
import type { Probe } from './media-facts.ts';
import { boxAt, BOX_HEADER, childOf, childrenOf, descend, LARGE_BOX_HEADER, type Box } from './mp4-box.ts';
import { mp4CodecOf, type Mp4Codec } from './mp4-codec.ts';
import type { EntryPoint } from './time-index.ts';

/** Last box of a file with an index of fragments: its size says where that index begins. */
export const MFRO_BYTES = 16;

/**
 * Reads the header of an MP4 file. One whose `moov` follows its samples, or holds their table, is not streamable.
 * @param head its first bytes @param fileBytes its length
 * @throws PlayerError MEDIA_INVALID
 */
export function probeMp4(head: Uint8Array, fileBytes: number): Probe {
  let at = 0;
  while (at + LARGE_BOX_HEADER <= head.length || head.length >= fileBytes) {
    const box = boxAt(head, at, fileBytes);
    if (box === undefined) throw invalid('it has no moov box');
    if (box.type === 'moov') {
      if (box.end > fileBytes) throw invalid('its header is longer than the file');
      // What follows may be an index of the fragments: it is read along.
      if (box.end > head.length) return { kind: 'more', bytes: box.end + LARGE_BOX_HEADER };
      return withIndex(head, box, fileBytes);
    }
    if (box.type === 'mdat' || box.type === 'moof') {
      const facts = { container: 'mp4', streamable: false, mime: 'video/mp4', seconds: undefined } as const;
      return { kind: 'facts', facts: { ...facts, headerBytes: 0, index: [], indexPlace: undefined } };
    }
    at = box.end;
    if (at > head.length) break;
  }
  return { kind: 'more', bytes: Math.min(fileBytes, at + LARGE_BOX_HEADER) };
}

function withIndex(head: Uint8Array, moov: Box, fileBytes: number): Probe {
  const tracks = tracksOf(head, moov);
  const fragmented = childOf(head, moov, 'mvex') !== undefined;
  const index: EntryPoint[] = [];
  let seconds = durationOf(head, moov);
  for (let at = moov.end; at + BOX_HEADER <= head.length;) {
    const box = boxAt(head, at, fileBytes);
    if (box === undefined || (box.type !== 'sidx' && box.type !== 'styp' && box.type !== 'free')) break;
    if (box.end > head.length) return { kind: 'more', bytes: box.end + BOX_HEADER };
    if (box.type === 'sidx' && index.length === 0) {
      const read = readSidx(head, box);
      index.push(...read.points);
      seconds ??= read.endSeconds;
    }
    at = box.end;
  }
  const kind = tracks.some(({ isVideo }) => isVideo) ? 'video' : 'audio';
  const mime = `${kind}/mp4; codecs="${tracks.map(({ codec }) => codec).join(',')}"`;
  const atEnd = fragmented && index.length === 0 && fileBytes > MFRO_BYTES;
  return {
    kind: 'facts',
    facts: {
      ...{ container: 'mp4', streamable: fragmented, mime, seconds, headerBytes: moov.end, index },
      indexPlace: atEnd ? { start: fileBytes - MFRO_BYTES, end: fileBytes } : undefined,
    },
  };
}

/** Bytes of the index of fragments, from the last box of the file; 0 if that is another one. */
export function mfraBytes(tail: Uint8Array): number {
  const box = boxAt(tail, 0, tail.length);
  return box?.type === 'mfro' ? new ByteReader(tail, MFRO_BYTES - 4).uint(4) : 0;
}

/** Entries of an index of fragments (mfra), for the first track that it names. */
export function readMfra(mfra: Uint8Array, head: Uint8Array): readonly EntryPoint[] {
  const outer = boxAt(mfra, 0, mfra.length);
  if (outer?.type !== 'mfra') throw invalid('it has no index where it says');
  const tfra = childOf(mfra, outer, 'tfra');
  if (tfra === undefined) return [];
  const reader = new ByteReader(mfra, tfra.start, tfra.end);
  const version = reader.uint(4) >>> 24;
  const track = reader.uint(4);
  const lengths = reader.uint(4);
  const numbers = ((lengths >> 4) & 3) + ((lengths >> 2) & 3) + (lengths & 3) + 3;
  const count = reader.uint(4);
  const size = version === 1 ? 8 : 4;
  if (count * (2 * size + numbers) > reader.left) throw invalid('its index is cut off');
  const timescale = timescaleOf(head, track);
  const points: EntryPoint[] = [];
  for (let index = 0; index < count; index++) {
    const time = reader.uint(size);
    points.push({ seconds: time / timescale, offset: reader.uint(size) });
    reader.take(numbers);
  }
  return points;
}

function readSidx(bytes: Uint8Array, box: Box): { points: EntryPoint[]; endSeconds: number } {
  const reader = new ByteReader(bytes, box.start, box.end);
  const size = reader.uint(4) >>> 24 === 0 ? 4 : 8;
  reader.uint(4);
  const timescale = Math.max(1, reader.uint(4));
  let time = reader.uint(size);
  let offset = box.end + reader.uint(size);
  const count = reader.uint(4) & 0xffff;
  const points: EntryPoint[] = [];
  for (let index = 0; index < count; index++) {
    points.push({ seconds: time / timescale, offset });
    // The first bit says that what is referenced is another index: those are not followed.
    offset += reader.uint(4) & 0x7fffffff;
    time += reader.uint(4);
    reader.uint(4);
  }
  return { points, endSeconds: time / timescale };
}

function tracksOf(head: Uint8Array, moov: Box): readonly Mp4Codec[] {
  const codecs: Mp4Codec[] = [];
  for (const trak of childrenOf(head, moov)) {
    if (trak.type !== 'trak') continue;
    const stsd = descend(head, trak, ['mdia', 'minf', 'stbl', 'stsd']);
    // A full box, and the count of its entries.
    const entry = stsd && boxAt(head, stsd.start + 8, stsd.end);
    const codec = entry && mp4CodecOf(head, entry);
    if (codec !== undefined) codecs.push(codec);
  }
  return codecs;
}

function durationOf(head: Uint8Array, moov: Box): number | undefined {
  const mvhd = childOf(head, moov, 'mvhd');
  if (mvhd === undefined) return undefined;
  const { reader, size } = timed(head, mvhd);
  const timescale = Math.max(1, reader.uint(4));
  const duration = reader.uint(size);
  const mehd = descend(head, moov, ['mvex', 'mehd']);
  const fragments = mehd && new ByteReader(head, mehd.start, mehd.end);
  const all = fragments?.uint(fragments.uint(4) >>> 24 === 0 ? 4 : 8) ?? duration;
  return all > 0 ? all / timescale : undefined;
}

function timescaleOf(head: Uint8Array, trackId: number): number {
  const reader = new ByteReader(head);
  for (
    let box = boxAt(head, 0, Infinity);
    box !== undefined && box.end <= reader.end;
    box = boxAt(head, box.end, Infinity)
  ) {
    if (box.type !== 'moov') continue;
    for (const trak of childrenOf(head, box)) {
      const tkhd = trak.type === 'trak' ? childOf(head, trak, 'tkhd') : undefined;
      const mdhd = descend(head, trak, ['mdia', 'mdhd']);
      if (tkhd === undefined || mdhd === undefined || timed(head, tkhd).reader.uint(4) !== trackId) continue;
      return Math.max(1, timed(head, mdhd).reader.uint(4));
    }
  }
  throw invalid('its index names a track that it does not have');
}

/** A reader behind the two times with which mvhd, tkhd and mdhd begin, and the size of their durations. */
function timed(bytes: Uint8Array, box: Box): { reader: ByteReader; size: 4 | 8 } {
  const reader = new ByteReader(bytes, box.start, box.end);
  const size = reader.uint(4) >>> 24 === 0 ? 4 : 8;
  reader.take(2 * size);
  return { reader, size };
}
