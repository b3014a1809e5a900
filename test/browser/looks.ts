import type { Page } from 'playwright-core';

import { accessibilityViolations } from './accessibility.ts';
import { screenshot } from './screenshots.ts';

/** Each theme and each width once: two looks instead of four, for axe-core takes seconds. */
const LOOKS = [
  { suffix: '', width: 1_280, colorScheme: 'light' },
  { suffix: '-narrow', width: 360, colorScheme: 'dark' },
] as const;

/**
 * Looks at a page wide and narrow, light and dark, and writes a screenshot of each look.
 * @returns what axe-core finds and where the page scrolls sideways; none is fine
 */
export async function flawsOf(page: Page, name: string): Promise<readonly string[]> {
  const flaws: string[] = [];
  const before = page.viewportSize() ?? { width: 1_280, height: 900 };
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const { suffix, width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const overflowPx = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    if (overflowPx > 0) flaws.push(`${name}: ${overflowPx} px wider than a screen of ${width}`);
    const violations = await accessibilityViolations(page);
    flaws.push(...violations.map((violation) => `${name}, ${colorScheme}, ${width} px: ${violation}`));
    await screenshot(page, `${name}${suffix}`);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  return flaws;
}
