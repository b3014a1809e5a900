import { exporter, type ReadableStorage, type UnixFSEntry } from 'ipfs-unixfs-exporter';
import type { CID } from 'multiformats/cid';

import { BodyWriter, type SentBody } from './body-writer.ts';
import { requestedRange } from './byte-range.ts';
import { contentHeaders } from './content-headers.ts';
import { contentTypeOf } from './content-type.ts';
import type { Exchange } from './exchange.ts';
import { GatewayError } from './gateway-error.ts';
import type { OpenGrant } from './grant-intake.ts';
import { blockNotFound, isPart, type BlockRouteParts } from './raw-block-route.ts';
import { matchesEtag, type ContentPath } from './request-parsing.ts';
import { readFileRange } from './unixfs-file-reader.ts';

type FileEntry = Extract<UnixFSEntry, { type: 'file' | 'raw' }>;

/** GET|HEAD /ipfs/<cid>[/path]: bytes of a UnixFS file, whole or one range. */
export async function serveFile(
  parts: BlockRouteParts,
  exchange: Exchange,
  content: ContentPath,
): Promise<void> {
  const { components, desk } = parts;
  const { request, response, headOnly } = exchange;
  const open = await desk.grantOf(exchange);
  requireGrantedContent(parts, content.cid, open);
  const file = await resolveFile(parts, content, open);
  const size = Number(file.type === 'raw' ? file.node.length : file.size);
  const etag = `"${file.cid.toString()}"`;
  const elapsedMs = components.clock.nowMs() - exchange.startedMs;
  const headers = {
    ...contentHeaders({ cid: content.cid, etag, path: exchange.path, cache: 'hit', elapsedMs }),
    'accept-ranges': 'bytes',
    'content-type': contentTypeOf(content.segments.at(-1)),
    'x-content-type-options': 'nosniff',
  };
  if (matchesEtag(request, etag)) {
    response.writeHead(304, { ...headers, ...desk.headersOf(open) }).end();
    return;
  }
  const range = requestedRange(request, size, etag);
  const span = range ?? { start: 0, end: size - 1 };
  const length = span.end - span.start + 1;
  const answered = {
    ...headers,
    'content-length': length,
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.start}-${range.end}/${size}` }),
  };
  const status = range === undefined ? 200 : 206;
  if (headOnly) {
    response.writeHead(status, { ...answered, ...desk.headersOf(open) }).end();
    return;
  }
  const leave = await desk.take(exchange, open, length);
  let sent: SentBody = { sentBytes: 0, complete: false };
  try {
    const writer = new BodyWriter(response, { timeoutMs: parts.options.slowClientTimeoutMs });
    response.writeHead(status, { ...answered, ...desk.headersOf(open) });
    const read = (cid: CID): Promise<Uint8Array> => readBlock(parts, cid, open);
    sent = await sendSpan(writer, readFileRange({ cid: file.cid, sizeBytes: size }, span, read));
  } finally {
    leave.settle(sent);
  }
}

async function sendSpan(writer: BodyWriter, chunks: AsyncIterable<Uint8Array>): Promise<SentBody> {
  let held: Uint8Array = new Uint8Array(0);
  // The last chunk ends the response in one go, which small files notice.
  for await (const bytes of chunks) {
    if (held.length > 0 && !(await writer.write(held))) break;
    held = bytes;
  }
  return writer.finish(held);
}

/** A grant pays for the content of its deal: its root has to be where the path begins. */
function requireGrantedContent({ components }: BlockRouteParts, cid: CID, open: OpenGrant | undefined): void {
  if (open === undefined || isPart(components.contents, open.grant.contentRoot, cid)) return;
  throw new GatewayError(403, 'GRANT_WRONG_CONTENT', {
    message: 'The path does not begin in the content that the grant is for.',
    values: { cid: cid.toString(), contentRoot: open.grant.contentRoot },
    remedy: 'Ask the coordinator for a grant of the deal that this content belongs to.',
  });
}

async function resolveFile(
  parts: BlockRouteParts,
  { cid, segments }: ContentPath,
  open: OpenGrant | undefined,
): Promise<FileEntry> {
  const path = [cid.toString(), ...segments].join('/');
  let entry: UnixFSEntry;
  try {
    entry = await exporter(path, readable(parts, open));
  } catch (error) {
    if (isNotFound(error)) throw pathNotFound(path);
    if (error instanceof GatewayError) throw error;
    throw damaged(path, error);
  }
  if (entry.type === 'file' || entry.type === 'raw') return entry;
  throw new GatewayError(404, 'NOT_A_FILE', {
    message: `The path names a ${entry.type}, not a file.`,
    values: { path },
    remedy: 'Add the name of a file to the path; format=raw returns the block itself.',
  });
}

/** The store as the exporter wants it: a block is an iterable of pieces. */
function readable(parts: BlockRouteParts, open: OpenGrant | undefined): ReadableStorage {
  return {
    async *get(cid: CID) {
      yield await readBlock(parts, cid, open);
    },
  };
}

/** A block from here or from elsewhere. @throws GatewayError BLOCK_NOT_FOUND */
async function readBlock(
  { components, fill }: BlockRouteParts,
  cid: CID,
  open: OpenGrant | undefined,
): Promise<Uint8Array> {
  const stored = await components.blocks.get(cid);
  if (stored !== undefined) return stored;
  const filled = await fill.fill(cid, open?.grant.contentRoot);
  const bytes = filled ? await components.blocks.get(cid) : undefined;
  if (bytes === undefined) throw blockNotFound(cid);
  return bytes;
}

/** The exporter's own codes for a name that is not in a directory. */
function isNotFound(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_NOT_FOUND' || error.code === 'ERR_BAD_PATH')
  );
}

function pathNotFound(path: string): GatewayError {
  return new GatewayError(404, 'PATH_NOT_FOUND', {
    message: 'The content has no such path.',
    values: { path },
    remedy: 'Check the names below the CID; they are case-sensitive.',
  });
}

function damaged(path: string, cause: unknown): GatewayError {
  return new GatewayError(422, 'CONTENT_DAMAGED', {
    message: 'The content is not a UnixFS file that can be read.',
    values: { path },
    remedy: 'Use format=raw to fetch its blocks; the publisher has to publish it again.',
    cause,
  });
}
