import type { ComponentChildren } from 'preact';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { useNetwork } from '../market-data/use-network.tsx';
import { useWallet } from './use-wallet.ts';
import type { Wallet } from './wallet.ts';

interface WalletGateProps {
  /** What the wallet is needed for, as the end of a sentence: `to see your distributions`. */
  readonly purpose: string;
  readonly children: (wallet: Wallet) => ComponentChildren;
}

/** Shows its content to a wallet that is connected and on the right chain; else says what is missing. */
export function WalletGate({ purpose, children }: WalletGateProps) {
  const { state, wallet, isOnWrongChain, choose, changeChain } = useWallet();
  const { value: network } = useNetwork();
  if (wallet !== undefined) return <>{children(wallet)}</>;
  if (isOnWrongChain) {
    return (
      <Notice
        tone="warning"
        title={`Your wallet is on another chain than this marketplace (chain ${network?.chainId ?? '?'}).`}
        remedy={`It must change to that chain ${purpose}.`}
      >
        <button type="button" class="button button-primary" onClick={() => void changeChain()}>
          Change the chain
        </button>
      </Notice>
    );
  }
  if (state.status === 'failed') {
    return (
      <FailureNotice failure={state.failure}>
        <button type="button" class="button" onClick={choose}>
          Choose a wallet
        </button>
      </FailureNotice>
    );
  }
  return (
    <Notice
      tone="info"
      title={`You need a wallet ${purpose}.`}
      remedy="Nothing is signed or sent by connecting one."
    >
      <button type="button" class="button button-primary" onClick={choose}>
        Connect wallet
      </button>
    </Notice>
  );
}
