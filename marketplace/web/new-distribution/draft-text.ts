import {
  parseBytes32,
  parseAddress,
  parseContentRoot,
  parseDealId,
} from '../../../sdk/protocol/identifiers.ts';
import { bytesToHex, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { SIGNATURE_BYTES } from '../../../sdk/protocol/signature.ts';
import * as as from '../market-data/decode.ts';
import type { Draft } from './draft.ts';

/** Layout of kept drafts; another one is passed over. */
const VERSION = 1;
const MAX_NODES = 64;
const MAX_ENDPOINTS = 16;

const bytes32: as.Decoder<Hex> = (value, field) => parseBytes32(as.bytes32(value, field), field);
const address: as.Decoder<Draft['publisher']> = (value, field) => parseAddress(as.address(value, field));

const signature: as.Decoder<Hex> = (value, field) =>
  bytesToHex(hexToBytes(as.text(value, field), SIGNATURE_BYTES));

const draft = as.object({
  chainId: as.text,
  genesisHash: as.bytes32,
  publisher: address,
  dealId: (value, field) => parseDealId(as.bytes32(value, field)),
  salt: bytes32,
  uploadNonce: bytes32,
  uploadKey: bytes32,
  name: as.text,
  cid: as.text,
  contentRoot: (value, field) => parseContentRoot(as.bytes32(value, field)),
  contentCodec: as.count,
  bytes: as.bytes,
  collector: address,
  grantKey: address,
  serviceLevel: as.count,
  depositWei: as.wei,
  origin: as.nullable(
    as.object({
      url: as.text,
      etag: as.text,
      lastModified: as.text,
      signed: as.nullable(as.object({ issuedAt: as.count, signature })),
    }),
  ),
  nodes: as.list(
    as.object({
      node: address,
      region: as.text,
      endpoints: as.list(as.text, MAX_ENDPOINTS),
      ratePerGiB: as.wei,
      amountWei: as.wei,
    }),
    MAX_NODES,
  ),
  transaction: as.nullable(bytes32),
  reviewedAt: as.count,
});

/** A draft as it is kept: JSON, amounts as decimal strings. */
export function draftText(kept: Draft): string {
  const texts = (_name: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value);
  return JSON.stringify({ version: VERSION, ...kept }, texts);
}

/** Reads a kept draft; undefined for what is none, or of another version of these pages. */
export function parseDraft(text: string): Draft | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== VERSION)
      return undefined;
    const { transaction, origin, ...read } = draft(value, 'draft');
    return {
      ...read,
      transaction: transaction ?? undefined,
      origin: origin === null ? undefined : { ...origin, signed: origin.signed ?? undefined },
    };
  } catch {
    // What cannot be read is no draft; the chain still knows of its deal.
    return undefined;
  }
}
