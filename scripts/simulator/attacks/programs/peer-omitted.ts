import { releasePeerPool, thawPeerPool } from '../../../../sdk/chain/peer-pool.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedPool, treeOf } from '../world/played-pool.ts';

const SERVED_SINCE_WEI = TOKEN_WEI;

/** What a peer serves before the next root is its risk (PAYMENT.md, parties and flow); nothing else is. */
export const peerOmitted: Attack = {
  name: 'peer-omitted',
  description:
    'A publisher leaves a peer out of the next root, empties the pool by a peer of its own, and takes the rest.',
  refusals: ['PeerPoolThawNotEnded', 'PeerProofInvalid'],

  async run(world) {
    const { publisher, rival: ownPeer, stranger: peer, refusals } = world;
    const purse = await Purse.open(publisher, ownPeer);
    const pool = await PlayedPool.open(world, 'peers, omitted', 10n * TOKEN_WEI);
    const { dealId } = pool.deal;
    const first = treeOf([peer, 3n * TOKEN_WEI], [ownPeer, TOKEN_WEI]);
    await pool.post(first, 1);
    await thawPeerPool(publisher, dealId);
    await refusals.expect(releasePeerPool(publisher, dealId));
    await pool.claim(peer, 3n * TOKEN_WEI, first.proofOf(peer.address));
    await pool.untilNextRoot();
    const second = treeOf([ownPeer, 6n * TOKEN_WEI]);
    await pool.post(second, 2);
    await pool.claim(ownPeer, 6n * TOKEN_WEI, second.proofOf(ownPeer.address));
    const served = 3n * TOKEN_WEI + SERVED_SINCE_WEI;
    await refusals.expect(pool.claim(peer, served, second.proofOf(peer.address)));
    await world.untilThawed();
    await releasePeerPool(publisher, dealId);
    await pool.deal.reclaim(world.untilThawed);
    return {
      ...(await purse.close(-3n * TOKEN_WEI)),
      takenWei: SERVED_SINCE_WEI,
      boundWei: SERVED_SINCE_WEI,
    };
  },
};
