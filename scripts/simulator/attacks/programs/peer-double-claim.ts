import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedPool, treeOf } from '../world/played-pool.ts';

/** A peer is paid the difference to what it had, whichever root it proves from. */
export const peerDoubleClaim: Attack = {
  name: 'peer-double-claim',
  description:
    'A peer claims the same amount again, from the same root, from the next one, and from the one before.',
  refusals: ['PeerNothingDue', 'PeerProofInvalid'],

  async run(world) {
    const { stranger: peer, rival: other, refusals } = world;
    const pool = await PlayedPool.open(world, 'peers, twice', 10n * TOKEN_WEI);
    const rootOf = (tokens: bigint) => treeOf([peer, tokens * TOKEN_WEI], [other, 3n * TOKEN_WEI]);
    const [first, second, third] = [rootOf(2n), rootOf(3n), rootOf(4n)];
    const claim = (tree: typeof first, tokens: bigint) =>
      pool.claim(peer, tokens * TOKEN_WEI, tree.proofOf(peer.address));
    await pool.post(first, 1);
    const purse = await Purse.open(peer);
    await claim(first, 2n);
    await refusals.expect(claim(first, 2n));
    await pool.untilNextRoot();
    await pool.post(second, 2);
    await claim(second, 3n);
    await refusals.expect(claim(second, 3n));
    await refusals.expect(claim(first, 2n));
    await pool.untilNextRoot();
    await pool.post(third, 3);
    await refusals.expect(claim(first, 2n));
    await claim(third, 4n);
    await refusals.expect(claim(second, 3n));
    return purse.close(4n * TOKEN_WEI);
  },
};
