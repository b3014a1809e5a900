import { useState } from 'preact/hooks';

import { Loaded } from '../market-data/loaded.tsx';
import { fetchNodes } from '../market-data/nodes.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { NodeTable } from './node-table.tsx';
import { Pager } from './pager.tsx';
import { Trail } from './trail.tsx';

const LIMIT = 50;
const EVERY_MS = 10_000;

/** All nodes. */
export function NodeList() {
  const [offset, setOffset] = useState(0);
  const nodes = useMarketData((signal) => fetchNodes({ offset, limit: LIMIT }, signal), {
    key: `nodes-${offset}`,
    everyMs: EVERY_MS,
  });
  return (
    <Page
      above={<Trail />}
      title="Nodes"
      lead="Edges hold stake and a place on the ring and serve everybody; peers serve what they hold anyway."
    >
      <Loaded data={nodes} what="nodes" lines={8}>
        {(page) => (
          <>
            <NodeTable nodes={page.nodes} />
            <Pager total={page.total} offset={offset} limit={LIMIT} onMove={setOffset} />
          </>
        )}
      </Loaded>
    </Page>
  );
}
