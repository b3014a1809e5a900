import { useState } from 'preact/hooks';

import { Notice } from '../../../sdk/ui/notice.tsx';
import { useNetwork } from '../market-data/use-network.tsx';
import { acceptChain, compareChain, knownGenesis } from './chain-memory.ts';

/** Says on every page that the chain is another one than before, and what that means for wallets and drafts. */
export function ReplacedChain() {
  const { value: network } = useNetwork();
  const [isDone, setDone] = useState(false);
  if (network?.genesisHash == null || isDone) return null;
  const chain = { chainId: network.chainId, genesisHash: network.genesisHash };
  if (compareChain(localStorage, chain) !== 'replaced') return null;
  const before = knownGenesis(localStorage, chain.chainId);
  const accept = (): void => {
    acceptChain(localStorage, chain);
    setDone(true);
  };
  const forget = async (): Promise<void> => {
    const { forgetChain } = await import('./forget-chain.ts');
    if (before !== undefined) await forgetChain(before);
    accept();
  };
  return (
    <Notice
      tone="warning"
      title={`Chain ${chain.chainId} was started anew: it is not the chain that you used here before.`}
      evidence={
        <>
          First block <code>{chain.genesisHash.slice(0, 18)}…</code>, before{' '}
          <code>{before?.slice(0, 18)}…</code>
        </>
      }
      remedy="Distributions of the old chain are gone with it. A wallet counts the transactions of an account and goes on where the old chain ended: if it hangs or says “nonce too high”, reset the account in its settings (MetaMask: Settings, Advanced, Clear activity tab data). Accounts and keys stay as they are."
    >
      <button type="button" class="button button-primary" onClick={() => void forget()}>
        Forget drafts of the old chain
      </button>
      <button type="button" class="button" onClick={accept}>
        Keep them and go on
      </button>
    </Notice>
  );
}
