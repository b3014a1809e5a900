import { callMarket } from './call-market.ts';
import * as as from './decode.ts';

const MAX_REGIONS = 256;
const MAX_NODES = 5_000;
const MAX_LINKS = 4_096;

const region = as.object({
  region: as.text,
  name: as.text,
  /** Degrees north; null for a region that is on no map. */
  latitude: as.nullable(as.number),
  /** Degrees east. */
  longitude: as.nullable(as.number),
  nodes: as.count,
  readyNodes: as.count,
  deliveredBytesLastHour: as.bytes,
});
const node = as.object({
  node: as.address,
  region: as.text,
  state: as.oneOf('ready', 'down', 'unknown', 'leaving'),
  deliveredBytesLastHour: as.bytes,
  askWeiPerGiB: as.wei,
});
/** Who was served from where: region of the viewers, region of the node. */
const link = as.object({ from: as.text, to: as.text, bytesLastHour: as.bytes });
const map = as.object({
  regions: as.list(region, MAX_REGIONS),
  nodes: as.list(node, MAX_NODES),
  links: as.list(link, MAX_LINKS),
});

export type MapRegion = as.Decoded<typeof region>;
export type MapNode = as.Decoded<typeof node>;
export type MapLink = as.Decoded<typeof link>;
export type NetworkMap = as.Decoded<typeof map>;

export function fetchMap(signal?: AbortSignal): Promise<NetworkMap> {
  return callMarket({ path: '/v1/map', decode: map, signal });
}
