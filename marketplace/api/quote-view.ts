import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { PlanRequest } from '../quotes/constraints.ts';
import { expectedFetchSeconds, runwaySeconds, type MeasuredRate } from '../quotes/outlook.ts';
import type { Plan } from '../quotes/plan.ts';

const FETCH_FORMULA =
  'size / sum over the planned nodes of the median rate of their grants of the last day; the rate of a grant is its receipted bytes by the time from the grant to the receipt, at most one epoch, so fetches are faster than this';
const RUNWAY_FORMULA = 'deposit / (expected cost / days)';

interface Planned {
  readonly plan: Plan;
  readonly request: PlanRequest;
  readonly rates: ReadonlyMap<Address, MeasuredRate>;
}

/** A plan as the API shows it, with the figures that it was made from. */
export function quoteView(
  { plan, request, rates }: Planned,
  asked: { readonly serviceLevel: number; readonly days: number | undefined; readonly listed: number },
) {
  return {
    nodes: plan.nodes.map(({ node, ratePerGiB, amountWei }) => ({
      node: node.address,
      region: node.region,
      endpoints: node.endpoints,
      ratePerGiB: ratePerGiB.toString(),
      amountWei: amountWei.toString(),
    })),
    depositWei: plan.depositWei.toString(),
    expectedCostWei: plan.expectedCostWei.toString(),
    storedBytes: request.contentBytes * plan.nodes.length,
    serviceLevel: asked.serviceLevel,
    considered: plan.eligible + plan.excluded.length,
    eligible: plan.eligible,
    removed: plan.removed,
    excluded: plan.excluded.slice(0, asked.listed).map(({ node, constraint, need, have, unit }) => ({
      ...{ node: node.address, region: node.region, constraint, need, have, unit },
    })),
    missingReplicas: plan.missingReplicas,
    runwaySeconds: runwaySeconds(plan, asked.days) ?? null,
    expectedFetchSeconds: expectedFetchSeconds(request.contentBytes, plan, rates) ?? null,
    figures: figuresView({ plan, request, rates }),
  };
}

function figuresView({ plan, request, rates }: Planned) {
  return {
    fetchFormula: FETCH_FORMULA,
    runwayFormula: RUNWAY_FORMULA,
    peakBytesPerSecond: request.peakBytesPerSecond ?? null,
    samples: [...rates.values()].reduce((sum, { samples }) => sum + samples, 0),
    nodes: plan.nodes.map(({ node }) => {
      const rate = rates.get(node.address);
      return {
        node: node.address,
        askWeiPerGiB: node.askWeiPerGiB.toString(),
        loadBytesPerSecond: node.loadBytesPerSecond,
        uplinkBytesPerSecond: node.uplinkBytesPerSecond ?? null,
        freeDiskBytes: node.freeDiskBytes ?? null,
        deliveredBytesPerSecond: rate?.bytesPerSecond ?? null,
        samples: rate?.samples ?? 0,
      };
    }),
  };
}
