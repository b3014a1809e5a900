import { ByteReader, invalid } from './byte-reader.ts';
import type { Probe } from './media-facts.ts';
import type { EntryPoint } from './time-index.ts';

/** Element IDs (RFC 8794, EBML; RFC 9559, Matroska). */
const EBML = 0x1a45dfa3;
const DOC_TYPE = 0x4282;
const SEGMENT = 0x18538067;
const SEEK_HEAD = 0x114d9b74;
const SEEK = 0x4dbb;
const SEEK_ID = 0x53ab;
const SEEK_POSITION = 0x53ac;
const INFO = 0x1549a966;
const TIMESTAMP_SCALE = 0x2ad7b1;
const DURATION = 0x4489;
const TRACKS = 0x1654ae6b;
const TRACK_ENTRY = 0xae;
const TRACK_TYPE = 0x83;
const CODEC_ID = 0x86;
const CODEC_PRIVATE = 0x63a2;
const CLUSTER = 0x1f43b675;
const CUES = 0x1c53bb6b;
const CUE_POINT = 0xbb;
const CUE_TIME = 0xb3;
const CUE_TRACK_POSITIONS = 0xb7;
const CUE_CLUSTER_POSITION = 0xf1;

const VIDEO_TRACK = 1;
/** One millisecond, in nanoseconds: what a file without the element means. */
const DEFAULT_TIMESTAMP_SCALE = 1_000_000;
const NANOSECONDS = 1e9;
/** ID and size of an element at their longest. */
const MAX_ELEMENT_HEADER = 12;

const CODECS: Readonly<Record<string, string>> = {
  V_VP8: 'vp8',
  V_VP9: 'vp9',
  A_OPUS: 'opus',
  A_VORBIS: 'vorbis',
};

interface Element {
  readonly id: number;
  readonly start: number;
  /** Infinity for one whose length is not known. */
  readonly end: number;
}

interface Header {
  scale: number;
  duration: number | undefined;
  codecs: string[];
  hasVideo: boolean;
  cuesAt: number | undefined;
}

/**
 * Reads the header of a WebM or Matroska file.
 * @param head its first bytes @param fileBytes its length
 * @throws PlayerError MEDIA_INVALID
 */
export function probeWebm(head: Uint8Array, fileBytes: number): Probe {
  const reader = new ByteReader(head);
  const ebml = elementAt(reader);
  if (ebml?.id !== EBML || ebml.end > head.length) throw invalid('it has no EBML header');
  const docType = textOf(head, childOf(head, ebml, DOC_TYPE));
  reader.at = ebml.end;
  const segment = elementAt(reader);
  if (segment?.id !== SEGMENT) throw invalid('it has no segment');
  const header: Header = {
    ...{ scale: DEFAULT_TIMESTAMP_SCALE, duration: undefined, codecs: [], hasVideo: false },
    cuesAt: undefined,
  };
  for (reader.at = segment.start; ;) {
    if (reader.left < MAX_ELEMENT_HEADER && head.length < fileBytes)
      return { kind: 'more', bytes: reader.at + MAX_ELEMENT_HEADER };
    const element = elementAt(reader);
    if (element === undefined || element.id === CLUSTER) {
      const headerBytes = element === undefined ? reader.at : element.start - headerLength(head, element);
      return { kind: 'facts', facts: factsOf(header, { docType, headerBytes, segment, fileBytes }) };
    }
    if (element.end > head.length) {
      if (element.end > fileBytes) throw invalid('an element is longer than the file');
      return { kind: 'more', bytes: element.end + MAX_ELEMENT_HEADER };
    }
    readTopLevel(head, element, header, segment.start);
    reader.at = element.end;
  }
}

/** How long the cues are that begin at the first of these bytes, their own header included. */
export function cuesBytes(bytes: Uint8Array): number {
  const cues = elementAt(new ByteReader(bytes));
  if (cues?.id !== CUES) throw invalid('it has no cues where it says');
  return cues.end;
}

/** Entries of the cues, which begin at the first of these bytes. @param segmentStart as the header has it */
export function readCues(
  bytes: Uint8Array,
  { segmentStart, scale }: { readonly segmentStart: number; readonly scale: number },
): readonly EntryPoint[] {
  const cues = elementAt(new ByteReader(bytes));
  if (cues?.id !== CUES) throw invalid('it has no cues where it says');
  const points: EntryPoint[] = [];
  for (const point of childrenOf(bytes, cues)) {
    if (point.id !== CUE_POINT) continue;
    const time = uintOf(bytes, childOf(bytes, point, CUE_TIME));
    const positions = childOf(bytes, point, CUE_TRACK_POSITIONS);
    const position = positions && uintOf(bytes, childOf(bytes, positions, CUE_CLUSTER_POSITION));
    if (time !== undefined && position !== undefined)
      points.push({ seconds: (time * scale) / NANOSECONDS, offset: segmentStart + position });
  }
  return points;
}

/** How the segment of a file counts places and times: what reading its cues needs. */
export function segmentOf(head: Uint8Array): { segmentStart: number; scale: number } {
  const reader = new ByteReader(head);
  const ebml = elementAt(reader);
  reader.at = ebml?.end ?? 0;
  const segment = elementAt(reader);
  const segmentStart = segment?.start ?? 0;
  let scale = DEFAULT_TIMESTAMP_SCALE;
  for (const element of childrenOf(head, { id: SEGMENT, start: segmentStart, end: head.length })) {
    if (element.id === CLUSTER) break;
    if (element.id === INFO) scale = uintOf(head, childOf(head, element, TIMESTAMP_SCALE)) ?? scale;
  }
  return { segmentStart, scale };
}

