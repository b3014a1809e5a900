import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, utf8ToBytes } from '../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../sdk/protocol/identifiers.ts';
import { OPERATOR_BYTES } from '../../node/core/one-hop-ring/limits.ts';
import type { AdmittedEdge } from '../../node/core/one-hop-ring/ring-admission.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'] as const;

/** An edge that no registry lists: the same name has the same key, and with it the same position, in every process. */
export interface DrawnEdge {
  readonly key: Ed25519PrivateKey;
  /** What a registry would say of it. */
  readonly admitted: AdmittedEdge;
}

/**
 * @param name of the edge, not used for another
 * @param number deals the edges out over three regions
 */
export async function drawnEdge(name: string, number: number): Promise<DrawnEdge> {
  const key = await generateKeyPairFromSeed('Ed25519', sha256(utf8ToBytes(name)));
  const publicKey = key.publicKey.raw;
  const admitted = {
    nid: parseNid(bytesToHex(sha256(publicKey))),
    operator: parseAddress(bytesToHex(publicKey.subarray(0, OPERATOR_BYTES))),
    region: REGIONS[number % REGIONS.length] ?? REGIONS[0],
  };
  return { key, admitted };
}
