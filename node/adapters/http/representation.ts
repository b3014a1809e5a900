import type { OutgoingHttpHeaders } from 'node:http';

import type { CID } from 'multiformats/cid';

import {
  askedRanges,
  contentRange,
  spanLength,
  unsatisfiedRange,
  type ByteSpan,
} from '../../core/http-semantics/byte-ranges.ts';
import { evaluateConditions, rangeApplies } from '../../core/http-semantics/conditions.ts';
import { multipartRanges } from '../../core/http-semantics/multipart-ranges.ts';
import { cacheStatus, serverTiming } from '../../core/http-semantics/response-fields.ts';
import type { BlockLoan } from '../../core/storage/block-ports.ts';
import { ownedBytes } from '../../core/storage/borrowed-block.ts';
import { BodyWriter } from './body-writer.ts';
import { writeHead, type Exchange } from './exchange.ts';
import type { FileLayouts } from './file-layouts.ts';
import { GatewayError } from './gateway-error.ts';
import type { PaidExchange, PreparedAnswers } from './prepared-answers.ts';
import { headerOf } from './request-parsing.ts';

/** Bytes with a fixed length that a request may ask for, whole or in ranges. */
export interface Representation {
  /** CID of what is sent, as text. */
  readonly cid: string;
  /** Strong: the same tag names the same bytes. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  /** Further headers. */
  readonly headers: OutgoingHttpHeaders;
  /** The block whose bytes are the whole representation, if it is one. */
  readonly wholeBlock?: { readonly root: CID; readonly block: CID } | undefined;
  /** The bytes of a span: at once, or piece by piece, where each is good until the next one is asked for. */
  bytes(span: ByteSpan): Promise<BlockLoan> | AsyncIterable<Uint8Array>;
}

/** What answering a request for content needs. */
export interface ContentExchange extends PaidExchange {
  readonly prepared: PreparedAnswers;
  readonly layouts: FileLayouts;
}

/** A piece of a body: text around parts, or a span of the representation. */
type Piece = string | ByteSpan;

/** The answer to a request, before a byte was read. */
interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly contentLength: number;
  readonly contentRange?: string;
  readonly pieces: readonly Piece[];
}

/**
 * Answers GET and HEAD: conditions first, then ranges, then payment, then the bytes (RFC 9110, sections 13.2.2
 * and 14.2). The first bytes are read before the head is sent, so that what is missing is a clean refusal.
 * @throws GatewayError PRECONDITION_FAILED, RANGE_UNSATISFIABLE; DeliveryError; what reading throws
 */
export async function sendRepresentation(
  content: ContentExchange,
  representation: Representation,
): Promise<void> {
  const { exchange } = content;
  const { headers: asked } = exchange.request;
  const { etag } = representation;
  const conditions = { ifMatch: asked['if-match'], ifNoneMatch: asked['if-none-match'] };
  const outcome = evaluateConditions(conditions, etag);
  if (outcome === 'failed') throw preconditionFailed(etag);
  if (outcome === 'not-modified') {
    writeHead(exchange, 304, { etag, ...representation.headers, ...varyingHeaders(content) });
    exchange.response.end();
    return;
  }
  const answer = answerTo(exchange, representation);
  if (exchange.headOnly) {
    writeHead(exchange, answer.status, headersOf(content, representation, answer));
    exchange.response.end();
    return;
  }
  await sendBody(content, representation, answer);
}

function answerTo(exchange: Exchange, representation: Representation): Answer {
  const { sizeBytes, contentType, etag, cid } = representation;
  const whole: Answer = {
    status: 200,
    contentType,
    contentLength: sizeBytes,
    pieces: sizeBytes === 0 ? [] : [{ start: 0, end: sizeBytes - 1 }],
  };
  const { range } = exchange.request.headers;
  const ifRange = headerOf(exchange.request, 'if-range');
  // Ranges are defined for GET only (RFC 9110, section 14.2).
  if (range === undefined || exchange.headOnly || !rangeApplies(ifRange, etag)) return whole;
  const asked = askedRanges(range, sizeBytes);
  if (asked.kind === 'whole') return whole;
  if (asked.kind === 'unsatisfiable') throw unsatisfiable(sizeBytes);
  const [first, ...others] = asked.spans;
  if (others.length === 0) {
    return {
      status: 206,
      contentType,
      contentLength: spanLength(first),
      contentRange: contentRange(first, sizeBytes),
      pieces: [first],
    };
  }
  const layout = multipartRanges({ cid, size: sizeBytes, contentType }, asked.spans);
  return {
    status: 206,
    contentType: layout.contentType,
    contentLength: layout.contentLength,
    pieces: [...layout.parts.flatMap(({ preamble, span }) => [preamble, span]), layout.ending],
  };
}

