import { expect } from 'chai';
import fc from 'fast-check';

import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../sdk/protocol/price.ts';
import { rateOf, type PlannableNode, type PlanRequest } from '../../../marketplace/quotes/constraints.ts';
import { planDistribution } from '../../../marketplace/quotes/plan.ts';

const GIB = 2n ** 30n;

function node(number: number, wishes: Partial<PlannableNode> = {}): PlannableNode {
  const address = parseAddress(`0x${number.toString(16).padStart(40, '0')}`);
  return {
    address,
    region: 'eu-west',
    endpoints: [],
    askWeiPerGiB: 100n,
    active: true,
    down: false,
    stakeWei: 1_000n,
    operator: address,
    freeDiskBytes: undefined,
    uplinkBytesPerSecond: undefined,
    loadBytesPerSecond: 0,
    ...wishes,
  };
}

const request = (wishes: Partial<PlanRequest> = {}): PlanRequest => ({
  contentBytes: 1_000,
  expectedDeliveryBytes: GIB,
  replicas: 3,
  regions: [],
  maxRatePerGiB: undefined,
  minStakeWei: 0n,
  peakBytesPerSecond: undefined,
  ...wishes,
});

const regionsOf = (nodes: readonly { node: PlannableNode }[]): string[] =>
  nodes.map((planned) => planned.node.region);

const REGIONS = ['eu-west', 'us-east', 'ap-south'];
const anyNodes = fc
  .array(
    fc.record({
      region: fc.constantFrom(...REGIONS),
      askWeiPerGiB: fc.oneof(fc.bigInt(0n, 5n), fc.bigInt(0n, 10n ** 24n)),
      active: fc.boolean(),
      down: fc.boolean(),
      stakeWei: fc.bigInt(0n, 20n),
      operator: fc.constantFrom('a', 'b', 'c'),
      freeDiskBytes: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
      uplinkBytesPerSecond: fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }),
      loadBytesPerSecond: fc.integer({ min: 0, max: 500 }),
    }),
    { maxLength: 20 },
  )
  .map((all) => all.map((wishes, i) => node(i, wishes)));
