import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, utf8ToBytes } from '../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../sdk/protocol/identifiers.ts';
import type { AdmittedEdge } from '../../node/core/one-hop-ring/ring-admission.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'] as const;

/** Who a node is, whether it runs or not. */
export interface LabIdentity {
  readonly node: number;
  readonly key: Ed25519PrivateKey;
  readonly peer: string;
  /** What the registry says of it. */
  readonly edge: AdmittedEdge;
}

/** The nodes of a laboratory: keys, and with them positions, by the seed. */
export async function labIdentities(seed: number, nodes: number): Promise<LabIdentity[]> {
  const identities = Array.from({ length: nodes }, async (_, node): Promise<LabIdentity> => {
    const key = await generateKeyPairFromSeed('Ed25519', sha256(utf8ToBytes(`lab ${seed} node ${node}`)));
    const publicKey = key.publicKey.raw;
    const edge = {
      nid: parseNid(bytesToHex(sha256(publicKey))),
      operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
      region: REGIONS[node % REGIONS.length] ?? REGIONS[0],
    };
    return { node, key, peer: peerIdFromPrivateKey(key).toString(), edge };
  });
  return Promise.all(identities);
}
