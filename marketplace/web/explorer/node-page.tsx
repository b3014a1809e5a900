import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { fetchEarnings, type DealEarnings, type Earnings } from '../market-data/earnings.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { LOSS_RULE } from '../market-data/loss-rule.ts';
import { fetchMap } from '../market-data/network-map.ts';
import { fetchNode, type MarketNode } from '../market-data/nodes.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { EventRows } from './event-rows.tsx';
import { NodeState } from './node-columns.tsx';
import { earningsStory, nodeStory } from './sentences.ts';
import { Trail } from './trail.tsx';

const EVERY_MS = 10_000;
const DEAL_ROWS = 100;

/** One node: what it is, what it earns, for which deals. */
export function NodePage({ address }: { readonly address: string }) {
  const node = useMarketData((signal) => fetchNode(address, signal), { key: address, everyMs: EVERY_MS });
  return (
    <Page
      title={`Node ${shortIdentifier(address)}`}
      above={<Trail steps={[{ href: paths.nodes, text: 'Nodes' }]} />}
    >
      <Loaded data={node} what="the node">
        {(value) => <Particulars node={value} />}
      </Loaded>
      {node.failure?.refusal !== 'NODE_NOT_FOUND' && <Books address={address} />}
    </Page>
  );
}

/** What it earned, and what the chain says of it. */
function Books({ address }: { readonly address: string }) {
  const earnings = useMarketData((signal) => fetchEarnings({ address, limit: DEAL_ROWS }, signal), {
    key: address,
    everyMs: EVERY_MS,
  });
  return (
    <>
      <section class="stack" aria-labelledby="earnings">
        <h2 id="earnings">What it earned</h2>
        <Loaded data={earnings} what="its earnings">
          {(value) => <EarningsOfNode earnings={value} />}
        </Loaded>
      </section>
      <section class="stack" aria-labelledby="node-events">
        <h2 id="node-events">What the contracts announced of it</h2>
        <EventRows wish={{ node: address }} />
      </section>
    </>
  );
}

function Particulars({ node }: { readonly node: MarketNode }) {
  return (
    <>
      <div class="story">
        {nodeStory(node).map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
        <LastHour address={node.address} />
      </div>
      <dl class="facts panel">
        <div>
          <dt>State</dt>
          <dd>
            <NodeState node={node} />
          </dd>
        </div>
        <div>
          <dt>Asks per GiB</dt>
          <dd>
            <Amount wei={node.askWeiPerGiB} />
          </dd>
        </div>
        <div>
          <dt>Stake</dt>
          <dd>
            <Amount wei={node.stakeWei} exact />
          </dd>
        </div>
        <div class="wide-fact">
          <dt>Address</dt>
          <dd>
            <Address value={node.address} full />
          </dd>
        </div>
        <div class="wide-fact">
          <dt>Listens at</dt>
          <dd class="endpoints">
            {node.endpoints.length === 0
              ? 'it has named no address'
              : node.endpoints.map((endpoint) => <code key={endpoint}>{endpoint}</code>)}
          </dd>
        </div>
      </dl>
    </>
  );
}

/** From the map, which counts the receipts of the last hour. */
function LastHour({ address }: { readonly address: string }) {
  const { value: map } = useMarketData(fetchMap, { key: 'map', everyMs: EVERY_MS });
  const node = map?.nodes.find((one) => one.node === address);
  if (node === undefined) return null;
  return (
    <p>
      In the last hour it delivered <Bytes bytes={node.deliveredBytesLastHour} /> that viewers signed for.
    </p>
  );
}

const columns: readonly Column<DealEarnings>[] = [
  {
    id: 'deal',
    title: 'Deal',
    cell: ({ dealId }) => <Identifier value={dealId} what="deal id" href={paths.deal(dealId)} />,
  },
  {
    id: 'bytes',
    title: 'Delivered',
    isFigure: true,
    cell: ({ bytes }) => <Bytes bytes={bytes} />,
    sortBy: ({ bytes }) => bytes,
  },
  { id: 'rate', title: 'Per GiB', isFigure: true, cell: ({ ratePerGiB }) => <Amount wei={ratePerGiB} /> },
  {
    id: 'metered',
    title: 'Metered',
    isFigure: true,
    cell: ({ meteredWei }) => <Amount wei={meteredWei} />,
    sortBy: ({ meteredWei }) => meteredWei,
  },
  { id: 'settled', title: 'Settled', isFigure: true, cell: ({ settledWei }) => <Amount wei={settledWei} /> },
  {
    id: 'paid',
    title: 'Paid',
    isFigure: true,
    cell: ({ paidWei }) => <Amount wei={paidWei} />,
    sortBy: ({ paidWei }) => paidWei,
  },
];

function EarningsOfNode({ earnings }: { readonly earnings: Earnings }) {
  const { total, deals } = earnings;
  return (
    <>
      <p>{earningsStory(earnings)}</p>
      <dl class="facts ledger">
        <div>
          <dt>Metered</dt>
          <dd>
            <Amount wei={total.meteredWei} exact />
          </dd>
          <dd class="small soft">price of the bytes that viewers signed for</dd>
        </div>
        <div>
          <dt>Settled</dt>
          <dd>
            <Amount wei={total.settledWei} exact />
          </dd>
          <dd class="small soft">a voucher or claim exists</dd>
        </div>
        <div>
          <dt>Paid</dt>
          <dd>
            <Amount wei={total.paidWei} exact />
          </dd>
          <dd class="small soft">on the chain, fee included</dd>
        </div>
        <div>
          <dt>Lost</dt>
          <dd>
            <Amount wei={total.lostWei} exact />
          </dd>
          <dd class="small soft">
            {total.lostWei > 0n ? LOSS_RULE : 'nothing that it delivered has come too late'}
          </dd>
        </div>
      </dl>
      {deals.length === 0 ? (
        <EmptyState title="No deal pays it yet" />
      ) : (
        <Table
          caption="Earnings by deal"
          columns={[
            ...columns,
            {
              id: 'receipts',
              title: 'Receipts',
              cell: ({ dealId }) => (
                <a href={`${paths.batches}?deal=${dealId}&node=${earnings.address}`}>by epoch</a>
              ),
            },
          ]}
          rows={deals}
          rowKey={({ dealId }) => dealId}
        />
      )}
    </>
  );
}
