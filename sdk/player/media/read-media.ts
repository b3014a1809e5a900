import type { ByteRange } from '../../client/file-walk.ts';
import { MAX_HEADER_BYTES, MAX_INDEX_BYTES, PROBE_BYTES } from '../player-limits.ts';
import { invalid } from './byte-reader.ts';
import type { MediaFacts } from './media-facts.ts';
import { MFRO_BYTES, mfraBytes, probeMp4, readMfra } from './mp4-probe.ts';
import { TimeIndex } from './time-index.ts';
import { cuesBytes, probeWebm, readCues, segmentOf } from './webm-probe.ts';

/** ID and size of an element at their longest (RFC 8794, section 4). */
const ELEMENT_HEADER_BYTES = 12;

/** Reads bytes of the file that is looked at. */
export type ReadBytes = (range: ByteRange) => Promise<Uint8Array>;

/** What is known of a media file before it plays. */
export interface ReadMedia {
  readonly facts: MediaFacts;
  readonly index: TimeIndex;
}

/** First bytes of a file, as many as tell its form. */
export function readHead(read: ReadBytes, fileBytes: number): Promise<Uint8Array> {
  return read({ start: 0, end: Math.min(PROBE_BYTES, fileBytes) });
}

/**
 * Reads header and index of a WebM or MP4 file.
 * @throws PlayerError MEDIA_INVALID; what reading throws
 */
export async function readMedia(
  container: MediaFacts['container'],
  { head, fileBytes, read }: { head: Uint8Array; readonly fileBytes: number; readonly read: ReadBytes },
): Promise<ReadMedia> {
  for (;;) {
    const probe = container === 'webm' ? probeWebm(head, fileBytes) : probeMp4(head, fileBytes);
    if (probe.kind === 'facts') {
      const index = probe.facts.streamable ? await readIndex(probe.facts, { head, read }) : probe.facts.index;
      return { facts: probe.facts, index: new TimeIndex(index) };
    }
    if (probe.bytes > MAX_HEADER_BYTES || head.length >= fileBytes) throw invalid('its header is too long');
    head = await read({ start: 0, end: Math.min(fileBytes, Math.max(probe.bytes, head.length * 2)) });
  }
}

async function readIndex(
  { container, index, indexPlace }: MediaFacts,
  { head, read }: { readonly head: Uint8Array; readonly read: ReadBytes },
): Promise<MediaFacts['index']> {
  if (indexPlace === undefined) return index;
  const { start, end } = indexPlace;
  if (container === 'webm') {
    const bytes = cuesBytes(await read({ start, end: Math.min(end, start + ELEMENT_HEADER_BYTES) }));
    if (bytes > Math.min(MAX_INDEX_BYTES, end - start)) return [];
    return readCues(await read({ start, end: start + bytes }), segmentOf(head));
  }
  const bytes = mfraBytes(await read({ start, end }));
  if (bytes <= MFRO_BYTES || bytes > Math.min(MAX_INDEX_BYTES, end)) return [];
  return readMfra(await read({ start: end - bytes, end }), head);
}
