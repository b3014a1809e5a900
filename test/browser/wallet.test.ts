import { expect } from 'chai';

import { accessibilityViolations } from './accessibility.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { MarketVisit } from './market-visit.ts';
import { screenshot } from './screenshots.ts';

const OTHER_GENESIS = `0x${'ab'.repeat(32)}`;
/** An account of the chain that nobody else uses here. */
const PERSON = 12;

describe('wallet of the pages', () => {
  const visit = MarketVisit.aroundTests();

  it('connects one that announces itself, shows its account, and knows it again after a reload', async () => {
    const { page } = visit;
    const wallet = new InjectedWallet(
      visit.web.market.chain.url,
      visit.web.market.chain.privateKeys[PERSON] ?? '',
    );
    await wallet.injectInto(page);
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await wallet.connect(page);
    const menu = page.getByRole('button', { name: `Wallet: account ${wallet.address.toLowerCase()}` });
    await menu.waitFor();
    await page.reload();
    await menu.click();
    const dialog = page.getByRole('dialog', { name: 'Your account' });
    await dialog.getByText('ETH').waitFor();
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await screenshot(page, 'wallet-connected');
    await dialog.getByRole('button', { name: 'Disconnect' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByRole('button', { name: 'Connect wallet' }).waitFor();
    wallet.close();
  });

  it('makes a burner account, says what it is, and has the faucet fill it', async () => {
    const { page } = visit;
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByRole('button', { name: 'Connect wallet' }).click();
    await page.getByText('No wallet has announced itself', { exact: false }).waitFor();
    await screenshot(page, 'wallet-choice');
    await page.getByRole('button', { name: 'Use a burner account' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your account' });
    await dialog.getByText('0 BCDN', { exact: true }).waitFor();
    await dialog.getByRole('button', { name: 'Get ether and tokens from the faucet' }).click();
    await dialog.getByText('0 BCDN', { exact: true }).waitFor({ state: 'detached' });
    await dialog.getByRole('button', { name: 'Show the key' }).click();
    const key = await dialog.locator('.identifier-full code').last().textContent();
    expect(key).to.match(/^0x[0-9a-f]{64}$/);
    await screenshot(page, 'wallet-burner');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByRole('button', { name: /^Wallet: account 0x/ }).waitFor();
  });

  it('says that the wallet is on another chain, and has it change', async () => {
    const { page } = visit;
    await page.addInitScript(announceOnOtherChain, visit.web.edges[0]?.address ?? '');
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByRole('button', { name: 'Connect wallet' }).click();
    await page.getByRole('button', { name: 'Elsewhere' }).click();
    const dialog = page.getByRole('dialog', { name: 'Your account' });
    await dialog.getByText('The wallet is on chain 1; this marketplace is on chain 31337.').waitFor();
    await screenshot(page, 'wallet-wrong-chain');
    await dialog.getByRole('button', { name: 'Change to chain 31337' }).click();
    await dialog.getByText('The wallet is on chain 1', { exact: false }).waitFor({ state: 'detached' });
    const asked = await page.evaluate<string[]>('window.askedOfWallet');
    expect(asked).to.include.members(['wallet_switchEthereumChain', 'wallet_addEthereumChain']);
  });

  it('says what a person declined', async () => {
    const { page } = visit;
    await page.addInitScript(announceDeclining);
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByRole('button', { name: 'Connect wallet' }).click();
    await page.getByRole('button', { name: 'Declining' }).click();
    await page.getByRole('alert').getByText('WALLET_REJECTED').waitFor();
    await page.getByRole('alert').getByText('Nothing was signed or sent.', { exact: false }).waitFor();
  });

  it('notices a chain that was started anew, and forgets what was kept of the old one only when told to', async () => {
    const { page } = visit;
    await page.goto(`${visit.web.marketplace.url}/explore`);
    await page.getByText('block', { exact: false }).first().waitFor();
    await page.evaluate(
      `localStorage.setItem('bcdn-genesis:31337', '${OTHER_GENESIS}');
       localStorage.setItem('bcdn-of-chain:${OTHER_GENESIS}:draft', 'kept')`,
    );
    await page.reload();
    await page.getByText('Chain 31337 was started anew', { exact: false }).waitFor();
    await screenshot(page, 'chain-restarted');
    const draft = `localStorage.getItem('bcdn-of-chain:${OTHER_GENESIS}:draft')`;
    expect(await page.evaluate(draft)).to.equal('kept');
    await page.getByRole('button', { name: 'Forget drafts of the old chain' }).click();
    await page.getByText('Chain 31337 was started anew', { exact: false }).waitFor({ state: 'detached' });
    expect(await page.evaluate(draft)).to.equal(null);
  });
});

interface AskedWindow extends Window {
  askedOfWallet?: string[];
}

/** Runs in the page: a wallet that is on chain 1 and does not know ours until it is added. */
function announceOnOtherChain(address: string): void {
  let chainId = '0x1';
  const asked: string[] = [];
  (window as AskedWindow).askedOfWallet = asked;
  const provider = {
    request: async ({ method }: { method: string }): Promise<unknown> => {
      asked.push(method);
      if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [address];
      if (method === 'eth_chainId') return chainId;
      if (method === 'wallet_switchEthereumChain')
        throw Object.assign(new RangeError('Unknown chain.'), { code: 4902 });
      if (method === 'wallet_addEthereumChain') chainId = '0x7a69';
      return method === 'wallet_addEthereumChain' ? null : `0x${'0'.repeat(64)}`;
    },
  };
  const detail = Object.freeze({
    info: { uuid: '1', name: 'Elsewhere', rdns: 'org.example.elsewhere', icon: '' },
    provider,
  });
  const announce = (): boolean => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
  addEventListener('eip6963:requestProvider', announce);
}

/** Runs in the page: a wallet whose person declines everything. */
function announceDeclining(): void {
  const request = async (): Promise<never> => {
    throw Object.assign(new RangeError('User rejected the request.'), { code: 4001 });
  };
  const detail = {
    info: { uuid: '2', name: 'Declining', rdns: 'org.example.declining', icon: '' },
    provider: { request },
  };
  addEventListener('eip6963:requestProvider', () =>
    dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail })),
  );
}
