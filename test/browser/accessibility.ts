import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import type { Page } from 'playwright-core';

/** What axe-core says of a page, as far as it is needed here. */
interface AxeReport {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
  }[];
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Checks a page by axe-core, all its rules. @returns one line for each violation and where it is; none is fine */
export async function accessibilityViolations(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, so the page's own policy against scripts stays as it is.
  await page.evaluate(await axeSource);
  const report = await page.evaluate<AxeReport>('axe.run(document, { resultTypes: ["violations"] })');
  return report.violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id} (${impact}) ${target.join(' ')}: ${failureSummary ?? ''}`,
    ),
  );
}