const anyRequest = fc
  .record({
    contentBytes: fc.integer({ min: 0, max: 2_000 }),
    replicas: fc.integer({ min: 1, max: 12 }),
    expectedDeliveryBytes: fc.bigInt(0n, 2n ** 50n),
    maxRatePerGiB: fc.option(fc.bigInt(1n, 10n ** 24n), { nil: undefined }),
    minStakeWei: fc.bigInt(0n, 20n),
    regions: fc.subarray(REGIONS),
    peakBytesPerSecond: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: undefined }),
  })
  .map((wishes) => request(wishes));

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

  it('spreads over operators before it takes a second node of one, inside a region', () => {
    const nodes = [
      node(1, { askWeiPerGiB: 1n, operator: 'one' }),
      node(2, { askWeiPerGiB: 2n, operator: 'one' }),
      node(3, { askWeiPerGiB: 3n, operator: 'other' }),
    ];
    const rates = (replicas: number): bigint[] =>
      planDistribution(nodes, request({ replicas })).nodes.map(({ ratePerGiB }) => ratePerGiB);
    expect(rates(2)).to.deep.equal([1n, 3n]);
    expect(rates(3)).to.deep.equal([1n, 3n, 2n]);
  });

  it('says of each removed node what the first constraint that it fails needs and what it has', () => {
    const nodes = [
      node(1, { active: false, down: true }),
      node(2, { down: true, askWeiPerGiB: 999n }),
      node(3, { region: 'us-east' }),
      node(4, { askWeiPerGiB: 201n }),
      node(5, { stakeWei: 9n }),
      node(6, { freeDiskBytes: 999 }),
      node(7, { uplinkBytesPerSecond: 120, loadBytesPerSecond: 21 }),
      node(8, {
        askWeiPerGiB: 200n,
        freeDiskBytes: 1_000,
        uplinkBytesPerSecond: 121,
        loadBytesPerSecond: 21,
      }),
    ];
    const plan = planDistribution(
      nodes,
      request({ regions: ['eu-west'], maxRatePerGiB: 200n, minStakeWei: 10n, peakBytesPerSecond: 300 }),
    );
    expect(plan.removed).to.deep.equal({ active: 1, healthy: 1, region: 1, price: 1, stake: 1, capacity: 2 });
    expect(plan.excluded.map(({ need, have, unit }) => [need, have, unit])).to.deep.equal([
      ['staked, on the ring, staying', 'inactive', 'state'],
      ['answers', 'did not answer', 'state'],
      ['eu-west', 'us-east', 'region'],
      ['200', '201', 'wei/GiB'],
      ['10', '9', 'wei'],
      ['1000', '999', 'bytes'],
      ['100', '99', 'bytes/s'],
    ]);
    expect(plan.eligible).to.equal(1);
    expect(plan.missingReplicas).to.equal(2);
  });

  it('removes no node for what is not known of it', () => {
    const plan = planDistribution([node(1)], request({ contentBytes: 2 ** 40, peakBytesPerSecond: 1e12 }));
    expect(plan.eligible).to.equal(1);
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
    fc.assert(
      fc.property(anyNodes, anyRequest, (nodes, wanted) => {
        const { regions, maxRatePerGiB, minStakeWei, contentBytes, expectedDeliveryBytes } = wanted;
        const plan = planDistribution(nodes, wanted);
        expect(plan.excluded.length + plan.eligible).to.equal(nodes.length);
        const removed = Object.values(plan.removed).reduce((sum, count) => sum + count, 0);
        expect(removed).to.equal(plan.excluded.length);
        expect(plan.nodes).to.have.length(Math.min(wanted.replicas, plan.eligible));
        expect(plan.missingReplicas).to.equal(wanted.replicas - plan.nodes.length);
        expect(new Set(plan.nodes.map((planned) => planned.node.address)).size).to.equal(plan.nodes.length);
        expect(plan.nodes.reduce((sum, { amountWei }) => sum + amountWei, 0n)).to.equal(plan.depositWei);
        for (const { node: chosen, ratePerGiB, amountWei } of plan.nodes) {
          const share = expectedDeliveryBytes / BigInt(plan.nodes.length);
          expect(amountWei > 0n && amountWei >= priceWei(share, ratePerGiB)).to.equal(true);
          expect(chosen.active && !chosen.down && chosen.stakeWei >= minStakeWei).to.equal(true);
          expect(regions.length === 0 || regions.includes(chosen.region)).to.equal(true);
          expect(maxRatePerGiB === undefined || ratePerGiB <= maxRatePerGiB).to.equal(true);
          expect((chosen.freeDiskBytes ?? contentBytes) >= contentBytes).to.equal(true);
        }
        expect(plan.expectedCostWei <= plan.depositWei).to.equal(true);
      }),
    );
  });

  it('takes the cheapest first inside the spread, whatever the order in which nodes come', () => {
    fc.assert(
      fc.property(anyNodes, anyRequest, (nodes, wanted) => {
        const plan = planDistribution(nodes, wanted);
        const chosen = new Set(plan.nodes.map((planned) => planned.node));
        const excluded = new Set(plan.excluded.map((one) => one.node));
        const left = nodes.filter((one) => !chosen.has(one) && !excluded.has(one));
        for (const one of left) {
          const alike = plan.nodes.filter(
            (planned) => planned.node.region === one.region && planned.node.operator === one.operator,
          );
          for (const { ratePerGiB } of alike) expect(ratePerGiB <= rateOf(one)).to.equal(true);
        }
        // No region has two more nodes than one that still had some to give.
        const count = (region: string): number =>
          regionsOf(plan.nodes).filter((name) => name === region).length;
        for (const { region } of left) {
          for (const other of REGIONS) expect(count(other)).to.be.at.most(count(region) + 1);
        }
        expect(planDistribution([...nodes].reverse(), wanted).nodes).to.deep.equal(plan.nodes);
      }),
    );
  });

  it('finds never fewer nodes for more money or in more regions', () => {
    fc.assert(
      fc.property(anyNodes, anyRequest, fc.bigInt(0n, 10n ** 24n), (nodes, wanted, moreWei) => {
        const found = (wishes: Partial<PlanRequest>): number =>
          planDistribution(nodes, { ...wanted, ...wishes }).nodes.length;
        const before = found({});
        const { maxRatePerGiB, regions } = wanted;
        expect(found({ maxRatePerGiB: maxRatePerGiB && maxRatePerGiB + moreWei })).to.be.at.least(before);
        expect(found({ maxRatePerGiB: undefined })).to.be.at.least(before);
        // No region named means everywhere.
        const more = regions.length === 0 ? [] : [...new Set([...regions, 'us-east'])];
        expect(found({ regions: more })).to.be.at.least(before);
      }),
    );
  });
});
