import { sha256 } from '@noble/hashes/sha2.js';

import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { signMemberRecord, type MemberRecord } from '../../../../node/core/one-hop-ring/member-record.ts';
import {
  signProviderRecord,
  type ProviderRecord,
} from '../../../../node/core/one-hop-ring/provider-record.ts';
import { TEST_NETWORK, testKey, testSignature } from './virtual-network.ts';

const OPERATOR = parseAddress(`0x${'11'.repeat(20)}`);
const SMALL_BITS = 3;

/** An m = 3 identifier on the leading bits of a 256-bit one. */
export function smallId(value: number): Uint8Array {
  const id = new Uint8Array(32);
  id[0] = value << (8 - SMALL_BITS);
  return id;
}

export function smallValue(id: Uint8Array | undefined): number | undefined {
  return id === undefined ? undefined : (id[0] ?? 0) >>> (8 - SMALL_BITS);
}

/** A signed record of nobody in particular, with this incarnation. */
export function recordAt(incarnation: number, claim: Partial<MemberRecord> = {}): MemberRecord {
  const publicKey = claim.publicKey ?? testKey('sample');
  return signMemberRecord(
    {
      nid: claim.nid ?? sha256(publicKey),
      publicKey,
      operator: claim.operator ?? OPERATOR,
      region: claim.region ?? 'eu-west',
      incarnation,
      departed: claim.departed ?? false,
      addresses: claim.addresses ?? ['/ip4/127.0.0.1/tcp/4001'],
    },
    TEST_NETWORK,
    (message) => testSignature(publicKey, message),
  );
}

export function providerRecordOf(claim: Partial<ProviderRecord> = {}): ProviderRecord {
  const publicKey = claim.publicKey ?? testKey('sample');
  return signProviderRecord(
    {
      key: claim.key ?? new Uint8Array(32).fill(7),
      publicKey,
      operator: claim.operator ?? OPERATOR,
      region: claim.region ?? 'eu-west',
      sequence: claim.sequence ?? 1_000,
      ttlSeconds: claim.ttlSeconds ?? 60,
      withdrawn: claim.withdrawn ?? false,
      addresses: claim.addresses ?? ['/dns4/edge.example/tcp/443/https'],
    },
    TEST_NETWORK,
    (message) => testSignature(publicKey, message),
  );
}
