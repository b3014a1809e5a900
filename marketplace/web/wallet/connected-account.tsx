import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { tokenText } from '../../../sdk/ui/figures.ts';
import { Address, Identifier } from '../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { marketFailure, shownFailure, useMarketData } from '../market-data/use-market-data.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import type { MarketDataError } from '../market-data/market-data-error.ts';
import { readTokens } from './account-balance.ts';
import { keptBurnerKey } from './burner-key.ts';
import { askFaucet } from './development-chain.ts';
import { useWallet } from './use-wallet.ts';
import type { Wallet } from './wallet.ts';

const BALANCE_EVERY_MS = 5_000;

/** The account in use: what it holds, and what can be done with it. */
export function ConnectedAccount({ wallet }: { readonly wallet: Wallet }) {
  const { isOnWrongChain, changeChain, disconnect } = useWallet();
  const { value: network } = useNetwork();
  return (
    <>
      <p>
        <Address value={wallet.address} full />
      </p>
      {isOnWrongChain && network !== undefined && (
        <Notice
          tone="warning"
          title={`The wallet is on chain ${wallet.chainId}; this marketplace is on chain ${network.chainId}.`}
          remedy="Nothing can be signed until it changes to the marketplace's chain."
        >
          <button type="button" class="button button-primary" onClick={() => void changeChain()}>
            Change to chain {network.chainId}
          </button>
        </Notice>
      )}
      {!isOnWrongChain && network !== undefined && (
        <Balances wallet={wallet} token={network.token} hasFaucet={network.development?.faucet === true} />
      )}
      {wallet.kind === 'burner' && <BurnerBackup />}
      <div class="row">
        <button type="button" class="button" onClick={disconnect}>
          Disconnect
        </button>
      </div>
    </>
  );
}

interface BalancesProps {
  readonly wallet: Wallet;
  readonly token: string;
  readonly hasFaucet: boolean;
}

function Balances({ wallet, token, hasFaucet }: BalancesProps) {
  const { value, failure, refresh } = useMarketData(
    async () => ({ etherWei: await wallet.etherWei(), tokensWei: await readTokens(wallet, token) }),
    { key: `${wallet.address}:${wallet.chainId}`, everyMs: BALANCE_EVERY_MS },
  );
  const [refused, setRefused] = useState<MarketDataError>();
  const [isAsking, setAsking] = useState(false);
  const ask = async (): Promise<void> => {
    setAsking(true);
    setRefused(undefined);
    try {
      await askFaucet(wallet.address);
      refresh();
    } catch (caught) {
      setRefused(marketFailure(caught));
    } finally {
      setAsking(false);
    }
  };
  return (
    <>
      {value === undefined ? (
        failure !== undefined && <FailureNotice failure={shownFailure(failure)} retry={refresh} />
      ) : (
        <dl class="facts">
          <div>
            <dt>Tokens</dt>
            <dd>
              <Amount wei={value.tokensWei} />
            </dd>
          </div>
          <div>
            <dt>Ether for gas</dt>
            <dd class="figure">{tokenText(value.etherWei)} ETH</dd>
          </div>
        </dl>
      )}
      {hasFaucet && (
        <div class="row">
          <button type="button" class="button" disabled={isAsking} onClick={() => void ask()}>
            {isAsking ? 'Waiting for the faucet …' : 'Get ether and tokens from the faucet'}
          </button>
        </div>
      )}
      {refused !== undefined && <FailureNotice failure={shownFailure(refused)} />}
    </>
  );
}

/** The key of a burner account, shown on demand: whoever clears this browser's data loses it otherwise. */
function BurnerBackup() {
  const key = keptBurnerKey();
  const [isShown, setShown] = useState(false);
  if (key === undefined) return null;
  return (
    <section class="stack">
      <h3>Burner account</h3>
      <p class="soft">
        Its key is kept by this browser without a password and signs without asking. Use it for this
        development chain only, and copy the key if you want the account again elsewhere.
      </p>
      {isShown ? (
        <p>
          <Identifier value={key} what="private key" full />
        </p>
      ) : (
        <div>
          <button type="button" class="button" onClick={() => setShown(true)}>
            Show the key
          </button>
        </div>
      )}
    </section>
  );
}
