import type { BrowserContext, Page } from 'playwright-core';

import type { InjectedWallet } from './injected-wallet.ts';

const OPEN_AND_UPLOADED_MS = 120_000;

/** "New distribution" as a publisher meets it, in one browser that outlives its pages. */
export class PublishingPage {
  readonly #context: BrowserContext;
  readonly #wallet: InjectedWallet;
  readonly #marketplaceUrl: string;

  constructor(context: BrowserContext, wallet: InjectedWallet, marketplaceUrl: string) {
    this.#context = context;
    this.#wallet = wallet;
    this.#marketplaceUrl = marketplaceUrl;
  }

  async open(path = '/new'): Promise<Page> {
    const page = await this.#context.newPage();
    await this.#wallet.injectInto(page);
    await page.goto(new URL(path, this.#marketplaceUrl).href);
    return page;
  }

  /** From a file to the words that are agreed to. */
  async review(page: Page, file: string): Promise<void> {
    await page.locator('input[data-choice=file]').setInputFiles(file);
    await page.getByText('meet your wishes').waitFor();
    await page.getByRole('button', { name: 'Review' }).click();
    await page.getByRole('button', { name: /^(Sign and open|Open)$/ }).waitFor();
  }

  async isInPlace(page: Page): Promise<void> {
    await page
      .getByText('every node of the plan has the whole content')
      .waitFor({ timeout: OPEN_AND_UPLOADED_MS });
  }
}

/** The deposit of the distribution on screen, wei. */
export async function depositOf(page: Page): Promise<bigint> {
  return BigInt((await page.locator('.progress-view data').first().getAttribute('value')) ?? '-1');
}

/** The CID of the distribution that is in place. */
export async function cidOf(page: Page): Promise<string> {
  const link = await page.getByRole('link', { name: 'Watch it' }).getAttribute('href');
  return link?.split('/').at(-1) ?? '';
}
