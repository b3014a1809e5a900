import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';

import { openChromium } from './chromium.ts';
import { PageLog } from './page-log.ts';
import { WebMarket } from './web-market.ts';

/**
 * A market and a browser for the tests of one `describe`, and an empty page for each of them, of which a test expects
 * that it complains of nothing.
 */
export class MarketVisit {
  readonly #opened: { web?: WebMarket; browser?: Browser; page?: Page; log?: PageLog } = {};

  /** Opens and closes everything around the tests of the `describe` that calls it. */
  static aroundTests(): MarketVisit {
    const visit = new MarketVisit();
    before(() => visit.#open());
    after(() => visit.#close());
    beforeEach(() => visit.#openPage());
    afterEach(() => visit.#closePage());
    return visit;
  }

  get web(): WebMarket {
    return opened(this.#opened.web);
  }

  get page(): Page {
    return opened(this.#opened.page);
  }

  get log(): PageLog {
    return opened(this.#opened.log);
  }

  async #open(): Promise<void> {
    this.#opened.web = await WebMarket.open();
    this.#opened.browser = await openChromium();
  }

  async #close(): Promise<void> {
    await this.#opened.browser?.close();
    await this.#opened.web?.close();
  }

  async #openPage(): Promise<void> {
    const page = await opened(this.#opened.browser).newPage({ viewport: { width: 1_280, height: 900 } });
    this.#opened.page = page;
    this.#opened.log = new PageLog(page);
  }

  async #closePage(): Promise<void> {
    expect(this.log.complaints).to.deep.equal([]);
    await this.page.close();
  }
}

function opened<T>(part: T | undefined): T {
  if (part === undefined) throw new RangeError('Nothing is open outside of tests.');
  return part;
}
