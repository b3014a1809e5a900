import { contentTypeOf } from '../../protocol/media-type.ts';

/** First bytes that tell a file's form, where no name does. */
const SIGNATURES: readonly {
  readonly at: number;
  readonly bytes: readonly number[];
  readonly type: string;
}[] = [
  { at: 0, bytes: [0x1a, 0x45, 0xdf, 0xa3], type: 'video/webm' },
  { at: 4, bytes: [0x66, 0x74, 0x79, 0x70], type: 'video/mp4' },
  { at: 0, bytes: [0x89, 0x50, 0x4e, 0x47], type: 'image/png' },
  { at: 0, bytes: [0xff, 0xd8, 0xff], type: 'image/jpeg' },
  { at: 0, bytes: [0x47, 0x49, 0x46, 0x38], type: 'image/gif' },
  { at: 8, bytes: [0x57, 0x45, 0x42, 0x50], type: 'image/webp' },
  { at: 8, bytes: [0x57, 0x41, 0x56, 0x45], type: 'audio/wav' },
  { at: 0, bytes: [0x4f, 0x67, 0x67, 0x53], type: 'audio/ogg' },
  { at: 0, bytes: [0x66, 0x4c, 0x61, 0x43], type: 'audio/flac' },
  { at: 0, bytes: [0x49, 0x44, 0x33], type: 'audio/mpeg' },
  { at: 0, bytes: [0xff, 0xfb], type: 'audio/mpeg' },
  { at: 0, bytes: [0x25, 0x50, 0x44, 0x46], type: 'application/pdf' },
  { at: 0, bytes: [0x23, 0x45, 0x58, 0x54, 0x4d, 0x33, 0x55], type: 'application/vnd.apple.mpegurl' },
];
const UNKNOWN = 'application/octet-stream';

/** Media type of a file: by the ending of its name, else by its first bytes. */
export function mediaTypeOf(name: string, head: Uint8Array): string {
  const named = contentTypeOf(name);
  if (named !== UNKNOWN) return named;
  const found = SIGNATURES.find(({ at, bytes }) => bytes.every((byte, index) => head[at + index] === byte));
  return found?.type ?? UNKNOWN;
}

/** How a file is shown. */
export type ShownAs = 'hls' | 'video' | 'audio' | 'image' | 'text' | 'download';

/** Image forms that cannot run anything in the page; all others are offered as a download. */
const IMAGES = /^image\/(?:png|jpeg|gif|webp|avif|svg\+xml|x-icon)$/;

export function shownAs(type: string): ShownAs {
  const [essence = ''] = type.split(';');
  if (essence === 'application/vnd.apple.mpegurl') return 'hls';
  if (essence.startsWith('video/')) return 'video';
  if (essence.startsWith('audio/')) return 'audio';
  if (IMAGES.test(essence)) return 'image';
  return essence.startsWith('text/') || essence === 'application/json' ? 'text' : 'download';
}
