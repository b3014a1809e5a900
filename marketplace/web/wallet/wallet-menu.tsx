import { shortIdentifier } from '../../../sdk/ui/figures.ts';
import { useWallet } from './use-wallet.ts';

/** The wallet in the frame of every page: connects, or shows which account is used. */
export function WalletMenu() {
  const { state, isOnWrongChain, choose } = useWallet();
  if (state.status === 'connected') {
    const { wallet } = state;
    return (
      <button
        type="button"
        class={isOnWrongChain ? 'button button-danger' : 'button'}
        onClick={choose}
        title={wallet.address}
      >
        {/* Before what is seen, so that the name contains that as well: who speaks to a browser says what it shows. */}
        <span class="visually-hidden">
          Wallet: account {wallet.address}
          {isOnWrongChain && ', on another chain'}
        </span>
        <span class="wallet-kind">{wallet.kind === 'burner' ? 'Burner' : state.name}</span>
        <code>{isOnWrongChain ? 'wrong chain' : shortIdentifier(wallet.address)}</code>
      </button>
    );
  }
  return (
    <button type="button" class="button" onClick={choose} aria-busy={state.status === 'connecting'}>
      {state.status === 'connecting' ? `Waiting for ${state.name} …` : 'Connect wallet'}
    </button>
  );
}
