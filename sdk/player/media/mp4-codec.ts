import { ByteReader } from './byte-reader.ts';
import { boxAt, type Box } from './mp4-box.ts';
import { av1Codec } from './webm-probe.ts';

/** A track's codec, as Media Source names it (RFC 6381). */
export interface Mp4Codec {
  readonly codec: string;
  readonly isVideo: boolean;
}

/** Bytes of a sample entry before the boxes inside it. */
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;

const ES_DESCRIPTOR = 0x03;
const DECODER_CONFIG = 0x04;
const DECODER_SPECIFIC = 0x05;
const AAC_OBJECT_TYPE = 0x40;

/** The codec of a sample entry; undefined for what is neither video nor audio that browsers play. */
export function mp4CodecOf(bytes: Uint8Array, entry: Box): Mp4Codec | undefined {
  const inside = (type: string, skip: number) => innerBox(bytes, entry, { type, skip });
  const video = (codec: string | undefined) => ({ codec: codec ?? entry.type, isVideo: true });
  const audio = (codec: string) => ({ codec, isVideo: false });
  switch (entry.type) {
    case 'avc1':
    case 'avc3': {
      const record = inside('avcC', VISUAL_ENTRY_BYTES);
      return video(record && `${entry.type}.${hex(record.subarray(1, 4))}`);
    }
    case 'hvc1':
    case 'hev1': {
      const record = inside('hvcC', VISUAL_ENTRY_BYTES);
      return video(record && hevcCodec(entry.type, record));
    }
    case 'vp09': {
      const record = inside('vpcC', VISUAL_ENTRY_BYTES);
      return video(record && vp9Codec(record));
    }
    case 'av01': {
      const record = inside('av1C', VISUAL_ENTRY_BYTES);
      return video(record && av1Codec(record));
    }
    case 'mp4a':
      return audio(aacCodec(inside('esds', AUDIO_ENTRY_BYTES)));
    case 'Opus':
      return audio('opus');
    case 'fLaC':
      return audio('flac');
    case 'ac-3':
    case 'ec-3':
      return audio(entry.type);
    default:
      return undefined;
  }
}

/** Content of a box inside a sample entry, behind the entry's own fields. */
function innerBox(
  bytes: Uint8Array,
  entry: Box,
  { type, skip }: { readonly type: string; readonly skip: number },
): Uint8Array | undefined {
  let at = entry.start + skip;
  while (at < entry.end) {
    const box = boxAt(bytes, at, entry.end);
    if (box === undefined || box.end > entry.end) return undefined;
    if (box.type === type) return bytes.subarray(box.start, box.end);
    at = box.end;
  }
  return undefined;
}

function vp9Codec(record: Uint8Array): string {
  // A full box: version and flags come first.
  const [, , , , profile = 0, level = 0, depth = 0] = record;
  return `vp09.${two(profile)}.${two(level)}.${two(depth >> 4)}`;
}

/** ISO/IEC 14496-15, annex E. */
function hevcCodec(type: string, record: Uint8Array): string {
  const [, general = 0] = record;
  const space = ['', 'A', 'B', 'C'][general >> 6] ?? '';
  const compatibility = new ByteReader(record, 2).uint(4);
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) reversed = ((reversed << 1) | ((compatibility >>> bit) & 1)) >>> 0;
  const constraints = [...record.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const tier = (general & 0x20) === 0 ? 'L' : 'H';
  const tail = constraints.map((value) => `.${value.toString(16).toUpperCase()}`).join('');
  return `${type}.${space}${general & 0x1f}.${reversed.toString(16).toUpperCase()}.${tier}${record[12] ?? 0}${tail}`;
}

function aacCodec(esds: Uint8Array | undefined): string {
  const fallback = 'mp4a.40.2';
  if (esds === undefined) return fallback;
  const reader = new ByteReader(esds, 4);
  if (reader.left < 3 || descriptor(reader) !== ES_DESCRIPTOR) return fallback;
  reader.take(3);
  if (descriptor(reader) !== DECODER_CONFIG) return fallback;
  const objectType = reader.uint(1);
  if (objectType !== AAC_OBJECT_TYPE) return `mp4a.${objectType.toString(16)}`;
  reader.take(12);
  if (descriptor(reader) !== DECODER_SPECIFIC) return fallback;
  const first = reader.uint(1);
  const kind = first >> 3;
  return `mp4a.40.${kind === 31 ? 32 + (((first & 7) << 3) | (reader.uint(1) >> 5)) : kind}`;
}

/** Tag of the next descriptor, whose content the reader is left at. */
function descriptor(reader: ByteReader): number {
  const tag = reader.uint(1);
  while (reader.left > 0 && (reader.uint(1) & 0x80) !== 0) continue;
  return tag;
}

function two(value: number): string {
  return value.toString().padStart(2, '0');
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
