import { expect } from 'chai';
import type { DealId, Epoch } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { ClaimNetwork, valueOf } from '../../../sdk/chain/claim-network.ts';
import { TOKEN } from '../../../sdk/chain/local-network.ts';
import { MortalProvider, type Death } from '../../../sdk/chain/mortal-provider.ts';
import { SettlingNode } from './settling-node.ts';

/** Rounds in which a claim goes from its plan to its payment. */
const ROUNDS = 3;
const SEED_BLOCKS = 3;
const RECEIPTS = 40;
/** Deaths that are tried, spread over all requests of a claim's life. */
const DEATHS = 16;

describe('a node that is killed somewhere in the life of a sampled claim', function () {
  this.timeout(180_000);
  let net: ClaimNetwork;
  let deals = 0;

  before(async () => {
    net = await ClaimNetwork.start();
  });
  after(() => net.stop());

  interface Claimant {
    readonly node: SettlingNode;
    readonly dealId: DealId;
    readonly receipts: readonly ReceiptWithGrant[];
    readonly epoch: Epoch;
    readonly balanceWei: bigint;
  }
  const claimant = async (): Promise<Claimant> => {
    const node = await SettlingNode.open(net);
    const dealId = await net.deal(`deal ${deals++}`, 1_000n * TOKEN);
    const epoch = await net.epoch();
    const receipts = net.receipts(dealId, epoch, RECEIPTS);
    await node.earn(dealId, receipts);
    await net.skipEpochs(1);
    // The coordinator is silent: from now on it is a matter of claims.
    await node.settle();
    return { node, dealId, receipts, epoch, balanceWei: await net.balance() };
  };
  const live = async (node: SettlingNode, dealId: DealId, provider?: MortalProvider): Promise<void> => {
    await node.restart({}, provider);
    for (let round = 0; round < ROUNDS && provider?.dead.aborted !== true; round++) {
      const work = async (): Promise<void> => {
        await node.directory.refresh(dealId);
        await node.settle(provider?.dead);
      };
      if (provider === undefined) await work();
      else await work().catch((error: unknown) => requireDead(provider, error));
      await net.mine(SEED_BLOCKS);
    }
  };
  const requireDead = ({ dead }: MortalProvider, error: unknown): void => {
    if (!dead.aborted) throw error;
  };
  const requestsOfALife = async (): Promise<number> => {
    const { node, dealId } = await claimant();
    const provider = new MortalProvider(net.network.chain, {
      afterRequests: Infinity,
      lastIsDelivered: true,
    });
    await live(node, dealId, provider);
    provider.destroy();
    await node.close();
    return provider.requests;
  };
  const dieAndComeBack = async (death: Death): Promise<string[]> => {
    const { node, dealId, receipts, epoch, balanceWei } = await claimant();
    const provider = new MortalProvider(net.network.chain, death);
    await live(node, dealId, provider);
    provider.destroy();
    // What comes late must not change what was committed.
    const [late] = net
      .receipts(dealId, epoch, RECEIPTS + 1)
      .filter((pair) => !hashes(receipts).has(hashOf(pair)));
    const committed = (await net.allocation(dealId))?.throughEpoch === epoch;
    if (committed && late !== undefined) await node.journal.appendPair(late);
    await live(node, dealId);
    const paidWei = (await net.allocation(dealId))?.paidWei;
    expect(paidWei, JSON.stringify(death)).to.equal(valueOf(receipts));
    expect(await net.balance(), JSON.stringify(death)).to.equal(balanceWei + valueOf(receipts));
    const states = node.store.claims().map(({ state }) => state);
    await node.close();
    return states;
  };
  const hashOf = ({ signedReceipt }: ReceiptWithGrant): string => signedReceipt.receipt.grantHash;
  const hashes = (receipts: readonly ReceiptWithGrant[]): ReadonlySet<string> =>
    new Set(receipts.map(hashOf));

  it('is paid once and to the last wei, whichever request to the chain was its last', async () => {
    const requests = await requestsOfALife();
    expect(requests).to.be.greaterThan(DEATHS);
    for (let death = 0; death < DEATHS; death++) {
      const afterRequests = 1 + Math.floor((death * requests) / DEATHS);
      const states = await dieAndComeBack({ afterRequests, lastIsDelivered: death % 2 === 0 });
      expect(states).to.deep.equal(['paid']);
    }
  });
});
