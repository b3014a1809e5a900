import { useState } from 'preact/hooks';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { amountText, shortageText } from '../../../sdk/ui/figures.ts';
import { Notice } from '../../../sdk/ui/notice.tsx';
import type { Network } from '../market-data/network.ts';
import { askFaucet } from '../wallet/development-chain.ts';
import { failureOf } from './failure.ts';
import type { ShownFailure } from './progress.ts';
import type { MarketTermsView } from './terms.ts';

interface ShortageProps {
  readonly network: Network;
  readonly address: string;
  readonly needWei: bigint;
  readonly terms: MarketTermsView | undefined;
  readonly refresh: () => void;
}

/** Says what the account lacks; on a development chain a button gives it. */
export function Shortage({ network, address, needWei, terms, refresh }: ShortageProps) {
  const [failure, setFailure] = useState<ShownFailure>();
  const [isAsking, setIsAsking] = useState(false);
  if (terms === undefined || (terms.tokensWei >= needWei && terms.etherWei > 0n)) return null;
  const ask = async (): Promise<void> => {
    setIsAsking(true);
    setFailure(undefined);
    try {
      await askFaucet(address);
    } catch (refused) {
      setFailure(failureOf(refused));
    }
    setIsAsking(false);
    refresh();
  };
  return (
    <Notice
      tone="warning"
      title={
        terms.tokensWei < needWei
          ? shortageText(amountText(needWei), amountText(terms.tokensWei))
          : 'You need ether for the fee of the transaction and have none.'
      }
      remedy={
        network.development?.faucet === true
          ? 'This is a development chain: its faucet gives both.'
          : 'Send what is missing to this account, or ask for fewer viewers or copies.'
      }
    >
      {network.development?.faucet === true && (
        <button type="button" class="button" disabled={isAsking} onClick={() => void ask()}>
          {isAsking ? 'Asking …' : 'Ask the faucet'}
        </button>
      )}
      {failure !== undefined && <FailureNotice failure={failure} />}
    </Notice>
  );
}
