/** How bytes travel in one direction between two nodes. Plain data: it is sent between processes. */
export interface LinkShape {
  /** One way, milliseconds. */
  readonly delayMs: number;
  /** Uniform, on top of the delay. @default 0 */
  readonly jitterMs?: number;
  /** Share of segments lost; above TCP a loss is a delay. @default 0 */
  readonly lossRate?: number;
  /** @default unlimited */
  readonly bytesPerSecond?: number;
}

/** One-way delays by region of the sender, then of the receiver, milliseconds. */
export type RegionDelays = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Bytes from these peers to those vanish: no reset, no end, no error. Peer ids; a split is two cuts. */
export interface Cut {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** The whole network as every process of a lab knows it. */
export interface NetworkShape {
  readonly seed: number;
  readonly link: LinkShape;
  /** Replaces `link.delayMs` where both regions are listed. */
  readonly regionDelaysMs?: RegionDelays;
  /** Region of each peer id, for `regionDelaysMs`. */
  readonly regions?: Readonly<Record<string, string>>;
}

/** Both halves lose each other. */
export function split(one: readonly string[], other: readonly string[]): Cut[] {
  return [
    { from: one, to: other },
    { from: other, to: one },
  ];
}

/** One peer loses everybody, as in a power failure: nobody is told. */
export function isolate(peer: string, others: readonly string[]): Cut[] {
  return split([peer], others);
}

/** The shape between two peers. */
export function linkBetween(network: NetworkShape, from: string, to: string): LinkShape {
  const sender = network.regions?.[from];
  const receiver = network.regions?.[to];
  if (sender === undefined || receiver === undefined) return network.link;
  const delayMs = network.regionDelaysMs?.[sender]?.[receiver];
  return delayMs === undefined ? network.link : { ...network.link, delayMs };
}
