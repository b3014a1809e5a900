import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Field } from '../../../sdk/ui/field.tsx';
import { parseTokens } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Progress } from '../../../sdk/ui/progress.tsx';
import type { DealWithAllocations } from '../market-data/deals.ts';
import type { Network } from '../market-data/network.ts';
import { useMarketData } from '../market-data/use-market-data.ts';
import { failureOf } from '../new-distribution/failure.ts';
import { useTerms } from '../new-distribution/use-terms.ts';
import { paths } from '../shell/paths.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { WalletGate } from '../wallet/wallet-gate.tsx';
import type { DealAtHand } from './deal-actions.ts';
import type { DealMoney } from './deal-figures.ts';
import { useDealAction, type DealAction } from './use-deal-action.ts';

interface SettingsTabProps {
  readonly network: Network;
  readonly wallet: Wallet | undefined;
  readonly deal: DealWithAllocations;
  readonly money: DealMoney | undefined;
  readonly refresh: () => void;
}

const REFUND_EVERY_MS = 3_000;

/** What its publisher can change: more money, a rest, an end, the refund. */
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
  const isOpen = deal.state === 'open';
  return (
    <div class="stack">
      <ActionState action={action} />
      {isOpen && <TopUp atHand={atHand} action={action} freeWei={deal.freeWei} />}
      {isOpen && <Rest atHand={atHand} action={action} network={network} wallet={wallet} />}
      <Refund
        atHand={atHand}
        action={action}
        availableAt={money?.refund.availableAt ?? null}
        isOpen={isOpen}
      />
    </div>
  );
}

interface PartProps {
  readonly atHand: DealAtHand;
  readonly action: DealAction;
}

function TopUp({ atHand, action, freeWei }: PartProps & { readonly freeWei: bigint }) {
  const [text, setText] = useState('10');
  const amountWei = parseTokens(text);
  const isGood = amountWei !== undefined && amountWei > 0n;
  return (
    <section class="panel" aria-labelledby="top-up-title">
      <h3 id="top-up-title">Top up</h3>
      <p>
        The amount is given to the {atHand.nodes.length} nodes in equal shares, in one transaction. A
        distribution that rests goes on with it.
      </p>
      <Field label="Amount, BCDN" error={isGood ? undefined : 'Enter an amount above 0, for example 10.'}>
        {(control) => (
          <input
            {...control}
            inputMode="decimal"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="row">
        <button
          type="button"
          class="button button-primary"
          disabled={!isGood || action.isBusy}
          onClick={() => action.run('Top up', async ({ topUp }) => topUp(atHand, amountWei ?? 0n))}
        >
          Top up
        </button>
        {freeWei > 0n && (
          <button
            type="button"
            class="button"
            disabled={action.isBusy}
            onClick={() => action.run('Resume', async ({ giveFree }) => giveFree(atHand, freeWei))}
          >
            Give the free <Amount wei={freeWei} /> to the nodes
          </button>
        )}
      </div>
    </section>
  );
}

function Rest({ atHand, action, network, wallet }: PartProps & { network: Network; wallet: Wallet }) {
  const terms = useTerms(network, wallet);
  const active = atHand.nodes.filter(({ state }) => state === 'active').length;
  const thaw = terms.value?.thawSeconds;
  return (
    <section class="panel" aria-labelledby="pause-title">
      <h3 id="pause-title">Pause</h3>
      <p>
        {active === 0
          ? 'It rests: viewers are granted nothing. Topping it up resumes it.'
          : `Viewers are granted nothing more; nodes are paid what they have delivered. ${
              thaw === undefined ? 'After the thaw' : `${thaw} s later`
            } their rest can be given to them again or taken back.`}{' '}
        A distribution that runs out of money rests by itself and is not closed.
      </p>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={active === 0 || action.isBusy}
          onClick={() => action.run('Pause', async ({ pause }) => pause(atHand))}
        >
          Pause
        </button>
      </div>
    </section>
  );
}

interface RefundProps extends PartProps {
  readonly availableAt: number | null;
  readonly isOpen: boolean;
}

function Refund({ atHand, action, availableAt, isOpen }: RefundProps) {
  const { value: refund } = useMarketData(
    async () => {
      const { refundNow, refundWei } = await import('./deal-actions.ts');
      const now = await refundNow(atHand);
      return { now, wei: refundWei(now) };
    },
    { key: `${atHand.dealId} ${atHand.nodes.length}`, everyMs: REFUND_EVERY_MS },
  );
  return (
    <section class="panel" aria-labelledby="refund-title">
      <h3 id="refund-title">{isOpen ? 'Close and take back' : 'Take back'}</h3>
      {isOpen && (
        <p>
          Closing sells nothing more. Nodes have until the end of the thaw to claim what they delivered; then
          the rest is yours.
        </p>
      )}
      {refund !== undefined && (
        <dl class="facts exact-facts">
          <div>
            <dt>Yours now, read from the chain</dt>
            <dd>
              <Amount wei={refund.wei} exact />
            </dd>
          </div>
          <div>
            <dt>Held for nodes until the thaw ends</dt>
            <dd>
              <Amount wei={refund.now.heldWei} exact />
            </dd>
          </div>
          {availableAt !== null && (
            <div>
              <dt>All of it has thawed</dt>
              <dd>
                <Instant at={availableAt} />
              </dd>
            </div>
          )}
        </dl>
      )}
      <div class="row">
        {isOpen && (
          <button
            type="button"
            class="button button-danger"
            disabled={action.isBusy}
            onClick={() => action.run('Close', async ({ close }) => close(atHand))}
          >
            Close the distribution
          </button>
        )}
        <button
          type="button"
          class="button button-primary"
          disabled={action.isBusy || refund === undefined || refund.wei === 0n}
          onClick={() => action.run('Refund', async ({ takeRefund }) => takeRefund(atHand))}
        >
          Take back what is yours
        </button>
      </div>
    </section>
  );
}

/** What became of the last thing that was asked for. */
function ActionState({ action }: { readonly action: DealAction }) {
  const { state } = action;
  if (state.at === 'idle') return null;
  if (state.at === 'failed') return <FailureNotice failure={failureOf(state.failure)} />;
  if (state.at === 'done') {
    return (
      <Notice
        tone="good"
        title={`${state.name}: the chain has it.`}
        evidence={<Identifier value={state.hash} href={paths.transaction(state.hash)} what="transaction" />}
      />
    );
  }
  return (
    <Progress
      label={
        state.at === 'asking'
          ? `${state.name}: confirm it in your wallet`
          : `${state.name}: sent, waiting for the chain`
      }
    />
  );
}
