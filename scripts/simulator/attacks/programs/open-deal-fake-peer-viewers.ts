import { registerNode } from '../../../../sdk/chain/nodes.ts';
import { claimPeer, fundPeerPool } from '../../../../sdk/chain/peer-pool.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { askAsViewers, bytesOf, receiptsForCaps } from '../world/own-viewers.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB, keyOf } from '../world/played-deal.ts';

const POOL_WEI = 5n * TOKEN_WEI;
const VIEWERS = 4;
const REQUESTS = 70;

/**
 * What the pool of a deal without an audience can lose: a peer needs no stake and pays no fee, so the caps that the
 * coordinator signs are all that bounds it.
 */
export const openDealFakePeerViewers: Attack = {
  name: 'open-deal-fake-peer-viewers',
  description:
    'A peer asks an open deal for grants as viewers of its own, signs for all their caps, and serves nothing.',
  refusals: ['ALLOCATION_EXHAUSTED', 'RATE_LIMITED', 'RECEIPT_OVER_CAP', 'PeerNothingDue'],

  async run(world) {
    const { operator, publisher, stranger: peer, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const keys = await coordinator.createKeys(publisher);
      const amounts = [[operator, TOKEN_WEI]] as const;
      const deal = await world.openDeal({ word: 'fake peer viewers', amounts, freeWei: POOL_WEI, keys });
      await fundPeerPool(publisher, deal.dealId, POOL_WEI);
      const purse = await Purse.open(peer);
      await registerNode(peer, {
        role: 'peer',
        libp2pPublicKey: bytesToHex(keyOf('libp2p of a peer')),
        region: 'eu-west',
        endpoints: ['/ip4/127.0.0.1/tcp/4002/http'],
        askWeiPerGiB: RATE_WEI_PER_GIB,
        stakeWei: 0n,
      });
      await coordinator.index();
      await coordinator.announce(peer, deal);
      const ask = { deal, node: peer, viewers: VIEWERS, requests: REQUESTS };
      const granted = await askAsViewers(world, coordinator, ask);
      const receipts = receiptsForCaps(deal, granted);
      const ended = await world.endEpochs();
      await coordinator.index();
      const over = granted.map(({ viewer, signedGrant }) =>
        deal.receipt(signedGrant, viewer, signedGrant.grant.capBytes + 1n),
      );
      const { refused } = await coordinator.settle(deal, peer, ended, over);
      for (const { code } of refused) refusals.note(code);
      await coordinator.settle(deal, peer, ended, receipts);
      const [proof] = await coordinator.postRoot(deal, publisher, peer);
      if (proof !== undefined) {
        const claim = { ...proof, dealId: deal.dealId, peer: peer.address };
        await claimPeer(peer, claim);
        await refusals.expect(claimPeer(peer, claim));
      }
      return { ...(await purse.close()), boundWei: priceWei(bytesOf(receipts), RATE_WEI_PER_GIB) };
    });
  },
};
