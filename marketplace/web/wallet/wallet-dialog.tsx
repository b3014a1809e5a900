import { Dialog } from '../../../sdk/ui/dialog.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import type { AnnouncedWallet } from './announced-wallets.ts';
import { ConnectedAccount } from './connected-account.tsx';
import { discoveredWallets } from './discovery.ts';
import { connection, isChooserOpen, useWallet } from './use-wallet.ts';

/** Chooses a wallet, or shows the one that is used. One for all pages. */
export function WalletDialog() {
  const { state } = useWallet();
  const close = (): void => {
    isChooserOpen.value = false;
  };
  const isConnected = state.status === 'connected';
  return (
    <Dialog
      title={isConnected ? 'Your account' : 'Connect a wallet'}
      open={isChooserOpen.value}
      onClose={close}
    >
      {state.status === 'failed' && <FailureNotice failure={state.failure} />}
      {state.status === 'connected' ? <ConnectedAccount wallet={state.wallet} /> : <WalletChoice />}
    </Dialog>
  );
}

function WalletChoice() {
  const { canBurn, useBurner, state } = useWallet();
  const wallets = discoveredWallets().value;
  const isWaiting = state.status === 'connecting';
  return (
    <>
      {isWaiting && <p role="status">Confirm in {state.name} that this page may see your account.</p>}
      {wallets.length === 0 ? (
        <p class="soft">
          No wallet has announced itself in this browser. Install one that does (EIP-6963: nearly all do),
          then reload this page.
        </p>
      ) : (
        <ul class="wallet-list">
          {wallets.map((wallet) => (
            <WalletEntry key={wallet.rdns} wallet={wallet} isDisabled={isWaiting} />
          ))}
        </ul>
      )}
      {canBurn && (
        <section class="stack">
          <h3>Or try it without one</h3>
          <p class="soft">
            This is a development chain, so this page can make a burner account: a key kept by this browser,
            for tokens that are worth nothing.
          </p>
          <div>
            <button type="button" class="button" onClick={() => void useBurner()}>
              Use a burner account
            </button>
          </div>
        </section>
      )}
    </>
  );
}

function WalletEntry({
  wallet,
  isDisabled,
}: {
  readonly wallet: AnnouncedWallet;
  readonly isDisabled: boolean;
}) {
  return (
    <li>
      <button
        type="button"
        class="button wallet-entry"
        disabled={isDisabled}
        onClick={() => void connection.connect(wallet)}
      >
        {wallet.icon === undefined ? (
          <span class="wallet-icon" />
        ) : (
          <img class="wallet-icon" src={wallet.icon} alt="" />
        )}
        {wallet.name}
      </button>
    </li>
  );
}
