import { Identifier } from '../../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../../sdk/ui/notice.tsx';
import type { DealWithAllocations } from '../../market-data/deals.ts';
import type { Network } from '../../market-data/network.ts';
import { WalletGate } from '../../wallet/wallet-gate.tsx';
import type { Wallet } from '../../wallet/wallet.ts';
import type { DealMoney } from '../deal-figures.ts';
import { AudienceSetting } from './audience-setting.tsx';
import { ContentSetting } from './content-setting.tsx';
import type { DealAtHand } from './deal-actions.ts';
import { NodesSetting } from './nodes-setting.tsx';
import { RefundSetting } from './refund-setting.tsx';
import { RestSetting } from './rest-setting.tsx';
import { TopUpSetting } from './top-up-setting.tsx';
import { useDealAction } from './use-deal-action.ts';
import { useRefund } from './use-refund.ts';

interface SettingsTabProps {
  readonly network: Network;
  readonly wallet: Wallet | undefined;
  readonly deal: DealWithAllocations;
  readonly money: DealMoney | undefined;
  readonly refresh: () => void;
}

/** What its publisher can change: money, a rest, nodes, who may view, what is kept, an end, the refund. */
export function SettingsTab({ network, wallet, deal, money, refresh }: SettingsTabProps) {
  if (wallet !== undefined && wallet.address !== deal.publisher) {
    return (
      <Notice
        tone="info"
        title="Only the account that opened this distribution can change it."
        evidence={<Identifier value={deal.publisher} what="address of the publisher" />}
        remedy="Choose that account in your wallet."
      />
    );
  }
  return (
    <WalletGate purpose="to change this distribution">
      {(owner) => <Settings {...{ network, deal, money, refresh }} wallet={owner} />}
    </WalletGate>
  );
}

function Settings({ network, wallet, deal, money, refresh }: SettingsTabProps & { readonly wallet: Wallet }) {
  const atHand: DealAtHand = { wallet, network, dealId: deal.dealId, nodes: deal.allocations };
  const action = useDealAction(wallet, refresh);
  const refund = useRefund(atHand);
  const { freeWei } = deal;
  const thawedNodes = refund?.now.thawedNodes ?? [];
  return (
    <div class="stack">
      {deal.state === 'open' && (
        <>
          <TopUpSetting {...{ atHand, action, freeWei }} />
          <RestSetting {...{ atHand, action }} />
          <NodesSetting {...{ atHand, action, freeWei, thawedNodes }} allocations={deal.allocations} />
          <AudienceSetting {...{ atHand, action }} audienceKey={deal.audienceKey} />
        </>
      )}
      {deal.cid !== null && deal.state !== 'closed' && (
        <ContentSetting {...{ atHand, action }} cid={deal.cid} />
      )}
      <RefundSetting
        {...{ atHand, action, refund }}
        availableAt={money?.refund.availableAt ?? null}
        isOpen={deal.state === 'open'}
      />
    </div>
  );
}
