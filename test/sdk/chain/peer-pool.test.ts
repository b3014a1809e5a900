import { expect } from 'chai';
import { id } from 'ethers';

import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { connectContracts } from '../../../sdk/chain/contracts.ts';
import { openDeal, readDeal } from '../../../sdk/chain/deals.ts';
import { domainOf } from '../../../sdk/chain/deployment.ts';
import {
  claimPeer,
  fundPeerPool,
  peerPaidWei,
  peerPoolOf,
  postPeerRoot,
  releasePeerPool,
  thawPeerPool,
} from '../../../sdk/chain/peer-pool.ts';
import { readTokenBalance } from '../../../sdk/chain/tokens.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { closeDistribution } from '../../../sdk/publish/close-distribution.ts';
import { bytesToHex, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { parseContentRoot, type DealId } from '../../../sdk/protocol/identifiers.ts';
import { peerRootDigest, PeerTree, type PeerLeaf } from '../../../sdk/protocol/peer-root.ts';
import { pureSecp256k1 } from '../../../sdk/protocol/signature.ts';
import { TOKEN, startLocalNetwork, type LocalNetwork } from './local-network.ts';

describe('a peer pool from funding to release, through the SDK', function () {
  this.timeout(60_000);
  let network: LocalNetwork;
  let publisher: TransactionSender;
  let stranger: TransactionSender;
  let dealId: DealId;
  const collectorKey = hexToBytes(id('collector'));
  const leaves = (...amounts: readonly bigint[]): PeerLeaf[] =>
    amounts.map((cumulativeWei, i) => ({ peer: network.sender(3 + i).address, cumulativeWei }));

  before(async () => {
    network = await startLocalNetwork();
    publisher = network.sender(1);
    stranger = network.sender(2);
    await network.fund(1, 1_000n * TOKEN);
    const keys = { collector: pureSecp256k1.addressOf(collectorKey), grantKey: stranger.address };
    const content = { contentRoot: parseContentRoot(id('content')), contentCodec: 0x70, serviceLevel: 0 };
    const salt = id('salt') as Hex;
    ({ dealId } = await openDeal(publisher, { ...keys, ...content, salt, depositWei: 100n * TOKEN }));
  });
  after(() => network.stop());

  const pool = () => peerPoolOf(network.provider, network.deployment, dealId);

  function signed(sequence: number, tree: PeerTree) {
    const statement = { dealId, sequence, root: tree.root, totalWei: tree.totalWei };
    const digest = peerRootDigest(domainOf(network.deployment), statement);
    return { statement, digest, signature: pureSecp256k1.sign(digest, collectorKey) };
  }

  const refusalOf = async (sending: Promise<unknown>): Promise<unknown> => {
    const error: unknown = await sending.then(
      () => 'nothing refused',
      (refusal: unknown) => refusal,
    );
    return error instanceof ChainError ? error.values['error'] : error;
  };

  it('is empty before it is funded, and funded from the free part of the deal', async () => {
    expect(await pool()).to.deep.equal({
      ...{ dealId, fundedWei: 0n, claimedWei: 0n, postedWei: 0n },
      ...{
        root: undefined,
        previousRoot: undefined,
        sequence: 0,
        postedAtSeconds: 0,
        thawEndEpoch: undefined,
      },
    });
    await fundPeerPool(publisher, dealId, 40n * TOKEN);
    expect(await pool()).to.include({ fundedWei: 40n * TOKEN, sequence: 0 });
    expect(await readDeal(network.provider, network.deployment, dealId)).to.include({ freeWei: 60n * TOKEN });
  });

  it('hashes a root as the contract does, and lets anybody post what the collector signed', async () => {
    const tree = new PeerTree(leaves(5n * TOKEN, 3n, 7n));
    const root = signed(1, tree);
    const { claims } = connectContracts(network.provider, network.deployment);
    expect(await claims.hashPeerRoot(root.statement)).to.equal(bytesToHex(root.digest));
    await postPeerRoot(stranger, root);
    expect(await pool()).to.include({ root: tree.root, sequence: 1, postedWei: tree.totalWei });
  });

  it('pays each peer once what its proof says', async () => {
    const earned = leaves(5n * TOKEN, 3n, 7n);
    const tree = new PeerTree(earned);
    for (const leaf of earned) {
      const proof = tree.proofOf(leaf.peer) ?? [];
      await claimPeer(stranger, { dealId, ...leaf, proof });
      expect(await refusalOf(claimPeer(stranger, { dealId, ...leaf, proof }))).to.equal('PeerNothingDue');
      const key = { dealId, peer: leaf.peer };
      expect(await peerPaidWei(network.provider, network.deployment, key)).to.equal(leaf.cumulativeWei);
      expect(await readTokenBalance(network.provider, network.deployment, leaf.peer)).to.equal(
        leaf.cumulativeWei,
      );
    }
    const forged = { peer: network.sender(3).address, cumulativeWei: 6n * TOKEN };
    const proof = tree.proofOf(forged.peer) ?? [];
    expect(await refusalOf(claimPeer(stranger, { dealId, ...forged, proof }))).to.equal('PeerProofInvalid');
  });

  it('returns what no peer earned when the distribution is closed', async () => {
    expect(await refusalOf(releasePeerPool(publisher, dealId))).to.equal('PeerPoolNotThawing');
    await thawPeerPool(publisher, dealId);
    const closing = closeDistribution({ sender: publisher, dealId, nodes: [] });
    await network.provider.send('evm_increaseTime', [60]);
    await network.provider.send('evm_mine', []);
    const paidToPeersWei = 5n * TOKEN + 10n;
    expect(await closing).to.deep.equal({
      ...{ spentWei: paidToPeersWei, paidToPeersWei, refundedWei: 100n * TOKEN - paidToPeersWei },
      unpaidNodes: [],
    });
    const { market } = network.deployment;
    expect(await readTokenBalance(network.provider, network.deployment, market)).to.equal(0n);
  });
});
