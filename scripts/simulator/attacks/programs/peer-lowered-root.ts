import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PeerTree } from '../world/peer-tree.ts';
import { PlayedPool } from '../world/played-pool.ts';

/** The sum never falls, roots are an epoch apart, and a smaller leaf takes nothing back. */
export const peerLoweredRoot: Attack = {
  name: 'peer-lowered-root',
  description: 'A publisher posts a root that gives a peer less, and gives the difference to a peer of its own.',
  refusals: ['PeerRootTooEarly', 'PeerTotalFell', 'PeerRootOutOfOrder', 'PeerNothingDue'],

  async run(world) {
    const { publisher, rival: ownPeer, stranger: peer, refusals } = world;
    const purse = await Purse.open(publisher, ownPeer);
    const pool = await PlayedPool.open(world, 'peers, lowered', 5n * TOKEN_WEI);
    const treeOf = (peerTokens: bigint, ownTokens: bigint) =>
      new PeerTree([
        [peer.address, peerTokens * TOKEN_WEI],
        [ownPeer.address, ownTokens * TOKEN_WEI],
      ]);
    const promised = treeOf(3n, 2n);
    const lowered = treeOf(1n, 4n);
    await pool.post(promised, 1);
    await refusals.expect(pool.post(lowered, 2));
    // A peer claims when a root is posted: the next one comes an epoch later at the earliest.
    await pool.claim(peer, 3n * TOKEN_WEI, promised.proof(peer.address));
    await pool.untilNextRoot();
    await refusals.expect(pool.post(treeOf(1n, 1n), 2));
    await refusals.expect(pool.post(promised, 1));
    await pool.post(lowered, 2);
    await refusals.expect(pool.claim(peer, TOKEN_WEI, lowered.proof(peer.address)));
    await pool.claim(ownPeer, 4n * TOKEN_WEI, lowered.proof(ownPeer.address));
    await refusals.expect(pool.claim(ownPeer, 4n * TOKEN_WEI, lowered.proof(ownPeer.address)));
    return purse.close(-3n * TOKEN_WEI);
  },
};
