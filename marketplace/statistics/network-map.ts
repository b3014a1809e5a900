import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Health } from '../coordinator/node-health.ts';
import type { RegionalDelivery } from '../database/delivery-accounts.ts';
import type { NodeRecord } from '../database/node-records.ts';
import { placeOf } from './region-places.ts';

export type NodeState = 'ready' | 'down' | 'unknown' | 'leaving';

interface MappedNode {
  readonly node: Address;
  readonly role: NodeRecord['role'];
  readonly region: string;
  readonly state: NodeState;
  readonly deliveredBytesLastHour: number;
  readonly askWeiPerGiB: string;
}

/** What a node is doing, as far as the coordinator knows. */
export function stateOf(node: NodeRecord, health: Health | undefined): NodeState {
  if (!node.active) return 'leaving';
  if (health === undefined) return 'unknown';
  return health === 'up' ? 'ready' : 'down';
}

/** Nodes, their regions, and who was served from where. Pure. @param deliveries of the last hour */
export function mapOf(
  nodes: readonly NodeRecord[],
  lastKnown: (node: NodeRecord) => Health | undefined,
  deliveries: readonly RegionalDelivery[],
) {
  const bytesOf = new Map<Address, number>();
  for (const { node, bytes } of deliveries) bytesOf.set(node, (bytesOf.get(node) ?? 0) + Number(bytes));
  const mapped = nodes.map((node): MappedNode => ({
    node: node.address,
    role: node.role,
    region: node.region,
    state: stateOf(node, lastKnown(node)),
    deliveredBytesLastHour: bytesOf.get(node.address) ?? 0,
    askWeiPerGiB: node.askWeiPerGiB.toString(),
  }));
  const links = linksOf(nodes, deliveries);
  const regions = new Set([...mapped.map(({ region }) => region), ...links.map(({ from }) => from)]);
  return {
    regions: [...regions].sort().map((region) => regionOf(region, mapped)),
    nodes: mapped,
    links,
  };
}

function regionOf(region: string, mapped: readonly MappedNode[]) {
  const here = mapped.filter((node) => node.region === region);
  const place = placeOf(region);
  return {
    region,
    name: place?.name ?? region,
    latitude: place?.latitude ?? null,
    longitude: place?.longitude ?? null,
    nodes: here.length,
    readyNodes: here.filter(({ state }) => state === 'ready').length,
    deliveredBytesLastHour: here.reduce((sum, node) => sum + node.deliveredBytesLastHour, 0),
  };
}

/** From the region of the viewers, where they said it, to that of the node. */
function linksOf(nodes: readonly NodeRecord[], deliveries: readonly RegionalDelivery[]) {
  const regions = new Map(nodes.map(({ address, region }) => [address, region]));
  const links = new Map<string, { from: string; to: string; bytesLastHour: number }>();
  for (const { node, viewerRegion: from, bytes } of deliveries) {
    const to = regions.get(node);
    if (from === '' || to === undefined) continue;
    const link = links.get(`${from} ${to}`) ?? { from, to, bytesLastHour: 0 };
    links.set(`${from} ${to}`, { ...link, bytesLastHour: link.bytesLastHour + Number(bytes) });
  }
  return [...links.values()];
}
