import { useState } from 'preact/hooks';

import type { Network } from '../market-data/network.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { Draft } from './draft.ts';
import { failureOf } from './failure.ts';
import { makeDraft } from './make-draft.ts';
import type { ContentAtHand } from './placing.ts';
import { fetchCoordinatorKeys, type Quote } from './quote.ts';
import { Review } from './review.tsx';
import { Shortage } from './shortage.tsx';
import type { ShownFailure } from './progress.ts';
import type { DistributionRun } from './use-progress.ts';
import { useTerms } from './use-terms.ts';

interface ReviewedOpeningProps {
  readonly network: Network;
  readonly wallet: Wallet;
  readonly run: DistributionRun;
  readonly name: string;
  readonly atHand: ContentAtHand;
  readonly quote: Quote;
  readonly serviceLevel: number;
  readonly onBack: () => void;
  readonly onBegun: (draft: Draft) => void;
}

/** The review, what the account lacks for it, and the step from words to a draft. */
export function ReviewedOpening(props: ReviewedOpeningProps) {
  const { network, wallet, run, name, atHand, quote, onBack } = props;
  const terms = useTerms(network, wallet);
  const [isBusy, setIsBusy] = useState(false);
  const [failure, setFailure] = useState<ShownFailure>();
  const agree = async (): Promise<void> => {
    const { genesisHash } = network;
    if (genesisHash === null) return;
    setIsBusy(true);
    setFailure(undefined);
    try {
      const keys = await fetchCoordinatorKeys(wallet.address);
      const plan = {
        ...{ network: { ...network, genesisHash }, publisher: wallet.address, name, quote, keys },
        ...{ content: atHand.content, origin: atHand.origin, serviceLevel: props.serviceLevel },
      };
      const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
      const draft = makeDraft(plan, random, Math.floor(Date.now() / 1_000));
      props.onBegun(draft);
      run.begin(draft, atHand);
    } catch (refused) {
      setFailure(failureOf(refused));
      setIsBusy(false);
    }
  };
  const needsPermit = (terms.value?.allowanceWei ?? 0n) < quote.depositWei;
  const known = terms.value;
  const isShort = known !== undefined && (known.tokensWei < quote.depositWei || known.etherWei === 0n);
  return (
    <div class="stack">
      <Shortage
        network={network}
        address={wallet.address}
        needWei={quote.depositWei}
        terms={known}
        refresh={terms.refresh}
      />
      <Review
        {...{ name, quote, needsPermit, failure, onBack }}
        content={atHand.content}
        originUrl={atHand.origin?.url}
        terms={known}
        isBusy={isBusy}
        isBlocked={isShort || network.genesisHash === null}
        onAgree={() => void agree()}
      />
    </div>
  );
}
