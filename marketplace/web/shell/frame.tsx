import { useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { Mark } from '../../../sdk/ui/icons.tsx';
import { ThemeSwitch } from '../../../sdk/ui/theme-switch.tsx';
import { shownFailure } from '../market-data/use-market-data.ts';
import { useNetwork } from '../market-data/use-network.tsx';
import { ReplacedChain } from '../wallet/replaced-chain.tsx';
import { useRememberedWallet } from '../wallet/use-wallet.ts';
import { WalletDialog } from '../wallet/wallet-dialog.tsx';
import { WalletMenu } from '../wallet/wallet-menu.tsx';
import { PageFailure, pageChanged } from './page-failure.tsx';
import { paths } from './paths.ts';

const LINKS = [
  { href: paths.newDistribution, text: 'Publish' },
  { href: paths.distributions, text: 'Distributions' },
  { href: paths.operate, text: 'Operate' },
  { href: paths.explore, text: 'Explore' },
] as const;

/** What surrounds every page: where one is, where one can go, the wallet, how the marketplace is. */
export function Frame({ children }: { readonly children: ComponentChildren }) {
  useRememberedWallet();
  const main = useFocusOnNewPage();
  return (
    <>
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <Header />
      <main id="content" tabIndex={-1} ref={main}>
        <div class="frame-notices">
          <Reachability />
          <ReplacedChain />
          <PageFailure />
        </div>
        {children}
      </main>
      <Footer />
      <WalletDialog />
    </>
  );
}

function Header() {
  const { path } = useLocation();
  return (
    <header class="frame-header no-print">
      <div class="frame-bar">
        <a class="frame-brand" href={paths.landing} aria-label="bcdn, to the start">
          <Mark />
          <span>bcdn</span>
        </a>
        <nav class="frame-nav" aria-label="Main">
          {LINKS.map(({ href, text }) => (
            <a key={href} href={href} aria-current={isBelow(path, href) ? 'page' : undefined}>
              {text}
            </a>
          ))}
        </nav>
        <div class="frame-tools">
          <ThemeSwitch />
          <WalletMenu />
        </div>
      </div>
    </header>
  );
}

function Footer() {
  const { value: network } = useNetwork();
  return (
    <footer class="frame-footer">
      <p>
        {network === undefined
          ? 'bcdn'
          : `Chain ${network.chainId}${network.development === null ? '' : ', for development'}${
              network.indexedBlock === null ? '' : `, block ${network.indexedBlock}`
            }`}
      </p>
      <p>
        Every figure here is JSON as well:{' '}
        <a href="/v1/openapi.json" target="_blank" rel="noreferrer">
          its description
        </a>
      </p>
    </footer>
  );
}

/** Says once for all pages that the marketplace does not answer. */
function Reachability() {
  const { failure, refresh } = useNetwork();
  return failure === undefined ? null : <FailureNotice failure={shownFailure(failure)} retry={refresh} />;
}

/** After a change of page the reader stands at its content, not in the navigation of the page before. */
function useFocusOnNewPage() {
  const { path } = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    pageChanged();
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  return main;
}

const isBelow = (path: string, href: string): boolean => path === href || path.startsWith(`${href}/`);