async function sendBody(
  content: ContentExchange,
  representation: Representation,
  answer: Answer,
): Promise<void> {
  const { exchange, desk, open, options } = content;
  const leave = await desk.take(exchange, open, answer.contentLength);
  const writer = new BodyWriter(exchange.response, { timeoutMs: options.slowClientTimeoutMs });
  try {
    const source = sourceOf(representation, answer.pieces);
    if (source instanceof Promise) {
      // Small content comes at once, on the way with the fewest turns of the event loop.
      const loan = await source;
      try {
        if (writer.closed) return;
        begin(content, representation, answer);
        await writer.finish(loan.bytes);
      } finally {
        loan.end();
      }
    } else await sendPieces(content, { representation, answer, writer }, source);
  } finally {
    leave.settle(writer.sent);
  }
  if (writer.sent.complete && answer.status === 200) prepare(content, representation, answer);
}

/** What was found out is kept for the next plain request to the same address. */
function prepare(content: ContentExchange, representation: Representation, answer: Answer): void {
  const { wholeBlock, sizeBytes } = representation;
  if (wholeBlock === undefined) return;
  const headers = fixedHeaders(representation, answer);
  content.prepared.remember(content.exchange, { ...wholeBlock, sizeBytes, headers });
}

async function sendPieces(
  content: ContentExchange,
  sending: { representation: Representation; answer: Answer; writer: BodyWriter },
  pieces: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { representation, answer, writer } = sending;
  const { response } = content.exchange;
  let missing = answer.contentLength;
  for await (const bytes of pieces) {
    if (writer.closed) return;
    if (!response.headersSent) begin(content, representation, answer);
    missing -= bytes.length;
    // The last piece ends the response in one go, which small files notice.
    if (missing === 0) await writer.finish(bytes);
    else if (!(await writer.write(bytes))) return;
  }
  if (missing > 0) response.destroy();
}

function begin(content: ContentExchange, representation: Representation, answer: Answer): void {
  writeHead(content.exchange, answer.status, headersOf(content, representation, answer));
}

const NOTHING = ownedBytes(new Uint8Array(0));

/** The body: at once where it is one piece that comes at once. */
function sourceOf(
  representation: Representation,
  pieces: readonly Piece[],
): Promise<BlockLoan> | AsyncIterable<Uint8Array> {
  const [first, ...others] = pieces;
  if (first === undefined) return Promise.resolve(NOTHING);
  return others.length === 0 && typeof first !== 'string'
    ? representation.bytes(first)
    : piecesOf(representation, pieces);
}

async function* piecesOf(
  representation: Representation,
  pieces: readonly Piece[],
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      yield Buffer.from(piece, 'latin1');
      continue;
    }
    const source = representation.bytes(piece);
    if (!(source instanceof Promise)) {
      yield* source;
      continue;
    }
    const loan = await source;
    try {
      yield loan.bytes;
    } finally {
      loan.end();
    }
  }
}

function headersOf(
  content: ContentExchange,
  representation: Representation,
  answer: Answer,
): OutgoingHttpHeaders {
  return { ...fixedHeaders(representation, answer), ...varyingHeaders(content) };
}

function fixedHeaders(representation: Representation, answer: Answer): OutgoingHttpHeaders {
  return {
    'content-type': answer.contentType,
    'content-length': answer.contentLength,
    ...(answer.contentRange === undefined ? {} : { 'content-range': answer.contentRange }),
    etag: representation.etag,
    'accept-ranges': 'bytes',
    'x-content-type-options': 'nosniff',
    ...representation.headers,
  };
}

/** Headers that differ from request to request. */
export function varyingHeaders({ desk, open, blocks }: ContentExchange): OutgoingHttpHeaders {
  return {
    'cache-status': cacheStatus(blocks.outcome),
    'server-timing': serverTiming(blocks.times),
    ...desk.headersOf(open),
  };
}

export function preconditionFailed(etag: string): GatewayError {
  return new GatewayError(412, 'PRECONDITION_FAILED', {
    message: 'The content is not the version that If-Match names.',
    values: { etag },
    remedy: 'Leave out If-Match, or send the ETag of the content.',
    headers: { etag },
  });
}

function unsatisfiable(sizeBytes: number): GatewayError {
  return new GatewayError(416, 'RANGE_UNSATISFIABLE', {
    message: 'The range lies outside the content.',
    values: { sizeBytes },
    remedy: `Ask for bytes between 0 and ${Math.max(0, sizeBytes - 1)}.`,
    headers: { 'content-range': unsatisfiedRange(sizeBytes) },
  });
}
