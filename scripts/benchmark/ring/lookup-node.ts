/** The two systems that the bench `ring` compares. */
export const SYSTEMS = ['ring', 'kad'] as const;
export type System = (typeof SYSTEMS)[number];

/** What one lookup gave. */
export interface Lookup {
  readonly found: boolean;
  /** Remote calls that the answer took: 0 answered by the asker itself. */
  readonly rpcs: number;
}

/** One real node of either system, as the measurement sees it. */
export interface LookupNode {
  /** Multiaddrs that end in `/p2p/<peer id>`. */
  readonly addresses: readonly string[];
  /** Joins through these addresses of other nodes; none for the first node. */
  join(contacts: readonly string[]): Promise<void>;
  /** Whatever the system does to fill its tables. */
  warm(): Promise<void>;
  /** Nodes that this node knows as its network, itself included, and connections that it keeps. */
  view(): { readonly known: number; readonly connections: number; readonly heldKeys: number };
  provide(key: Uint8Array): Promise<void>;
  lookup(key: Uint8Array): Promise<Lookup>;
  stop(): Promise<void>;
}
