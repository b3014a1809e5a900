import { bytesText } from '../../client/progress-line.ts';
import type { Quote } from '../../client/marketplace-answers.ts';
import { removedText } from '../../publish/node-shortage.ts';
import { formatTokens } from '../amounts.ts';

const SECONDS_PER_DAY = 86_400;

/** The nodes of a quote as a table. */
export function nodeLines({ nodes }: Quote): readonly string[] {
  return nodes.map(
    ({ node, region, ratePerGiB, amountWei }) =>
      `  ${node}  ${region.padEnd(8)}  ${formatTokens(ratePerGiB)}/GiB  allocates ${formatTokens(amountWei)}`,
  );
}

/** What a quote costs and lasts, what it was made from, and which constraint removed how many. */
export function costLines(quote: Quote): readonly string[] {
  const { nodes, expectedCostWei, runwaySeconds, expectedFetchSeconds, considered, removed } = quote;
  const lines = [`Deposit    ${formatTokens(quote.depositWei)}; what is not earned returns`];
  if (expectedCostWei !== undefined) lines.push(`Cost       ${formatTokens(expectedCostWei)} expected`);
  if (typeof runwaySeconds === 'number') {
    lines.push(`Runway     ${(runwaySeconds / SECONDS_PER_DAY).toFixed(1)} days at the expected delivery`);
  }
  if (typeof expectedFetchSeconds === 'number') {
    lines.push(`Fetch      ${expectedFetchSeconds.toFixed(1)} s for one viewer, by measured rates`);
  }
  const regions = new Set(nodes.map(({ region }) => region)).size;
  const of = considered === undefined ? '' : ` of ${considered} registered`;
  lines.push(`Nodes      ${nodes.length}${of}, in ${regions} region(s)`);
  if (quote.missingReplicas > 0) lines.push(`Missing    ${quote.missingReplicas} more were asked for`);
  const leftOut = removedText(removed);
  if (leftOut !== '') lines.push(`Left out   ${leftOut}`);
  return lines;
}

/** Of nodes that were left out: what they would need, and what they have. */
export function excludedLines({ excluded }: Quote): readonly string[] {
  return excluded.map(({ node, region, constraint, need, have, unit }) => {
    const detail = need === '' ? '' : `: needs ${quantity(need, unit)}, has ${quantity(have, unit)}`;
    return `  ${node}  ${region.padEnd(8)}  ${constraint}${detail}`;
  });
}

function quantity(text: string, unit: string): string {
  if (!/^\d{1,39}$/.test(text)) return text;
  if (unit === 'wei' || unit === 'wei/GiB') return formatTokens(BigInt(text)) + unit.slice('wei'.length);
  if (unit === 'bytes' || unit === 'bytes/s') return bytesText(Number(text)) + unit.slice('bytes'.length);
  return unit === '' || unit === 'state' || unit === 'region' ? text : `${text} ${unit}`;
}

/** A quote in a JSON document. */
export function quoteFields(quote: Quote): Record<string, unknown> {
  return {
    nodes: quote.nodes,
    depositWei: quote.depositWei,
    expectedCostWei: quote.expectedCostWei,
    runwaySeconds: quote.runwaySeconds,
    expectedFetchSeconds: quote.expectedFetchSeconds,
    considered: quote.considered,
    eligible: quote.eligible,
    removed: quote.removed,
    excluded: quote.excluded,
    missingReplicas: quote.missingReplicas,
  };
}
