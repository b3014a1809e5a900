import { createHash } from 'node:crypto';

import type { CID } from 'multiformats/cid';

import { parseCid } from '../protocol/content.ts';
import { bytesToHex } from '../protocol/bytes.ts';
import type { Address } from '../protocol/identifiers.ts';
import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import { systemClock } from '../pacing/clock.ts';
import type { ContentSink } from './content-sink.ts';
import type { BadBlock, DroppedNode } from './fetch-report.ts';
import { ProgressMeter, type FetchProgress } from './download-progress.ts';
import {
  FetchSession,
  type FetchComponents,
  type LookupCount,
  type SessionOptions,
} from './fetch-session.ts';
import { downloadFile, type Downloaded } from './file-download.ts';
import type { ByteRange } from './file-walk.ts';
import { nodeSha256 } from './node-sha256.ts';
import type { ReceiptOutcome } from './receipt-delivery.ts';
import { resolvePath } from './resolve-path.ts';
import { UndiciExchange } from './undici-exchange.ts';

/** What to fetch, who pays and where it goes. */
export interface FetchRequest {
  /** Root CID of the content. */
  readonly cid: CID | string;
  readonly marketplaceUrl: string;
  /** Private key of the viewer, 32 bytes: signs the request for grants and the receipts. */
  readonly viewerKey: Uint8Array;
  readonly sink: ContentSink;
  /** File inside a directory, parts separated by slashes. @default the root itself */
  readonly path?: string | undefined;
}

export interface FetchOptions extends Omit<SessionOptions, 'cid' | 'marketplaceUrl' | 'viewerKey'> {
  /** Bytes to fetch. @default the whole file */
  readonly range?: ByteRange | undefined;
  /** Most bytes held in memory beyond those written. @default 33554432 */
  readonly aheadBytes?: number | undefined;
  /** Whether the bytes written are hashed as a whole as well. @default false */
  readonly sha256?: boolean | undefined;
  /** Called whenever bytes were written; `progressLine` shows it on a terminal. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  /** Replaces parts of the machine, for other platforms and for tests. */
  readonly components?: Partial<FetchComponents> | undefined;
}

/** What was fetched, from whom, and what became of the receipts. */
export interface FetchResult extends Downloaded {
  /** Hexadecimal hash of the bytes written, if it was asked for. */
  readonly sha256: string | undefined;
  /** Distinct blocks verified. */
  readonly blocks: number;
  readonly duplicateBlocks: number;
  readonly seconds: number;
  /** Verified bytes by node. */
  readonly bytesByNode: ReadonlyMap<Address, number>;
  readonly receiptsSigned: number;
  /** One entry for each grant that was used. */
  readonly receipts: readonly ReceiptOutcome[];
  readonly badBlocks: readonly BadBlock[];
  readonly droppedNodes: readonly DroppedNode[];
  readonly lookups: LookupCount;
}

/**
 * Fetches a file from several edges at once, verifies each block, pays with receipts, and writes only what is right.
 *
 * @throws ClientError with a code, values and a remedy (client-error.ts); ProtocolError CID_INVALID, CID_UNSUPPORTED;
 *   the signal's reason. Receipts for what had arrived are delivered also when it fails.
 *
 * @example
 * const sink = await openFileSink('film.mp4');
 * const result = await fetchContent({ cid, marketplaceUrl: 'http://127.0.0.1:8080', viewerKey, sink });
 * console.log(result.bytes, result.bytesByNode);
 */
export async function fetchContent(request: FetchRequest, options: FetchOptions = {}): Promise<FetchResult> {
  const cid = typeof request.cid === 'string' ? parseCid(request.cid) : request.cid;
  const http = options.components?.http ?? new UndiciExchange();
  const components: FetchComponents = {
    http,
    clock: options.components?.clock ?? systemClock,
    sha256: options.components?.sha256 ?? nodeSha256,
    secp256k1: options.components?.secp256k1 ?? nativeSecp256k1,
    openSource: options.components?.openSource,
  };
  try {
    return await fetchWith(components, { ...request, cid }, options);
  } catch (error) {
    // The first failure is the one to report: abandoning a sink that failed fails as well.
    await request.sink.abandon?.()?.catch(() => undefined);
    throw error;
  } finally {
    if (options.components?.http === undefined) await http.close();
  }
}

async function fetchWith(
  components: FetchComponents,
  request: FetchRequest & { readonly cid: CID },
  options: FetchOptions,
): Promise<FetchResult> {
  const { cid, marketplaceUrl, viewerKey } = request;
  const startedMs = components.clock.nowMs();
  const session = await FetchSession.open(components, { ...options, cid, marketplaceUrl, viewerKey });
  const hashed = options.sha256 === true ? hashedSink(request.sink) : undefined;
  const parts = {
    fetchBlock: session.fetchBlock,
    sha256: components.sha256,
    sink: hashed?.sink ?? request.sink,
  };
  const meter = new ProgressMeter();
  const { onProgress } = options;
  const told =
    onProgress &&
    ((written: number, total: number) =>
      onProgress({
        ...meter.note(written, total, components.clock.nowMs()),
        sources: session.sources(),
      }));
  let downloaded: Downloaded;
  try {
    downloaded = await downloadFile(parts, await resolvePath(cid, request.path ?? '', session.fetchBlock), {
      ...options,
      onProgress: told,
    });
  } catch (error) {
    await session.close();
    throw error;
  }
  const receipts = await session.close();
  await request.sink.finish?.();
  const { blocks, duplicateBlocks, bytesByNode, receiptsSigned, badBlocks, droppedNodes } = session.report;
  return {
    ...downloaded,
    ...{ blocks, duplicateBlocks, bytesByNode, receiptsSigned, badBlocks, droppedNodes, receipts },
    sha256: hashed?.digest(),
    seconds: (components.clock.nowMs() - startedMs) / 1000,
    lookups: session.lookups,
  };
}

function hashedSink(sink: ContentSink) {
  const whole = createHash('sha256');
  const hashing: ContentSink = {
    write: (bytes, offset, leaf) => {
      whole.update(bytes);
      return sink.write(bytes, offset, leaf);
    },
    // What is only known to be there would be missing in the hash: everything is read again.
    ...(sink.existing && { existing: sink.existing.bind(sink) }),
    kept: (bytes, offset, leaf) => {
      whole.update(bytes);
      return sink.kept === undefined ? sink.write(bytes, offset, leaf) : sink.kept(bytes, offset, leaf);
    },
  };
  return { sink: hashing, digest: () => bytesToHex(whole.digest()).slice(2) };
}
