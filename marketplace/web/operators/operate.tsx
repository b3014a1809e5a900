import './operate.css';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { Command } from '../../../sdk/ui/command.tsx';
import { EmptyState } from '../../../sdk/ui/empty-state.tsx';
import { Address } from '../../../sdk/ui/identifier.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import { Table, type Column } from '../../../sdk/ui/table.tsx';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { useCommandNames } from '../market-data/command-names.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { fetchMap, type MapNode, type NetworkMap } from '../market-data/network-map.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { NETWORK_FILE, networkFileUrl } from './network-file.ts';
import { hourOfNodes } from './node-earnings.ts';

const EVERY_MS = 10_000;

/** For those who run nodes or think of it: what nodes earn here, and how one is run. */
export default function Operate() {
  const map = useMarketData(fetchMap, { key: 'map', everyMs: EVERY_MS });
  return (
    <Page
      title="Run a node"
      lead="You serve contents that publishers pay for, and are paid for every byte that a viewer checked and signed for: no more, no less, and nobody can keep it from you."
    >
      <section class="stack" aria-labelledby="earn-title">
        <h2 id="earn-title">What nodes earn here now</h2>
        <Loaded data={map} what="figures of the nodes">
          {(value) => <HourHere map={value} />}
        </Loaded>
      </section>
      <Start />
      <Desk />
    </Page>
  );
}

const TONES = { ready: 'good', down: 'bad', unknown: 'info', leaving: 'warning' } as const;
/** As on a node's own page. */
const STATE_WORDS = {
  ready: 'ready',
  down: 'does not answer',
  unknown: 'not asked yet',
  leaving: 'takes no deals',
} as const;

const columns: readonly Column<MapNode>[] = [
  { id: 'node', title: 'Node', cell: ({ node }) => <Address value={node} href={paths.node(node)} /> },
  { id: 'region', title: 'Region', cell: ({ region }) => region, sortBy: ({ region }) => region },
  {
    id: 'state',
    title: 'State',
    cell: ({ state }) => <State tone={TONES[state]}>{STATE_WORDS[state]}</State>,
  },
  {
    id: 'ask',
    title: 'Asks per GiB',
    isFigure: true,
    cell: ({ askWeiPerGiB }) => <Amount wei={askWeiPerGiB} />,
    sortBy: ({ askWeiPerGiB }) => askWeiPerGiB,
  },
  {
    id: 'delivered',
    title: 'Delivered, last hour',
    isFigure: true,
    cell: ({ deliveredBytesLastHour }) => <Bytes bytes={deliveredBytesLastHour} />,
    sortBy: ({ deliveredBytesLastHour }) => deliveredBytesLastHour,
  },
  {
    id: 'worth',
    title: 'Worth at its ask',
    isFigure: true,
    cell: (node) => <Amount wei={worthOf(node)} />,
    sortBy: worthOf,
  },
];

function HourHere({ map }: { readonly map: NetworkMap }) {
  const hour = hourOfNodes(map);
  if (map.nodes.length === 0) {
    return (
      <EmptyState title="No node has registered yet">
        <p>The first one has the network for itself.</p>
      </EmptyState>
    );
  }
  return (
    <>
      <p class="lead">
        In the last hour viewers signed for <Bytes bytes={hour.deliveredBytes} /> that {hour.serving} of{' '}
        {hour.ready} ready nodes delivered, worth <Amount wei={hour.meteredWei} /> at what they ask. The
        middle one made {hour.medianWei === undefined ? 'nothing' : <Amount wei={hour.medianWei} />}, the best{' '}
        <Amount wei={hour.mostWei} />.
      </p>
      <Table
        caption="What each node made in the last hour"
        columns={columns}
        rows={map.nodes}
        rowKey={({ node }) => node}
      />
    </>
  );
}

/** Commands that make a node of a machine. */
function Start() {
  const { value: network } = useNetwork();
  const { node } = useCommandNames();
  const rpcPath = network?.development?.rpcPath;
  const rpcUrl = rpcPath === undefined ? 'URL' : location.origin + rpcPath;
  return (
    <section class="stack" aria-labelledby="start-title">
      <h2 id="start-title">How to run one</h2>
      <ol class="steps">
        <li>
          <p>
            Say where it is and what it may use. This makes its keystore, asks for a password, and says what
            to back up: both, or stake and earnings are lost.
            {network !== undefined && (
              <>
                {' '}
                It needs{' '}
                <a href={networkFileUrl(network)} download={NETWORK_FILE}>
                  {NETWORK_FILE}
                </a>
                , which names the contracts of this network
                {rpcPath === undefined && `, and the URL of a node of chain ${network.chainId}`}.
              </>
            )}
          </p>
          <Command
            text={`${node} init --role edge --region eu-west --disk 100GiB --upload-cap 50MiB \\\n    --rpc-url ${rpcUrl} --deployment ${NETWORK_FILE} --marketplace-url ${location.origin} --payout 0x…`}
          />
        </li>
        <li>
          <p>
            Put stake and a little ether for gas on its account.{' '}
            {network !== undefined && (
              <>
                An edge needs at least <Amount wei={network.minimumEdgeStakeWei} />; it comes back after
                leaving.
              </>
            )}{' '}
            Then start it:
          </p>
          <Command text={`${node} start`} />
        </li>
        <li>
          <p>Ask it at any time whether it earns, and if not, why and what to run:</p>
          <Command text={`${node} status`} />
        </li>
      </ol>
      {network !== undefined && network.protocolFeeBps > 0 && (
        <p class="soft">The protocol keeps {network.protocolFeeBps / 100} % of what is paid.</p>
      )}
    </section>
  );
}

function Desk() {
  const { node } = useCommandNames();
  return (
    <section class="stack" aria-labelledby="desk-title">
      <h2 id="desk-title">Your own node</h2>
      <p>
        Its desk is on its own machine, not here: <code>{node} dashboard</code> says where and{' '}
        <code>{node} earnings --by day</code> shows metered, settled and paid, the same figures as its page in
        the <a href={paths.nodes}>explorer</a>.
      </p>
    </section>
  );
}

function worthOf({ deliveredBytesLastHour, askWeiPerGiB }: MapNode): bigint {
  return priceWei(deliveredBytesLastHour, askWeiPerGiB);
}
