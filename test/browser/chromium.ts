import { chromium, type Browser } from 'playwright-core';

/** Debian's browser; `.ci/run` installs it, and the stage is skipped with a reason where it is missing. */
export const CHROMIUM = '/usr/bin/chromium';

/** A headless browser that talks to nobody but the pages under test. */
export async function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
