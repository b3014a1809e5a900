import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedPool, treeOf } from '../world/played-pool.ts';

const PROMISED_WEI = 3n * TOKEN_WEI;

/** What a peer leaves unclaimed for longer than an epoch can be given to another: it SHOULD claim when a root is posted. */
export const peerAsleep: Attack = {
  name: 'peer-asleep',
  description:
    'A publisher waits until a peer has slept over a root, and gives all that it left to a peer of its own.',
  refusals: ['PeerRootTooEarly', 'PeerNothingDue'],

  async run(world) {
    const { publisher, rival: ownPeer, stranger: peer, refusals } = world;
    const purse = await Purse.open(publisher, ownPeer);
    const pool = await PlayedPool.open(world, 'peers, asleep', 5n * TOKEN_WEI);
    const first = treeOf([peer, PROMISED_WEI], [ownPeer, 2n * TOKEN_WEI]);
    const second = treeOf([ownPeer, 5n * TOKEN_WEI]);
    await pool.post(first, 1);
    await refusals.expect(pool.post(second, 2));
    await pool.untilNextRoot();
    await pool.post(second, 2);
    await pool.claim(ownPeer, 5n * TOKEN_WEI, second.proofOf(ownPeer.address));
    await refusals.expect(pool.claim(peer, PROMISED_WEI, first.proofOf(peer.address)));
    return { ...(await purse.close()), takenWei: PROMISED_WEI, boundWei: PROMISED_WEI };
  },
};