function readTopLevel(head: Uint8Array, element: Element, header: Header, segmentStart: number): void {
  if (element.id === INFO) {
    header.scale = uintOf(head, childOf(head, element, TIMESTAMP_SCALE)) ?? DEFAULT_TIMESTAMP_SCALE;
    const duration = childOf(head, element, DURATION);
    if (duration !== undefined)
      header.duration = new ByteReader(head, duration.start).float(duration.end - duration.start);
  } else if (element.id === TRACKS) {
    for (const track of childrenOf(head, element))
      if (track.id === TRACK_ENTRY) readTrack(head, track, header);
  } else if (element.id === SEEK_HEAD) {
    for (const seek of childrenOf(head, element)) {
      if (seek.id !== SEEK || uintOf(head, childOf(head, seek, SEEK_ID)) !== CUES) continue;
      const position = uintOf(head, childOf(head, seek, SEEK_POSITION));
      if (position !== undefined) header.cuesAt = segmentStart + position;
    }
  }
}

function readTrack(head: Uint8Array, track: Element, header: Header): void {
  const type = uintOf(head, childOf(head, track, TRACK_TYPE));
  const id = textOf(head, childOf(head, track, CODEC_ID));
  if (type === VIDEO_TRACK) header.hasVideo = true;
  const details = childOf(head, track, CODEC_PRIVATE);
  const av1 =
    id === 'V_AV1' && details !== undefined ? av1Codec(head.subarray(details.start, details.end)) : undefined;
  const codec = CODECS[id] ?? av1;
  header.codecs.push(codec ?? id);
}

/** Codec string of AV1 (AV1 codec mapping in ISO media, section 5), from its configuration record. */
export function av1Codec(record: Uint8Array): string {
  const [, second = 0, third = 0] = record;
  const level = (second & 0x1f).toString().padStart(2, '0');
  const depth = (third & 0x40) === 0 ? '08' : (third & 0x20) === 0 ? '10' : '12';
  return `av01.${second >> 5}.${level}${third >> 7 === 1 ? 'H' : 'M'}.${depth}`;
}

function factsOf(
  { scale, duration, codecs, hasVideo, cuesAt }: Header,
  at: { docType: string; headerBytes: number; segment: Element; fileBytes: number },
): Extract<Probe, { kind: 'facts' }>['facts'] {
  if (codecs.length === 0) throw invalid('it names no tracks before its first cluster');
  const type = `${hasVideo ? 'video' : 'audio'}/${at.docType === 'webm' ? 'webm' : 'x-matroska'}`;
  return {
    container: 'webm',
    streamable: at.docType === 'webm',
    mime: `${type}; codecs="${codecs.join(',')}"`,
    seconds: duration === undefined ? undefined : (duration * scale) / NANOSECONDS,
    headerBytes: at.headerBytes,
    index: [],
    indexPlace:
      cuesAt === undefined || cuesAt >= at.fileBytes ? undefined : { start: cuesAt, end: at.fileBytes },
  };
}

/** The element that begins at the reader's place, whose content it is left at; undefined at the end. */
function elementAt(reader: ByteReader): Element | undefined {
  if (reader.left < 2) return undefined;
  const id = vint(reader, true);
  if (id === undefined) return undefined;
  const size = vint(reader, false);
  if (size === undefined) return undefined;
  return { id, start: reader.at, end: size === Infinity ? Infinity : reader.at + size };
}

function headerLength(bytes: Uint8Array, element: Element): number {
  // An ID of a top-level element is four bytes long; its size takes as many as its first byte says.
  for (let length = 1; length <= 8; length++) {
    const reader = new ByteReader(bytes, element.start - length - 4, element.start);
    if (
      reader.at >= 0 &&
      vint(reader, true) === element.id &&
      vint(reader, false) !== undefined &&
      reader.left === 0
    )
      return length + 4;
  }
  return 0;
}

/** A number of variable length (RFC 8794, section 4); undefined if it is cut off. */
function vint(reader: ByteReader, keepMarker: boolean): number | undefined {
  const start = reader.at;
  if (reader.left < 1) return undefined;
  const first = reader.uint(1);
  const length = Math.clz32(first) - 23;
  if (length > 8) throw invalid('a number in it is too long');
  if (reader.left < length - 1) {
    reader.at = start;
    return undefined;
  }
  const marker = 1 << (8 - length);
  let value = keepMarker ? first : first & (marker - 1);
  let unknown = (first & (marker - 1)) === marker - 1;
  for (let index = 1; index < length; index++) {
    const next = reader.uint(1);
    value = value * 256 + next;
    unknown &&= next === 0xff;
  }
  if (!keepMarker && unknown) return Infinity;
  if (!Number.isSafeInteger(value)) throw invalid('a number in it is too large');
  return value;
}

function* childrenOf(bytes: Uint8Array, parent: Element): Generator<Element> {
  const reader = new ByteReader(bytes, parent.start, Math.min(parent.end, bytes.length));
  for (let child = elementAt(reader); child !== undefined; child = elementAt(reader)) {
    yield child;
    if (child.end > reader.end) return;
    reader.at = child.end;
  }
}

function childOf(bytes: Uint8Array, parent: Element, id: number): Element | undefined {
  for (const child of childrenOf(bytes, parent)) if (child.id === id) return child;
  return undefined;
}

function uintOf(bytes: Uint8Array, element: Element | undefined): number | undefined {
  if (element === undefined || element.end - element.start > 8) return undefined;
  return new ByteReader(bytes, element.start, element.end).uint(element.end - element.start);
}

function textOf(bytes: Uint8Array, element: Element | undefined): string {
  if (element === undefined) return '';
  const reader = new ByteReader(bytes, element.start, element.end);
  return reader.latin(Math.min(reader.left, 64)).replace(/\0+$/, '');
}
