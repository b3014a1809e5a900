import { expect } from 'chai';
import fc from 'fast-check';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { planDistribution, type PlannableNode, type PlanRequest } from '../../../marketplace/quotes/plan.ts';

const GIB = 2n ** 30n;

function node(number: number, wishes: Partial<PlannableNode> = {}): PlannableNode {
  return {
    address: parseAddress(`0x${number.toString(16).padStart(40, '0')}`),
    region: 'eu-west',
    endpoints: [],
    askWeiPerGiB: 100n,
    active: true,
    down: false,
    ...wishes,
  };
}

const request = (wishes: Partial<PlanRequest> = {}): PlanRequest => ({
  expectedDeliveryBytes: GIB,
  replicas: 3,
  regions: [],
  maxRatePerGiB: undefined,
  ...wishes,
});

const regionsOf = (nodes: readonly { node: PlannableNode }[]): string[] =>
  nodes.map((planned) => planned.node.region);

describe('distribution plan', () => {
  it('spreads over regions before it takes a second node of one', () => {
    const nodes = [
      node(1, { askWeiPerGiB: 1n }),
      node(2, { askWeiPerGiB: 2n }),
      node(3, { askWeiPerGiB: 90n, region: 'us-east' }),
      node(4, { askWeiPerGiB: 80n, region: 'ap-south' }),
    ];
    const plan = planDistribution(nodes, request({ replicas: 4 }));
    expect(regionsOf(plan.nodes)).to.deep.equal(['eu-west', 'ap-south', 'us-east', 'eu-west']);
    expect(plan.nodes.map(({ ratePerGiB }) => ratePerGiB)).to.deep.equal([1n, 80n, 90n, 2n]);
  });

  it('counts each removed node at the first constraint that it fails', () => {
    const nodes = [
      node(1, { active: false, down: true }),
      node(2, { down: true, askWeiPerGiB: 999n }),
      node(3, { region: 'us-east' }),
      node(4, { askWeiPerGiB: 201n }),
      node(5, { askWeiPerGiB: 200n }),
    ];
    const plan = planDistribution(nodes, request({ regions: ['eu-west'], maxRatePerGiB: 200n }));
    expect(plan.removed).to.deep.equal({ active: 1, healthy: 1, region: 1, price: 1 });
    expect(plan.eligible).to.equal(1);
    expect(plan.missingReplicas).to.equal(2);
  });

  it('gives one wei per GiB to a node that asks nothing, because the contract refuses zero', () => {
    const plan = planDistribution([node(1, { askWeiPerGiB: 0n })], request({ expectedDeliveryBytes: 0n }));
    expect(plan.nodes[0]?.ratePerGiB).to.equal(1n);
    expect(plan.nodes[0]?.amountWei).to.equal(1n);
  });

  it('plans nothing, at no cost, when no node is left', () => {
    const plan = planDistribution([], request());
    expect(plan).to.deep.include({ nodes: [], depositWei: 0n, expectedCostWei: 0n, missingReplicas: 3 });
  });

  it('escrows what it allocates, covers an even share of the delivery, and breaks no constraint', () => {
    const anyNode = fc.record({
      region: fc.constantFrom('eu-west', 'us-east', 'ap-south'),
      askWeiPerGiB: fc.bigInt(0n, 10n ** 24n),
      active: fc.boolean(),
      down: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(anyNode, { maxLength: 20 }),
        fc.integer({ min: 1, max: 12 }),
        fc.bigInt(0n, 2n ** 50n),
        fc.option(fc.bigInt(1n, 10n ** 24n), { nil: undefined }),
        (nodes, replicas, expectedDeliveryBytes, maxRatePerGiB) => {
          const wanted = request({
            replicas,
            expectedDeliveryBytes,
            maxRatePerGiB,
            regions: ['eu-west', 'us-east'],
          });
          const all = nodes.map((wishes, i) => node(i, wishes));
          const plan = planDistribution(all, wanted);
          const removed = Object.values(plan.removed).reduce((sum, count) => sum + count, 0);
          expect(removed + plan.eligible).to.equal(all.length);
          expect(plan.nodes).to.have.length(Math.min(replicas, plan.eligible));
          expect(new Set(plan.nodes.map((planned) => planned.node.address)).size).to.equal(plan.nodes.length);
          expect(plan.nodes.reduce((sum, { amountWei }) => sum + amountWei, 0n)).to.equal(plan.depositWei);
          for (const planned of plan.nodes) {
            const share = expectedDeliveryBytes / BigInt(plan.nodes.length);
            expect(
              planned.amountWei >= priceWei(share, planned.ratePerGiB) && planned.amountWei > 0n,
            ).to.equal(true);
            expect(planned.node.active && !planned.node.down && planned.node.region !== 'ap-south').to.equal(
              true,
            );
            expect(maxRatePerGiB === undefined || planned.ratePerGiB <= maxRatePerGiB).to.equal(true);
          }
          expect(plan.expectedCostWei <= plan.depositWei).to.equal(true);
        },
      ),
    );
  });
});
