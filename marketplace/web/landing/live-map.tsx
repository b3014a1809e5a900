import { useLocation } from 'preact-iso';
import { useMemo } from 'preact/hooks';

import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { amountText, byteText, countedText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Table } from '../../../sdk/ui/table.tsx';
import { fetchMap, type MapNode, type MapRegion, type NetworkMap } from '../market-data/network-map.ts';
import { shownFailure, useMarketData } from '../market-data/use-market-data.ts';
import { paths } from '../shell/paths.ts';
import { LAND_RINGS } from './land-outline.ts';
import { drawingOf } from './map-drawing.ts';
import { landDots, MAP_HEIGHT, MAP_WIDTH } from './projection.ts';

const MAP_EVERY_MS = 5_000;
/** Between two dots of land, degrees. */
const LAND_STEP_DEGREES = 2.6;
const NODE_RADIUS = 7;
const EMPTY: NetworkMap = { regions: [], nodes: [], links: [] };

const STATE_WORDS: Readonly<Record<MapNode['state'], string>> = {
  ready: 'ready',
  down: 'does not answer',
  unknown: 'not asked yet',
  leaving: 'leaving',
};

/** Where nodes are, how they are, and what flows: drawn, and said in a table for those who do not see it. */
export function LiveMap() {
  const { value: map, failure, refresh } = useMarketData(fetchMap, { key: 'map', everyMs: MAP_EVERY_MS });
  return (
    <figure class="live-map">
      <Drawing map={map ?? EMPTY} />
      <figcaption class="live-map-caption">{captionOf(map)}</figcaption>
      {failure !== undefined && <FailureNotice failure={shownFailure(failure)} retry={refresh} />}
      {map !== undefined && map.regions.length > 0 && (
        <details class="small">
          <summary>The map as a table</summary>
          <RegionTable regions={map.regions} />
          <p>
            <a href={paths.nodes}>All nodes, one by one</a>
          </p>
        </details>
      )}
    </figure>
  );
}

function Drawing({ map }: { readonly map: NetworkMap }) {
  const { route } = useLocation();
  const land = useMemo(() => landDots(LAND_RINGS, LAND_STEP_DEGREES), []);
  const { regions, nodes, links } = useMemo(() => drawingOf(map), [map]);
  return (
    <svg class="map" viewBox={`0 0 ${MAP_WIDTH} ${MAP_HEIGHT}`} role="img" aria-label={summaryOf(map)}>
      <path class="map-land" d={land} />
      {links.map(({ key, path, width, title }) => (
        <g key={key}>
          <title>{`${byteText(title.bytes)} from ${title.to} to viewers in ${title.from}, last hour`}</title>
          <path class="map-link" d={path} stroke-width={width} />
          <path class="map-pulse" d={path} stroke-width={width + 1} pathLength={100} />
        </g>
      ))}
      {nodes.map(({ node, at }) => (
        <circle
          key={node.node}
          class={`map-node map-node-${node.state}`}
          cx={at.x}
          cy={at.y}
          r={NODE_RADIUS}
          // For pointers; by keyboard the nodes are reached through the explorer's list.
          onClick={() => route(paths.node(node.node))}
        >
          <title>{nodeTitle(node)}</title>
        </circle>
      ))}
      {regions.map(({ region, label }) => (
        <text key={region} class="map-label" x={label.x} y={label.y}>
          {region}
        </text>
      ))}
    </svg>
  );
}

function RegionTable({ regions }: { readonly regions: readonly MapRegion[] }) {
  return (
    <Table
      caption="Nodes and delivery by region"
      rows={regions}
      rowKey={({ region }) => region}
      columns={[
        {
          id: 'region',
          title: 'Region',
          cell: ({ region, name }) => (name === region ? region : `${name} (${region})`),
        },
        {
          id: 'nodes',
          title: 'Nodes',
          isFigure: true,
          cell: ({ nodes }) => nodes,
          sortBy: ({ nodes }) => nodes,
        },
        { id: 'ready', title: 'Ready', isFigure: true, cell: ({ readyNodes }) => readyNodes },
        {
          id: 'delivered',
          title: 'Delivered in the last hour',
          isFigure: true,
          cell: ({ deliveredBytesLastHour }) => <Bytes bytes={deliveredBytesLastHour} />,
          sortBy: ({ deliveredBytesLastHour }) => deliveredBytesLastHour,
        },
      ]}
    />
  );
}

function captionOf(map: NetworkMap | undefined): string {
  if (map === undefined) return 'Asking the network …';
  if (map.nodes.length === 0)
    return 'No node has registered yet. The first one appears here as soon as it has staked.';
  return summaryOf(map);
}

function summaryOf({ nodes, regions, links }: NetworkMap): string {
  const ready = nodes.filter(({ state }) => state === 'ready').length;
  const bytes = nodes.reduce((sum, node) => sum + node.deliveredBytesLastHour, 0n);
  const places = countedText(regions.length, 'region');
  const ways = links.filter(({ bytesLastHour }) => bytesLastHour > 0n).length;
  const flow = ways === 0 ? '' : ` over ${countedText(ways, 'way')} between regions`;
  return `${ready} of ${countedText(nodes.length, 'node')} ready in ${places}; ${byteText(bytes)} delivered in the last hour${flow}.`;
}

function nodeTitle({ node, region, state, askWeiPerGiB, deliveredBytesLastHour }: MapNode): string {
  return `${shortIdentifier(node)} in ${region}: ${STATE_WORDS[state]}, asks ${amountText(askWeiPerGiB)} per GiB, ${byteText(deliveredBytesLastHour)} in the last hour`;
}
