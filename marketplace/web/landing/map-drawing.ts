import type { MapNode, NetworkMap } from '../market-data/network-map.ts';
import { bow, placeAround, project, type Point } from './projection.ts';

/** Between two nodes of a region, units of the drawing. */
const NODE_SPACING = 18;
/** More nodes of one region are not drawn one by one. */
const MAX_DRAWN_NODES = 36;
/** Busiest ways that are drawn. */
const MAX_DRAWN_LINKS = 24;
const MIN_LINK_WIDTH = 1;
const MAX_LINK_WIDTH = 4;

export interface DrawnNode {
  readonly node: MapNode;
  readonly at: Point;
}

export interface DrawnRegion {
  readonly region: string;
  readonly name: string;
  readonly at: Point;
  /** Below the drawn nodes. */
  readonly label: Point;
}

export interface DrawnLink {
  readonly key: string;
  readonly path: string;
  /** Units of the drawing. */
  readonly width: number;
  readonly title: { readonly from: string; readonly to: string; readonly bytes: bigint };
}

/** The network as it is drawn. */
export interface MapDrawing {
  readonly regions: readonly DrawnRegion[];
  readonly nodes: readonly DrawnNode[];
  readonly links: readonly DrawnLink[];
}

/** Puts nodes around their regions and ways between regions; what is on no map is in the table only. */
export function drawingOf(map: NetworkMap): MapDrawing {
  const places = new Map<string, Point>();
  for (const { region, latitude, longitude } of map.regions) {
    if (latitude !== null && longitude !== null) places.set(region, project(latitude, longitude));
  }
  const drawn = new Map<string, number>();
  const nodes = map.nodes.flatMap((node): DrawnNode[] => {
    const center = places.get(node.region);
    const index = drawn.get(node.region) ?? 0;
    if (center === undefined || index >= MAX_DRAWN_NODES) return [];
    drawn.set(node.region, index + 1);
    return [{ node, at: placeAround(center, index, NODE_SPACING) }];
  });
  return { regions: regionsOf(map, places, drawn), nodes, links: linksOf(map, places) };
}

function regionsOf(
  map: NetworkMap,
  places: ReadonlyMap<string, Point>,
  drawn: ReadonlyMap<string, number>,
): readonly DrawnRegion[] {
  return map.regions.flatMap(({ region, name }) => {
    const at = places.get(region);
    if (at === undefined) return [];
    const rings = (drawn.get(region) ?? 0) > 1 ? Math.ceil(((drawn.get(region) ?? 0) - 1) / 6) : 0;
    const belowNodes = at.y + Math.min(rings, 3) * NODE_SPACING + 24;
    return [{ region, name, at, label: { x: at.x, y: belowNodes } }];
  });
}

function linksOf({ links }: NetworkMap, places: ReadonlyMap<string, Point>): readonly DrawnLink[] {
  const busiest = [...links]
    .filter(({ from, to, bytesLastHour }) => bytesLastHour > 0n && places.has(from) && places.has(to))
    .sort((a, b) => (a.bytesLastHour < b.bytesLastHour ? 1 : -1))
    .slice(0, MAX_DRAWN_LINKS);
  const most = Number(busiest[0]?.bytesLastHour ?? 1n);
  return busiest.flatMap(({ from, to, bytesLastHour }) => {
    const [start, end] = [places.get(from), places.get(to)];
    if (start === undefined || end === undefined) return [];
    const width =
      MIN_LINK_WIDTH + (MAX_LINK_WIDTH - MIN_LINK_WIDTH) * Math.sqrt(Number(bytesLastHour) / most);
    return [
      { key: `${from}-${to}`, path: bow(end, start), width, title: { from, to, bytes: bytesLastHour } },
    ];
  });
}
