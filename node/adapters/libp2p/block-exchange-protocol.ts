import { CID } from 'multiformats/cid';
import { concatBytes, hexToBytes, bytesToHex } from '../../../sdk/protocol/bytes.ts';
import { parseDealId, type Address, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { requireSupported } from '../../../sdk/protocol/content.ts';
import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';

/** Blocks between edges that are allocated in the same deal; free of charge, so it carries no receipts. */
export function blockExchangeProtocol(chainId: number, market: Address): string {
  return `/bcdn/${chainId}/${market}/blocks/1`;
}

const DEAL_ID_BYTES = 32;
const MAX_CID_BYTES = 64;
/** Longest request: a deal and a CID. */
export const MAX_REQUEST_BYTES = DEAL_ID_BYTES + MAX_CID_BYTES;
/** Longest answer: one byte of outcome and a block. */
export const MAX_ANSWER_BYTES = 1 + MAX_BLOCK_BYTES;
/** Streams that one connection may hold open for this protocol, each with one request under way. */
export const MAX_STREAMS_PER_CONNECTION = 8;
/** A stream without a request for so long is closed. */
export const IDLE_STREAM_MS = 30_000;
/** One block must have arrived after so long. */
export const BLOCK_TIMEOUT_MS = 15_000;
/** A connection and a stream must be there after so long. */
export const DIAL_TIMEOUT_MS = 5_000;

/** How a holder answers. */
export type BlockOutcome = 'found' | 'missing' | 'refused';

const outcomes: readonly BlockOutcome[] = ['found', 'missing', 'refused'];

/** Why blocks could not be exchanged. Codes are listed once and never reused. */
export type BlockExchangeErrorCode =
  | 'BLOCK_REQUEST_MALFORMED'
  | 'BLOCK_ANSWER_MALFORMED'
  | 'BLOCK_HOLDER_UNREACHABLE'
  | 'BLOCK_HOLDER_REFUSED'
  | 'BLOCK_HOLDER_SILENT';

/** A coded failure of the exchange with the values behind it. */
export class BlockExchangeError extends Error {
  readonly code: BlockExchangeErrorCode;
  readonly values: Readonly<Record<string, string>>;

  constructor(
    code: BlockExchangeErrorCode,
    message: string,
    detail: { values?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = 'BlockExchangeError';
    this.code = code;
    this.values = detail.values ?? {};
  }
}

/** A wish for one block of one deal's content. */
export interface BlockRequest {
  readonly dealId: DealId;
  readonly cid: CID;
}

export function encodeBlockRequest({ dealId, cid }: BlockRequest): Uint8Array {
  return concatBytes(hexToBytes(dealId), cid.bytes);
}

/** @throws BlockExchangeError BLOCK_REQUEST_MALFORMED */
export function decodeBlockRequest(bytes: Uint8Array): BlockRequest {
  const cidBytes = bytes.subarray(DEAL_ID_BYTES);
  try {
    if (bytes.length <= MAX_REQUEST_BYTES && cidBytes.length > 0) {
      const dealId = parseDealId(bytesToHex(bytes.subarray(0, DEAL_ID_BYTES)));
      return { dealId, cid: requireSupported(CID.decode(cidBytes)) };
    }
  } catch (cause) {
    throw new BlockExchangeError('BLOCK_REQUEST_MALFORMED', 'The request names no block.', { cause });
  }
  throw new BlockExchangeError('BLOCK_REQUEST_MALFORMED', 'The request has a wrong length.', {
    values: { bytes: String(bytes.length), max: String(MAX_REQUEST_BYTES) },
  });
}

/** The answer's first byte; the block follows it as it is. */
export function encodeOutcome(outcome: BlockOutcome): Uint8Array {
  return Uint8Array.of(outcomes.indexOf(outcome));
}

/** @throws BlockExchangeError BLOCK_ANSWER_MALFORMED */
export function decodeBlockAnswer(bytes: Uint8Array): { outcome: BlockOutcome; block: Uint8Array } {
  const outcome = outcomes[bytes[0] ?? outcomes.length];
  if (outcome === undefined || (outcome !== 'found' && bytes.length !== 1)) {
    throw new BlockExchangeError('BLOCK_ANSWER_MALFORMED', 'The answer is none of the known ones.', {
      values: { firstByte: String(bytes[0]), bytes: String(bytes.length) },
    });
  }
  return { outcome, block: bytes.subarray(1) };
}
