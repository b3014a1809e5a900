import './distribution.css';

import { useRoute } from 'preact-iso';
import { useState } from 'preact/hooks';

import { Duration } from '../../../sdk/ui/duration.tsx';
import { durationText, shortIdentifier } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { Tabs } from '../../../sdk/ui/tabs.tsx';
import { DealState } from '../explorer/deal-columns.tsx';
import { dealSums } from '../market-data/deal-sums.ts';
import { fetchDeal, type DealWithAllocations } from '../market-data/deals.ts';
import { Loaded } from '../market-data/loaded.tsx';
import { useMarketData, type MarketData } from '../market-data/use-market-data.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import { hasForm } from '../shell/identifier-form.ts';
import { NoIdentifier } from '../shell/not-found.tsx';
import { Page } from '../shell/page.tsx';
import { paths } from '../shell/paths.ts';
import { useWallet } from '../wallet/use-wallet.ts';
import { fetchDealNodes, fetchDelivery, fetchMoney, type DealMoney } from './deal-figures.ts';
import { DeliveryTab, LiveTab } from './delivery-tabs.tsx';
import { MoneyTab } from './money-tab.tsx';
import { runwayAlarm } from './runway-alarm.ts';
import { NodesTab } from './nodes-tab.tsx';
import { SettingsTab } from './settings/settings-tab.tsx';
import { SharePanel } from './share-panel.tsx';

const EVERY_MS = 3_000;
const NODES_EVERY_MS = 10_000;

/** One distribution: what is delivered, what it costs, who delivers it, and what its publisher can change. */
export default function Distribution() {
  const { dealId = '' } = useRoute().params;
  const name = dealId.toLowerCase();
  return hasForm('deal', name) ? (
    <OneDistribution dealId={name} />
  ) : (
    <NoIdentifier kind="deal" text={dealId} />
  );
}

function OneDistribution({ dealId }: { readonly dealId: string }) {
  const deal = useMarketData((signal) => fetchDeal(dealId, signal), { key: dealId, everyMs: EVERY_MS });
  const money = useMarketData((signal) => fetchMoney(dealId, signal), { key: dealId, everyMs: EVERY_MS });
  const alarm = alarmOf(deal.value, money.value);
  const title = `Distribution ${shortIdentifier(dealId)}`;
  const sign = alarm === 'empty' ? '(!) out of money: ' : alarm === 'short' ? '(!) running out: ' : '';
  return (
    <Page title={title} tabTitle={`${sign}${title}`}>
      <Loaded data={deal} what="the distribution" lines={10}>
        {(value) => <Shown deal={value} money={money} alarm={alarm} refreshDeal={deal.refresh} />}
      </Loaded>
    </Page>
  );
}

interface ShownProps {
  readonly deal: DealWithAllocations;
  readonly money: MarketData<DealMoney>;
  readonly alarm: ReturnType<typeof runwayAlarm>;
  readonly refreshDeal: () => void;
}

function Shown({ deal, money, alarm, refreshDeal }: ShownProps) {
  const [tab, setTab] = useState('live');
  const { dealId } = deal;
  const delivery = useMarketData((signal) => fetchDelivery(dealId, signal), {
    key: dealId,
    everyMs: EVERY_MS,
  });
  const nodes = useMarketData((signal) => fetchDealNodes(dealId, signal), {
    key: dealId,
    everyMs: NODES_EVERY_MS,
  });
  const { wallet } = useWallet();
  const { value: network } = useNetwork();
  const refresh = (): void => {
    refreshDeal();
    money.refresh();
    nodes.refresh();
  };
  return (
    <>
      <p class="row">
        <DealState state={deal.state} text={STATE_WORDS[deal.state]} />
        {deal.cid !== null && <Identifier value={deal.cid} what="CID" href={paths.content(deal.cid)} />}
        <a href={paths.deal(dealId)}>In the explorer</a>
      </p>
      <RunwayAlarm alarm={alarm} money={money.value} />
      {deal.cid !== null && deal.state === 'open' && (
        <SharePanel cid={deal.cid} nodes={nodes.value?.nodes ?? []} />
      )}
      <Tabs
        label="About this distribution"
        chosen={tab}
        onChoose={setTab}
        tabs={[
          {
            id: 'live',
            label: 'Live',
            panel: () => (
              <Loaded data={delivery} what="the deliveries">
                {(value) => <LiveTab delivery={value} />}
              </Loaded>
            ),
          },
          {
            id: 'delivery',
            label: 'Delivery',
            panel: () => (
              <Loaded data={delivery} what="the deliveries">
                {(value) => <DeliveryTab dealId={dealId} delivery={value} />}
              </Loaded>
            ),
          },
          {
            id: 'money',
            label: 'Money',
            panel: () => (
              <Loaded data={money} what="the money">
                {(value) => <MoneyTab dealId={dealId} money={value} />}
              </Loaded>
            ),
          },
          {
            id: 'nodes',
            label: 'Nodes',
            panel: () => (
              <Loaded data={nodes} what="the nodes">
                {(value) => <NodesTab nodes={value.nodes} />}
              </Loaded>
            ),
          },
          {
            id: 'settings',
            label: 'Settings',
            panel: () =>
              network === undefined ? (
                <Skeleton what="the network" />
              ) : (
                <SettingsTab {...{ network, wallet, deal, refresh }} money={money.value} />
              ),
          },
        ]}
      />
    </>
  );
}

const STATE_WORDS = {
  open: 'open',
  closing: 'closing: nothing more is sold',
  closed: 'closed',
} as const;

function alarmOf(deal: DealWithAllocations | undefined, money: DealMoney | undefined) {
  if (deal === undefined || money === undefined) return 'none';
  return runwayAlarm(deal.state, money.runwaySeconds, dealSums(money).heldForNodesWei);
}

function RunwayAlarm({ alarm, money }: { alarm: ShownProps['alarm']; money: DealMoney | undefined }) {
  if (alarm === 'none' || money === undefined) return null;
  if (alarm === 'empty') {
    return (
      <Notice
        tone="bad"
        title="The nodes have nothing left to earn, so they deliver no more."
        evidence="The distribution rests; it is not closed, and the nodes keep the content for now."
        remedy="Top it up in Settings: it goes on at once."
      />
    );
  }
  return (
    <Notice
      tone="warning"
      title={
        <>
          At the pace of the last hour the money lasts <Duration seconds={money.runwaySeconds ?? 0} />.
        </>
      }
      remedy={`Top it up in Settings within ${durationText(money.runwaySeconds ?? 0)}. Otherwise it rests until you do: nothing is closed or lost.`}
    />
  );
}
