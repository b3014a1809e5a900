import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const node = as.object({
  address: as.address,
  role: as.oneOf('edge', 'peer'),
  region: as.text,
  /** Staked, on the ring, not leaving. */
  active: as.flag,
  /** As the coordinator last probed it. */
  health: as.oneOf('up', 'down', 'unknown'),
  endpoints: as.list(as.text, 16),
  askWeiPerGiB: as.wei,
  stakeWei: as.wei,
  unbondingWei: as.wei,
  /** Unix seconds; 0 if nothing is being unbonded. */
  unbondingEndsAt: as.count,
});
const page = as.object({ total: as.count, offset: as.count, nodes: as.list(node) });

export type MarketNode = as.Decoded<typeof node>;
export type NodePage = as.Decoded<typeof page>;

export interface NodeWish extends PageWish {
  readonly region?: string;
  readonly role?: 'edge' | 'peer';
}

export function fetchNodes(wish: NodeWish, signal?: AbortSignal): Promise<NodePage> {
  return callMarket({ path: pagePath('/v1/nodes', wish), decode: page, signal });
}

export function fetchNode(address: string, signal?: AbortSignal): Promise<MarketNode> {
  return callMarket({ path: `/v1/nodes/${encodeURIComponent(address)}`, decode: node, signal });
}
