import type { NodeRecord } from '../../../sdk/chain/nodes.ts';
import { bytesToHex } from '../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../sdk/protocol/identifiers.ts';
import type { AdmittedEdge, RingAdmission } from '../../core/one-hop-ring/ring-ports.ts';
import type { ChainReader } from './chain-reader.ts';

/** The registry as last read: who may be on the ring, who owns which network key. Asked synchronously. */
export class RegistrySnapshot implements RingAdmission {
  readonly #reader: ChainReader;
  #byKey = new Map<string, NodeRecord>();
  #byOperator = new Map<Address, NodeRecord>();
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
    const node = this.nodeOfKey(libp2pPublicKey);
    if (node?.role !== 'edge' || !node.active || node.nid === undefined) return undefined;
    return { nid: node.nid, operator: node.operator, region: node.region };
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
  }
}
