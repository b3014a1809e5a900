import type { Page } from 'playwright-core';

/** What a page complained of: console errors, uncaught failures, requests that broke. A test expects it to stay empty. */
export class PageLog {
  readonly complaints: string[] = [];

  constructor(page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`uncaught: ${error.message}`));
  }
}
