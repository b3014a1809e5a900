import type { NodeRecord } from '../../../sdk/chain/nodes.ts';
import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import { AdmittedEdges, type AdmittedKey } from '../../core/one-hop-ring/admitted-edges.ts';
import type { AdmittedEdge, RingAdmission } from '../../core/one-hop-ring/ring-ports.ts';
import type { ChainReader } from './chain-reader.ts';

/** The registry as last read: who may be on the ring, who owns which network key. Asked synchronously. */
export class RegistrySnapshot implements RingAdmission {
  readonly #reader: ChainReader;
  #byKey = new Map<string, NodeRecord>();
  #byOperator = new Map<Address, NodeRecord>();
  #edges = new AdmittedEdges([]);
  #refreshing: Promise<void> | undefined;

  constructor(components: { reader: ChainReader }) {
    this.#reader = components.reader;
  }

  /** Reads the registry again; calls while one is under way share it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  nidOf(libp2pPublicKey: Uint8Array): AdmittedEdge | undefined {
    return this.#edges.nidOf(libp2pPublicKey);
  }

  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined {
    return this.#edges.publicKeyAt(prefix);
  }

  nodeOfKey(libp2pPublicKey: Uint8Array): NodeRecord | undefined {
    return this.#byKey.get(bytesToHex(libp2pPublicKey));
  }

  nodeOf(operator: Address): NodeRecord | undefined {
    return this.#byOperator.get(operator);
  }

  /** Edges that may be on the ring. */
  activeEdges(): NodeRecord[] {
    return [...this.#byOperator.values()].filter(
      (node) => node.role === 'edge' && node.active && node.nid !== undefined,
    );
  }

  get size(): number {
    return this.#byOperator.size;
  }

  async #read(): Promise<void> {
    const nodes = await this.#reader.nodes();
    this.#byKey = new Map(nodes.map((node) => [node.libp2pPublicKey, node]));
    this.#byOperator = new Map(nodes.map((node) => [node.operator, node]));
    this.#edges = new AdmittedEdges(nodes.map(admittedKey).filter((each) => each !== undefined));
  }
}

/** Only a staked edge whose position is drawn has a place on the ring. */
function admittedKey(node: NodeRecord): AdmittedKey | undefined {
  const { role, active, nid, operator, region, libp2pPublicKey } = node;
  if (role !== 'edge' || !active || nid === undefined) return undefined;
  return { publicKey: hexToBytes(libp2pPublicKey), edge: { nid, operator, region } };
}
