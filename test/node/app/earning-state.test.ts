import { expect } from 'chai';
import fc from 'fast-check';
import { earningOf, type EarningFacts } from '../../../node/app/earning-state.ts';
import type { NodeRecord } from '../../../sdk/chain/nodes.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../sdk/protocol/identifiers.ts';

const NODE = parseAddress(`0x${'11'.repeat(20)}`);
const ROOT = parseContentRoot(`0x${'22'.repeat(32)}`);

const record: NodeRecord = {
  ...{ operator: NODE, role: 'edge', active: true, region: 'eu-west', nid: undefined, endpoints: [] },
  ...{ libp2pPublicKey: `0x${'33'.repeat(32)}`, askWeiPerGiB: 1n, stakeWei: 5n, unbondingWei: 0n },
  ...{ unbondingEndsAt: 0, positionBlock: 1 },
};

function dealWith(balanceWei: bigint): EarningFacts['deals'][number] {
  const dealId = parseDealId(`0x${'44'.repeat(32)}`);
  return {
    deal: {
      ...{ dealId, publisher: NODE, contentRoot: ROOT, contentCodec: 0x55, state: 'open', grantKey: NODE },
    },
    allocation: {
      ...{ state: 'active', balanceWei, ratePerGiB: 1n, throughEpoch: parseEpoch(0), paidWei: 0n },
    },
  };
}

const earning: EarningFacts = {
  ...{ node: NODE, role: 'edge', state: 'serving', trouble: undefined, drains: false, capReached: undefined },
  ...{
    registered: record,
    deals: [dealWith(1n)],
    isComplete: () => true,
    problem: undefined,
    offered: undefined,
  },
};

describe('whether a node is earning', () => {
  it('is yes for an edge with paid content, and for a peer whose content somebody pays for', () => {
    const yes = { yes: true, because: null, run: null };
    expect(earningOf(earning)).to.deep.equal(yes);
    expect(earningOf({ ...earning, role: 'peer', offered: { held: 2, paid: 1 } })).to.deep.equal(yes);
  });

  it('says why not, and what to run', () => {
    const trouble = {
      ...{ code: 'GAS_UNFUNDED', message: 'The account has no coin.', values: {} },
      remedy: 'Send some coin.',
    };
    const cases: readonly (readonly [Partial<EarningFacts>, string, string])[] = [
      [{ trouble }, 'The account has no coin. Send some coin', 'run bcdn-node doctor'],
      [{ state: 'starting' }, 'the node is starting', 'run bcdn-node status --watch'],
      [{ state: 'draining' }, 'the node is stopping', 'run bcdn-node start'],
      [{ drains: true }, 'its operator drains it', 'run bcdn-node drain --cancel'],
      [{ capReached: 'the cap is used up' }, 'the cap is used up', 'run bcdn-node start --monthly-cap SIZE'],
      [{ registered: undefined }, 'it is not registered any more', 'run bcdn-node start'],
      [
        { registered: { ...record, active: false } },
        'its stake is below the minimum of the registry',
        'run bcdn-node stake',
      ],
      [
        { registered: { ...record, active: false, unbondingWei: 5n, unbondingEndsAt: 1_800_000_000 } },
        'all its stake is being unbonded until 2027-01-15T08:00:00.000Z',
        'run bcdn-node unstake --withdraw after that',
      ],
      [{ deals: [] }, 'no publisher has allocated tokens to this node yet', 'run bcdn-node price'],
      [
        { deals: [dealWith(0n)] },
        'the escrow of every deal is used up',
        'run bcdn-node earnings --by publisher',
      ],
      [
        { isComplete: () => false },
        'the content of its deals is still being filled',
        'run bcdn-node status --watch',
      ],
      [{ isComplete: () => false, problem: 'Nobody has it.' }, 'Nobody has it', 'run bcdn-node doctor'],
      [
        { role: 'peer', registered: undefined },
        `it is not registered, for want of gas: ${NODE} needs some of the chain's coin`,
        'run bcdn-node doctor',
      ],
      [{ role: 'peer' }, 'it holds no content whole yet', 'run bcdn-node status --watch'],
      [
        { role: 'peer', offered: { held: 1, paid: 0 } },
        'no publisher of what it holds pays peers',
        'run bcdn-node earnings',
      ],
    ];
    for (const [change, because, run] of cases) {
      expect(earningOf({ ...earning, ...change })).to.deep.equal({ yes: false, because, run });
    }
  });

  it('never says no without a reason and a command', () => {
    const facts = fc.record({
      role: fc.constantFrom('edge' as const, 'peer' as const),
      state: fc.constantFrom(...(['starting', 'serving', 'draining'] as const)),
      drains: fc.boolean(),
      registered: fc.constantFrom(undefined, record, { ...record, active: false }),
      deals: fc.constantFrom([], [dealWith(0n)], [dealWith(1n)]),
      isComplete: fc.constantFrom(
        () => true,
        () => false,
      ),
      offered: fc.constantFrom(undefined, { held: 1, paid: 0 }, { held: 1, paid: 1 }),
    });
    fc.assert(
      fc.property(facts, (change) => {
        const { yes, because, run } = earningOf({ ...earning, ...change });
        expect(yes ? because === null && run === null : because !== null && run !== null).to.equal(true);
        if (run !== null) expect(run).to.match(/^run bcdn-node [a-z]/);
      }),
    );
  });
});
