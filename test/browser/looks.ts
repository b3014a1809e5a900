import type { Page } from 'playwright-core';

import { accessibilityViolations } from './accessibility.ts';
import { screenshot } from './screenshots.ts';

/** What a page has to fit into without scrolling sideways (WCAG 2.2, success criterion 1.4.10). */
export const NARROWEST_PX = 320;

/** Each theme and each width once: two looks instead of four, for axe-core takes seconds. */
const LOOKS = [
  { suffix: '', width: 1_280, colorScheme: 'light' },
  { suffix: '-narrow', width: NARROWEST_PX, colorScheme: 'dark' },
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
    flaws.push(...(await overflowOf(page, name)));
    const violations = await accessibilityViolations(page);
    flaws.push(...violations.map((violation) => `${name}, ${colorScheme}, ${width} px: ${violation}`));
    await screenshot(page, `${name}${suffix}`);
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: 'light' });
  return flaws;
}

/** Whether the page is wider than its screen, and what sticks out. @returns one sentence, or none */
export async function overflowOf(page: Page, name: string): Promise<readonly string[]> {
  const { screenPx, overflowPx, widest } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const out = [...document.querySelectorAll('body *')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth,
    );
    const names = out.map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    return {
      screenPx: clientWidth,
      overflowPx: scrollWidth - clientWidth,
      widest: names.slice(-4).join(', '),
    };
  });
  if (overflowPx <= 0) return [];
  return [`${name}: ${overflowPx} px wider than a screen of ${screenPx} (${widest})`];
}
