import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import pino from 'pino';
import { CachedDealDirectory } from '../../../node/adapters/chain/cached-deal-directory.ts';
import { ChainClock } from '../../../node/adapters/chain/chain-clock.ts';
import { ChainReader } from '../../../node/adapters/chain/chain-reader.ts';
import { RegistrySnapshot } from '../../../node/adapters/chain/registry-snapshot.ts';
import { systemClock } from '../../../node/adapters/clock/system-clock.ts';
import { ChainWatch } from '../../../node/app/chain-watch.ts';
import { SettlementStore } from '../../../node/app/settlement/settlement-store.ts';
import { claimRoot } from '../../../sdk/chain/claim-openings.ts';
import { approveClaimBonds, commitClaim } from '../../../sdk/chain/claims.ts';
import { claimDirect } from '../../../sdk/chain/payments.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { ClaimNetwork, valueOf } from '../../sdk/chain/claim-network.ts';
import { TOKEN } from '../../sdk/chain/local-network.ts';
import { eventually } from '../cli/eventually.ts';

describe('a node whose chain is reorganised', function () {
  this.timeout(120_000);
  let net: ClaimNetwork;
  let directoryPath: string;
  let store: SettlementStore;
  let watch: ChainWatch;
  let directory: CachedDealDirectory;

  before(async () => {
    net = await ClaimNetwork.start();
    directoryPath = await mkdtemp(join(tmpdir(), 'bcdn-fork-'));
    store = SettlementStore.open(join(directoryPath, 'settlements.sqlite'));
    const { provider, deployment, chain } = net.network;
    const reader = new ChainReader({ provider, deployment });
    directory = new CachedDealDirectory({ reader }, { node: net.node.address });
    watch = new ChainWatch(
      {
        config: { deployment, settings: { rpcUrl: chain.url } },
        node: net.node.address,
        clock: systemClock,
        chainClock: new ChainClock({ clock: systemClock }, { chainId: deployment.chainId }),
        log: pino({ level: 'silent' }),
        provider,
        reader,
        registry: new RegistrySnapshot({ reader }),
        directory,
        store,
      },
      { onDeal: () => undefined, onRegistry: () => undefined },
    );
    watch.start();
  });
  after(async () => {
    await watch.stop();
    store.close();
    await rm(directoryPath, { recursive: true, force: true });
    await net.stop();
  });

  const paidOf = (dealId: DealId): bigint =>
    store
      .payments()
      .filter((payment) => payment.dealId === dealId)
      .reduce((sum, { paidWei }) => sum + paidWei, 0n);

  it('forgets the payment and the claim of vanished blocks, and notes those of the blocks that came instead', async () => {
    const [direct, sampled] = [
      await net.deal('direct', 100n * TOKEN),
      await net.deal('sampled', 100n * TOKEN),
    ];
    const epoch = await net.epoch();
    const few = net.receipts(direct, epoch, 3);
    const many = net.receipts(sampled, epoch, 20);
    await net.skipEpochs(1);
    await approveClaimBonds(net.node, TOKEN);
    await eventually(async () => {
      expect(directory.known(sampled)).not.to.equal(undefined);
    });
    const before: unknown = await net.provider.send('evm_snapshot', []);
    const pay = (receipts: typeof few) =>
      claimDirect(net.node, { dealId: direct, toEpoch: epoch, receipts, to: net.node.address });
    await pay(few);
    await commitClaim(net.node, { dealId: sampled, toEpoch: epoch, rootWord: claimRoot(() => many).word });
    await eventually(async () => {
      expect(paidOf(direct)).to.equal(valueOf(few));
      expect(store.openClaim(sampled)?.lockedWei).to.equal(valueOf(many));
      expect(directory.known(sampled)?.allocation.throughEpoch).to.equal(epoch);
    });
    expect(store.payments()[0]?.block).to.be.a('number');

    await net.provider.send('evm_revert', [before]);
    await eventually(async () => {
      expect([paidOf(direct), store.openClaim(sampled)]).to.deep.equal([0n, undefined]);
      expect(directory.known(direct)?.allocation.paidWei).to.equal(0n);
      expect(directory.known(sampled)?.allocation.throughEpoch).to.be.below(epoch);
    });

    await pay(few.slice(0, 2));
    await eventually(async () => {
      expect(paidOf(direct)).to.equal(valueOf(few.slice(0, 2)));
    });
    expect(store.payments()).to.have.length(1);
    expect((await net.allocation(direct))?.paidWei).to.equal(valueOf(few.slice(0, 2)));
  });
});
