import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { ClientError } from '../../sdk/client/client-error.ts';
import { fetchContent } from '../../sdk/client/fetch-content.ts';
import type { GivenAdmission } from '../../sdk/client/given-admission.ts';
import { parseAddress, parseDealId } from '../../sdk/protocol/identifiers.ts';
import { signAdmission } from '../../sdk/publish/audience.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { patternBytes } from '../node/adapters/content-fixture.ts';
import { accessibilityViolations } from './accessibility.ts';
import { openChromium } from './chromium.ts';
import { InjectedWallet } from './injected-wallet.ts';
import { PageLog } from './page-log.ts';
import { PublishingNetwork } from './publishing-network.ts';
import { cidOf, PublishingPage } from './publishing-page.ts';
import { screenshot } from './screenshots.ts';

const MIB = 1024 * 1024;
const GONE = 410;

describe('settings of a distribution, against real edges', function () {
  this.timeout(420_000);
  let network: PublishingNetwork;
  let browser: Browser;
  let page: Page;
  let wallet: InjectedWallet;
  let log: PageLog;
  let cid = '';
  let dealId = '';

  before(async () => {
    network = await PublishingNetwork.start();
    browser = await openChromium();
    wallet = new InjectedWallet(network.network.chain.url, network.network.publisherKey);
    const file = join(network.folder, 'film.bin');
    await writeFile(file, patternBytes(3 * MIB, 12));
    const publishing = new PublishingPage(await browser.newContext(), wallet, network.network.marketplaceUrl);
    page = await publishing.open();
    log = new PageLog(page);
    await wallet.connect(page);
    await page.getByLabel('Copies').fill('2');
    await publishing.review(page, file);
    await press('Sign and open');
    await publishing.isInPlace(page);
    cid = await cidOf(page);
    await page.getByRole('link', { name: 'Open the distribution' }).click();
    await page.getByRole('heading', { name: /^Distribution 0x/ }).waitFor();
    dealId = new URL(page.url()).pathname.split('/').at(-1) ?? '';
    await page.getByRole('tab', { name: 'Settings' }).click();
  });

  after(async () => {
    wallet?.close();
    await browser?.close();
    await network?.stop();
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const says = (text: string) => page.getByText(text).first().waitFor({ timeout: 60_000 });
  const rows = () => page.getByRole('table', { name: 'Nodes that are or were paid' }).getByRole('row');

  /** Fetches all of the content as a viewer of its own key. @returns the refusal of the marketplace, if there is one */
  const view = async (admission?: GivenAdmission, viewerKey = randomBytes(32)): Promise<string> => {
    let received = 0;
    const sink = { write: (part: Uint8Array) => void (received += part.length) };
    try {
      await fetchContent(
        { cid, marketplaceUrl: network.network.marketplaceUrl, viewerKey, sink },
        { ...(admission !== undefined && { admission }) },
      );
    } catch (error) {
      if (error instanceof ClientError) return String(error.values['refusal'] ?? error.code);
      throw error;
    }
    expect(received).to.equal(3 * MIB);
    return 'fetched';
  };

  it('lets one node go and adds another, which takes the content', async () => {
    await rows()
      .filter({ hasText: 'can be earned' })
      .first()
      .getByRole('button', { name: /^Let go of node/ })
      .click();
    await says('Let go: the chain has it.');
    await rows().filter({ hasText: 'thaws until' }).waitFor();
    await page.getByLabel('Node to add').locator('option').nth(1).waitFor({ state: 'attached' });
    const added = await page.getByLabel('Node to add').inputValue();
    await page.getByLabel('What it can earn at most, BCDN').fill('2.5');
    await screenshot(page, 'settings-nodes');
    await press('Add the node');
    await says('Add node: the chain has it.');
    await rows().filter({ hasText: '2.5' }).filter({ hasText: 'can be earned' }).waitFor({ timeout: 30_000 });
    await page.getByRole('tab', { name: 'Nodes' }).click();
    const row = page.getByRole('row').filter({ has: page.locator(`a[href$="${added}"]`) });
    await row.filter({ hasText: 'yes' }).waitFor({ timeout: 90_000 });
    await screenshot(page, 'settings-nodes-after');
    await page.getByRole('tab', { name: 'Settings' }).click();
    await page.getByRole('button', { name: /^Take back what node/, disabled: false }).click({
      timeout: 60_000,
    });
    await says('Take back: the chain has it.');
    expect(await view()).to.equal('fetched');
  });

  it('rests, and resumes by a button of its own', async () => {
    await press('Pause');
    await says('Pause: the chain has it.');
    await page.getByRole('button', { name: 'Resume', exact: true }).waitFor({ timeout: 30_000 });
    const before = await network.tokensOf(wallet.address);
    await press('Resume');
    await says('Resume: the chain has it.');
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor({ timeout: 30_000 });
    // What the node that was let go did not earn lay free, so nothing was asked of the account.
    expect(await network.tokensOf(wallet.address)).to.equal(before);
    expect(await view()).to.equal('fetched');
  });

  it('admits by a key, and is opened to everybody again', async () => {
    const doorKey = randomBytes(32);
    await page.getByLabel('Address of the audience key').fill(nativeSecp256k1.addressOf(doorKey));
    await press('Admit by this key');
    await says('Audience: from now on viewers need an admission by that key.');
    await page.getByText('by admission', { exact: true }).waitFor();
    expect(await accessibilityViolations(page)).to.deep.equal([]);
    await screenshot(page, 'settings-audience');
    expect(await view()).to.equal('VIEWER_NOT_ADMITTED');
    const viewerKey = randomBytes(32);
    const { chainId, market } = network.network.deployment;
    const admission = signAdmission(
      { domain: { chainId, verifyingContract: market }, privateKey: doorKey },
      {
        ...{ dealId: parseDealId(dealId), viewerKey: parseAddress(nativeSecp256k1.addressOf(viewerKey)) },
        expiresAt: Math.floor(Date.now() / 1_000) + 3_600,
      },
    );
    expect(await view(admission, viewerKey)).to.equal('fetched');
    await press('Open it to everybody');
    await says('Public: from now on everybody who asks is granted it.');
    expect(await view()).to.equal('fetched');
  });

  it('tags, purges, and takes down for good', async () => {
    await page.getByLabel('Tag', { exact: true }).fill('drafts');
    await press('Give the tag');
    await page.getByText(/^Done Tag: (\d) of \1 nodes/).waitFor({ timeout: 30_000 });
    await press('Purge all copies');
    await page.getByText(/^Done Purge: (\d) of \1 nodes/).waitFor({ timeout: 30_000 });
    const takeDown = page.getByRole('button', { name: 'Take it down for good' });
    expect(await takeDown.isDisabled()).to.equal(true);
    await page.getByLabel('I know that a takedown cannot be undone').check();
    await screenshot(page, 'settings-content');
    await takeDown.click();
    await page.getByText(/^Done Takedown: (\d) of \1 nodes/).waitFor({ timeout: 30_000 });
    const answers = await Promise.all(
      network.network.edges.map(async ({ httpUrl }) => (await fetch(`${httpUrl}/ipfs/${cid}`)).status),
    );
    expect(answers).to.include(GONE);
    expect(log.complaints).to.deep.equal([]);
  });
});
