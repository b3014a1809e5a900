import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { Purse } from '../world/party.ts';
import { PlayedPool, treeOf } from '../world/played-pool.ts';

/** Leaves are hashed twice and hold the peer's address; roots carry the collector's signature. */
export const peerForgedProof: Attack = {
  name: 'peer-forged-proof',
  description:
    "A peer raises its amount, takes another's proof, passes a node of the tree off as a leaf, signs a root.",
  refusals: ['PeerProofInvalid', 'InvalidPeerRootSignature'],

  async run(world) {
    const { stranger: thief, rival: other, operator: third, refusals } = world;
    const pool = await PlayedPool.open(world, 'peers, forged', 10n * TOKEN_WEI);
    const tree = treeOf([thief, TOKEN_WEI], [other, 3n * TOKEN_WEI], [third, 2n * TOKEN_WEI]);
    await pool.post(tree, 1);
    const purse = await Purse.open(thief);
    const proof = tree.proofOf(thief.address) ?? [];
    await refusals.expect(pool.claim(thief, 2n * TOKEN_WEI, proof));
    await refusals.expect(pool.claim(thief, 3n * TOKEN_WEI, tree.proofOf(other.address)));
    await refusals.expect(pool.claim(thief, 3n * TOKEN_WEI, []));
    await refusals.expect(pool.claim(thief, BigInt(proof[0] ?? 0), proof.slice(1)));
    await pool.untilNextRoot();
    await refusals.expect(pool.post(treeOf([thief, 10n * TOKEN_WEI]), 2, { by: thief.privateKey }));
    return purse.close();
  },
};
