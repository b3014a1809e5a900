import { contentTypeOf } from '../../protocol/media-type.ts';
import type { ContentView } from '../engine/content-view.ts';
import { PlayerError } from '../player-error.ts';
import { byteStream } from './byte-stream.ts';
import type { ContentPlace } from './content-place.ts';
import { requestedRange } from './requested-range.ts';

/** What answering needs of a request. */
export interface AskedBytes {
  readonly method: string;
  header(name: string): string | null;
}

/** Status, headers and body of an answer, and when the body has ended. */
export interface ContentAnswer {
  readonly response: Response;
  readonly ended: Promise<void>;
}

const INDEX = 'index.html';

/**
 * Answers a request for a file of a content as an edge does: ranges, HEAD, strong ETag, media type by name.
 * @throws what the view throws before the first byte: the caller can still go elsewhere
 */
export async function answerContent(
  view: ContentView,
  { cid, path }: ContentPlace,
  asked: AskedBytes,
): Promise<ContentAnswer> {
  const named =
    (await view.list(path)) === undefined ? path : [path, INDEX].filter((part) => part !== '').join('/');
  const file = await view.file(named);
  const etag = `"${file.cid}"`;
  const headers = new Headers({
    'content-type': contentTypeOf(named),
    'accept-ranges': 'bytes',
    'x-ipfs-path': `/ipfs/${cid}${named === '' ? '' : `/${encodeURI(named)}`}`,
    'x-content-type-options': 'nosniff',
  });
  // What nobody has verified has no name by its content.
  if (file.verified) {
    headers.set('etag', etag);
    headers.set('cache-control', 'public, max-age=29030400, immutable');
  } else headers.set('cache-control', 'no-store');
  const whole = { bytes: file.bytes, etag };
  if (file.verified && matches(asked.header('if-none-match'), etag)) return empty(304, headers);
  const range = rangeOf(asked, whole);
  if (range === 'unsatisfiable') {
    headers.set('content-range', `bytes */${file.bytes}`);
    return empty(416, headers);
  }
  const { start, end } = range ?? { start: 0, end: file.bytes };
  headers.set('content-length', String(end - start));
  if (range !== undefined) headers.set('content-range', `bytes ${start}-${end - 1}/${file.bytes}`);
  const status = range === undefined ? 200 : 206;
  if (asked.method === 'HEAD' || end === start) return empty(status, headers);
  const { stream, ended } = byteStream((take, signal) =>
    view.read(named, take, { range: { start, end }, signal }),
  );
  return { response: new Response(stream, { status, headers }), ended };
}

function rangeOf(asked: AskedBytes, file: { readonly bytes: number; readonly etag: string }) {
  try {
    return requestedRange({ range: asked.header('range'), ifRange: asked.header('if-range') }, file);
  } catch (error) {
    if (error instanceof PlayerError && error.code === 'RANGE_UNSATISFIABLE') return 'unsatisfiable';
    throw error;
  }
}

function matches(condition: string | null, etag: string): boolean {
  return (
    condition?.split(',').some((each) => each.trim().replace(/^W\//, '') === etag || each.trim() === '*') ??
    false
  );
}

function empty(status: number, headers: Headers): ContentAnswer {
  return { response: new Response(null, { status, headers }), ended: Promise.resolve() };
}
