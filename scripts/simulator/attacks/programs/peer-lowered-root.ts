import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedPool, treeOf } from '../world/played-pool.ts';

/** The sum never falls, roots are an epoch apart, and a smaller leaf takes nothing back. */
export const peerLoweredRoot: Attack = {
  name: 'peer-lowered-root',
  description:
    'A publisher posts a root that gives a peer less, and gives the difference to a peer of its own.',
  refusals: ['PeerRootTooEarly', 'PeerTotalFell', 'PeerRootOutOfOrder', 'PeerNothingDue'],

  async run(world) {
    const { publisher, rival: ownPeer, stranger: peer, refusals } = world;
    const purse = await Purse.open(publisher, ownPeer);
    const pool = await PlayedPool.open(world, 'peers, lowered', 5n * TOKEN_WEI);
    const promised = treeOf([peer, 3n * TOKEN_WEI], [ownPeer, 2n * TOKEN_WEI]);
    const lowered = treeOf([peer, TOKEN_WEI], [ownPeer, 4n * TOKEN_WEI]);
    const less = treeOf([peer, TOKEN_WEI], [ownPeer, TOKEN_WEI]);
    await pool.post(promised, 1);
    await refusals.expect(pool.post(lowered, 2));
    // A peer claims when a root is posted: the next one comes an epoch later at the earliest.
    await pool.claim(peer, 3n * TOKEN_WEI, promised.proofOf(peer.address));
    await pool.untilNextRoot();
    await refusals.expect(pool.post(less, 2));
    await refusals.expect(pool.post(promised, 1));
    await pool.post(lowered, 2);
    await refusals.expect(pool.claim(peer, TOKEN_WEI, lowered.proofOf(peer.address)));
    await pool.claim(ownPeer, 4n * TOKEN_WEI, lowered.proofOf(ownPeer.address));
    await refusals.expect(pool.claim(ownPeer, 4n * TOKEN_WEI, lowered.proofOf(ownPeer.address)));
    return purse.close(-3n * TOKEN_WEI);
  },
};
