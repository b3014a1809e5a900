import './new-distribution.css';

import { useEffect, useState } from 'preact/hooks';

import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import type { Network } from '../market-data/network.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import { Page } from '../shell/page.tsx';
import type { Wallet } from '../wallet/wallet.ts';
import { WalletGate } from '../wallet/wallet-gate.tsx';
import { keepWishes, keptDrafts, keptWishes } from './drafts.ts';
import type { Draft } from './draft.ts';
import { LiveQuotePanel } from './live-quote.tsx';
import { ProgressView } from './progress-view.tsx';
import { ReviewedOpening } from './reviewed-opening.tsx';
import { SourceStep } from './source-step.tsx';
import { Unfinished } from './unfinished.tsx';
import { useContent } from './use-content.ts';
import { useProgress, type DistributionRun } from './use-progress.ts';
import { useQuote } from './use-quote.ts';
import { AudienceStep, PlanStep } from './wish-steps.tsx';
import { parseWishes, readWishes, type Wishes } from './wishes.ts';

/** Names the distribution that a page goes on with after a reload. */
const RESUME = 'resume';

/** Publishing by wallet: what, for whom, how well; a price; one signature; the upload. */
export default function NewDistribution() {
  const { value: network } = useNetwork();
  return (
    <Page
      title="New distribution"
      lead="Choose what to deliver and to whom. You see the price before anything is signed, and pay only for what is delivered."
    >
      {network?.genesisHash == null ? (
        <Skeleton lines={8} what="the network" />
      ) : (
        <WalletGate purpose="to publish">
          {(wallet) => (
            // Another first block is another chain: nothing of what was under way on the one before goes on by itself.
            <Publishing key={`${network.genesisHash} ${wallet.address}`} network={network} wallet={wallet} />
          )}
        </WalletGate>
      )}
    </Page>
  );
}

interface PublishingProps {
  readonly network: Network;
  readonly wallet: Wallet;
}

function Publishing({ network, wallet }: PublishingProps) {
  const run = useProgress(network, wallet);
  const genesisHash = network.genesisHash ?? '';
  const go = (draft: Draft): void => {
    rememberInAddress(draft.dealId);
    run.resume(draft, genesisHash);
  };
  useEffect(() => {
    const wanted = new URLSearchParams(location.search).get(RESUME);
    const draft = keptDrafts().find(
      ({ dealId, publisher }) => dealId === wanted && publisher === wallet.address,
    );
    if (draft !== undefined) go(draft);
  }, []);
  const [, redraw] = useState(0);
  if (run.progress !== undefined) {
    const leave = (): void => {
      rememberInAddress(undefined);
      location.assign(location.pathname);
    };
    return <ProgressView run={run} leave={leave} />;
  }
  return (
    <>
      <Unfinished
        go={(draft) => {
          go(draft);
          redraw((count) => count + 1);
        }}
      />
      <DistributionForm network={network} wallet={wallet} run={run} />
    </>
  );
}

function DistributionForm({ network, wallet, run }: PublishingProps & { readonly run: DistributionRun }) {
  const [wishes, setWishes] = useState<Wishes>(() => parseWishes(keptWishes()));
  const [isReviewing, setIsReviewing] = useState(false);
  const reading = useContent();
  const { state } = reading;
  const content = state.at === 'ready' ? state.atHand.content : undefined;
  const read = content === undefined ? undefined : readWishes(wishes, content.bytes);
  const wish = read !== undefined && 'wish' in read ? read.wish : undefined;
  const live = useQuote(wish);
  const change = (changed: Partial<Wishes>): void => {
    const next = { ...wishes, ...changed };
    keepWishes(JSON.stringify(next));
    setWishes(next);
  };
  const check = read ?? readWishes(wishes, 1);
  const errors = 'errors' in check ? check.errors : {};
  const canReview = wish !== undefined && live.quote !== undefined && !live.isStale;
  const isShown = isReviewing && state.at === 'ready' && live.quote !== undefined && wish !== undefined;
  return (
    <div class="new-distribution">
      <form
        class="stack wishes"
        hidden={isShown}
        onSubmit={(event) => {
          event.preventDefault();
          if (canReview) setIsReviewing(true);
        }}
      >
        <SourceStep reading={reading} />
        <AudienceStep wishes={wishes} errors={errors} change={change} />
        <PlanStep wishes={wishes} errors={errors} change={change} />
        <div class="row">
          <button type="submit" class="button button-primary" disabled={!canReview}>
            Review
          </button>
          {state.at !== 'ready' && <span class="soft">Choose what to publish first.</span>}
        </div>
      </form>
      {isShown && state.at === 'ready' && live.quote !== undefined && wish !== undefined && (
        <ReviewedOpening
          {...{ network, wallet, run }}
          name={state.name}
          atHand={state.atHand}
          quote={live.quote}
          serviceLevel={wish.serviceLevel}
          onBack={() => setIsReviewing(false)}
          onBegun={(draft) => rememberInAddress(draft.dealId)}
        />
      )}
      <LiveQuotePanel live={wish === undefined ? undefined : live} />
    </div>
  );
}

/** A reload of this address goes on with the distribution. */
function rememberInAddress(dealId: string | undefined): void {
  history.replaceState(history.state, '', dealId === undefined ? location.pathname : `?${RESUME}=${dealId}`);
}
