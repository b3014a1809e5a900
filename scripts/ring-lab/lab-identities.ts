import type { Ed25519PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';

import type { AdmittedEdge } from '../../node/core/one-hop-ring/ring-admission.ts';
import { drawnEdge } from '../measuring/drawn-edge.ts';

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
    const { key, admitted } = await drawnEdge(`lab ${seed} node ${node}`, node);
    return { node, key, peer: peerIdFromPrivateKey(key).toString(), edge: admitted };
  });
  return Promise.all(identities);
}
