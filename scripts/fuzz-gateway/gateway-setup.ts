import { hash } from 'node:crypto';

import { CID } from 'multiformats/cid';
import { create as createDigest } from 'multiformats/hashes/digest';

import { DAG_PB_CODEC, SHA2_256 } from '../../sdk/protocol/content.ts';
import { parseAddress, parseDealId, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';

const keyOf = (seed: string): Uint8Array => hash('sha256', `fuzzed gateway: ${seed}`, 'buffer');

/** Who signs what on the fuzzed gateway: known to it and to the one that attacks it. */
export const SETUP = {
  keys: { grant: keyOf('grant'), viewer: keyOf('viewer'), publisher: keyOf('publisher') },
  node: parseAddress(`0x${'11'.repeat(20)}`),
  /** Pays for what is stored. */
  dealId: parseDealId(`0x${'d1'.repeat(32)}`),
  /** Wants a content that nobody can upload, because nothing has this hash. */
  uploadDealId: parseDealId(`0x${'d2'.repeat(32)}`),
  uploadRoot: CID.createV1(DAG_PB_CODEC, createDigest(SHA2_256, new Uint8Array(32).fill(7))),
  domain: { chainId: 31_337n, verifyingContract: parseAddress(`0x${'aa'.repeat(20)}`) },
  epochSeconds: 3_600,
  epoch: parseEpoch(500_000),
} as const;

export const addressOf = (key: Uint8Array) => nativeSecp256k1.addressOf(key);

/** The gateway's clock stands still within the epoch of the grants. */
export const NOW_MS = (SETUP.epoch * SETUP.epochSeconds + 10) * 1_000;
