import type { NodeRecord } from '../../sdk/chain/nodes.ts';
import type { OwnDeal } from '../adapters/chain/cached-deal-directory.ts';
import type { StatusDocument } from './control/documents.ts';
import type { ErrorReport } from './node-error.ts';

export type Earning = StatusDocument['earning'];

/** What decides whether a node earns. */
export interface EarningFacts {
  readonly node: string;
  readonly role: 'edge' | 'peer';
  readonly state: StatusDocument['state'];
  /** What the node waits for. */
  readonly trouble: ErrorReport | undefined;
  readonly drains: boolean;
  /** Why no bytes may leave any more this month; undefined while they may. */
  readonly capReached: string | undefined;
  readonly registered: NodeRecord | undefined;
  readonly deals: readonly OwnDeal[];
  isComplete(root: OwnDeal['deal']['contentRoot']): boolean;
  /** The first thing that is not as it should be. */
  readonly problem: string | undefined;
  /** Contents that a peer holds whole, and those of publishers that pay peers. */
  readonly offered: { readonly held: number; readonly paid: number } | undefined;
}

/** The command that shows what is wrong and what mends it. */
const DOCTOR = 'run bcdn-node doctor';

/** The sentence that every status ends with: yes, or why not and what to run. */
export function earningOf(facts: EarningFacts): Earning {
  const reason = hindrance(facts) ?? (facts.role === 'peer' ? peerHindrance(facts) : edgeHindrance(facts));
  if (reason === undefined) return { yes: true, because: null, run: null };
  const [because, run] = reason;
  return { yes: false, because, run };
}

/** Why not, and what to run. */
type Hindrance = readonly [because: string, run: string] | undefined;

/** What keeps a node of either role from serving at all. */
function hindrance({ trouble, state, drains, capReached }: EarningFacts): Hindrance {
  if (trouble !== undefined) {
    const remedy = trouble.remedy === undefined ? '' : ` ${trouble.remedy}`;
    return [withoutPeriod(`${trouble.message}${remedy}`), DOCTOR];
  }
  if (state === 'starting') return ['the node is starting', 'run bcdn-node status --watch'];
  if (state === 'draining') return ['the node is stopping', 'run bcdn-node start'];
  if (drains) return ['its operator drains it', 'run bcdn-node drain --cancel'];
  if (capReached !== undefined) return [capReached, 'run bcdn-node start --monthly-cap SIZE'];
  return undefined;
}

function edgeHindrance(facts: EarningFacts): Hindrance {
  const { registered, deals, problem } = facts;
  if (registered === undefined) return ['it is not registered any more', 'run bcdn-node start'];
  if (!registered.active) return inactive(registered);
  const paying = deals.filter(
    ({ deal, allocation }) => deal.state !== 'closed' && allocation.state !== 'released',
  );
  if (paying.length === 0)
    return ['no publisher has allocated tokens to this node yet', 'run bcdn-node price'];
  if (paying.every(({ allocation }) => allocation.balanceWei === 0n)) {
    return ['the escrow of every deal is used up', 'run bcdn-node earnings --by publisher'];
  }
  if (!paying.some(({ deal }) => facts.isComplete(deal.contentRoot))) {
    return [
      withoutPeriod(problem ?? 'the content of its deals is still being filled'),
      problem === undefined ? 'run bcdn-node status --watch' : DOCTOR,
    ];
  }
  return undefined;
}

function inactive({ unbondingEndsAt, unbondingWei, stakeWei }: NodeRecord): Hindrance {
  if (unbondingEndsAt === 0) {
    return ['its stake is below the minimum of the registry', 'run bcdn-node stake'];
  }
  const until = new Date(unbondingEndsAt * 1_000).toISOString();
  return unbondingWei === stakeWei
    ? [`all its stake is being unbonded until ${until}`, 'run bcdn-node unstake --withdraw after that']
    : [`stake is being unbonded until ${until} and what is left is below the minimum`, 'run bcdn-node stake'];
}

/** A peer is paid for what it holds whole by publishers that fund a peer pool. */
function peerHindrance({ offered, registered, node }: EarningFacts): Hindrance {
  const { held, paid } = offered ?? { held: 0, paid: 0 };
  if (paid > 0) return undefined;
  if (registered === undefined) {
    return [`it is not registered, for want of gas: ${node} needs some of the chain's coin`, DOCTOR];
  }
  if (held === 0) return ['it holds no content whole yet', 'run bcdn-node status --watch'];
  return ['no publisher of what it holds pays peers', 'run bcdn-node earnings'];
}

function withoutPeriod(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
