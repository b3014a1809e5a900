import { expect } from 'chai';
import type { Page } from 'playwright-core';

import { NARROWEST_PX } from './looks.ts';
import { MarketVisit } from './market-visit.ts';
import { screenshot } from './screenshots.ts';

/** Script of the first page over the wire, compressed. */
const MAX_FIRST_SCRIPT_BYTES = 100 * 1_000;

describe('landing page', () => {
  const visit = MarketVisit.aroundTests();

  it('needs less than 100 kB of compressed script', async () => {
    const { page } = visit;
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Network.enable');
    const scripts = new Set<string>();
    let bytes = 0;
    devtools.on('Network.responseReceived', ({ requestId, type }) => {
      if (type === 'Script') scripts.add(requestId);
    });
    devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
      if (scripts.has(requestId)) bytes += encodedDataLength;
    });
    await page.goto(visit.web.marketplace.url);
    await page.getByText('registered edges can serve it').waitFor();
    // The whole first page, with the charts that it loads after it is usable.
    await page.locator('.uplot canvas').first().waitFor();
    const interactiveMs = await page.evaluate<number>(
      'Math.round(performance.getEntriesByType("navigation")[0].domInteractive)',
    );
    process.stdout.write(
      `      first page: ${bytes} bytes of script in ${scripts.size} files; interactive after ${interactiveMs} ms\n`,
    );
    expect(scripts.size).to.be.greaterThan(0);
    expect(bytes).to.be.greaterThan(1_000).and.lessThan(MAX_FIRST_SCRIPT_BYTES);
  });

  it('shows the network as it is', async () => {
    const { page } = visit;
    await page.goto(visit.web.marketplace.url);
    await page.getByText('4 of 4 nodes ready in 3 regions', { exact: false }).first().waitFor();
    expect(await page.locator('.map-node-ready').count()).to.equal(4);
    await page.getByText('The map as a table').click();
    await page.getByRole('table', { name: 'Nodes and delivery by region' }).waitFor();
    await page.locator('.uplot canvas').first().waitFor();
    await screenshot(page, 'landing-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await screenshot(page, 'landing-dark');
    await page.setViewportSize({ width: NARROWEST_PX, height: 780 });
    await screenshot(page, 'landing-narrow');
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).to.be.at.most(0);
  });

  it('quotes what the marketplace quotes, and says which constraint removes which nodes', async () => {
    const { page } = visit;
    await page.goto(visit.web.marketplace.url);
    await page.getByLabel('Size of the content').fill('100');
    await page.getByLabel('Price cap per GiB').fill('0.025');
    await page.getByText('2 of 4 registered edges can serve it').waitFor();
    await page.getByText('You need 3 nodes and the network has 2 for this.').waitFor();
    await page.getByText('Why 2 nodes cannot').click();
    await page.getByText('needs 0.025 BCDN per GiB', { exact: false }).first().waitFor();
    await page.getByLabel('Price cap per GiB').fill('much');
    const described = await page.getByLabel('Price cap per GiB').getAttribute('aria-describedby');
    expect(await page.locator(`[id="${described ?? ''}"]`).textContent()).to.match(/^Enter an amount/);
    await page.getByLabel('Price cap per GiB').fill('');
    await page.getByText('4 of 4 registered edges can serve it').waitFor();
  });

  it('can be walked by keyboard', async () => {
    const { page } = visit;
    await page.goto(visit.web.marketplace.url);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focusedText(page)).to.equal('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focusedText(page)).to.equal('Publish something');
    await page.getByRole('link', { name: 'Explore', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Explore' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).to.equal('content');
  });

  it('keeps the colours that were chosen', async () => {
    const { page } = visit;
    await page.goto(visit.web.marketplace.url);
    await page.getByRole('button', { name: /^Colours/ }).click();
    expect(await page.evaluate('document.documentElement.dataset.theme')).to.equal('light');
    await page.getByRole('button', { name: /^Colours/ }).click();
    await page.reload();
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await page.evaluate('document.documentElement.dataset.theme')).to.equal('dark');
  });
});

function focusedText(page: Page): Promise<string> {
  return page.evaluate<string>('document.activeElement.textContent.trim()');
}
