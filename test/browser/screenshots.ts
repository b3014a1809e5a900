import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

const FOLDER = join(import.meta.dirname, '../../dist/screenshots');

/** Writes what a screen looks like to `dist/screenshots/NAME.png`, which git ignores. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
}
