import { signal, type ReadonlySignal } from '@preact/signals';

import { announcedWallet, withWallet, type AnnouncedWallet } from './announced-wallets.ts';

const found = signal<readonly AnnouncedWallet[]>([]);
let listening = false;

/** Wallets that announced themselves so far (EIP-6963); the first call asks for them. */
export function discoveredWallets(): ReadonlySignal<readonly AnnouncedWallet[]> {
  if (!listening) {
    listening = true;
    addEventListener('eip6963:announceProvider', (event) => {
      const wallet = announcedWallet(event instanceof CustomEvent ? event.detail : undefined);
      if (wallet !== undefined) found.value = withWallet(found.value, wallet);
    });
    dispatchEvent(new Event('eip6963:requestProvider'));
  }
  return found;
}
