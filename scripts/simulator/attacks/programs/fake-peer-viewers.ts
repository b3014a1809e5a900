import { registerNode } from '../../../../sdk/chain/nodes.ts';
import { claimPeer, fundPeerPool } from '../../../../sdk/chain/peer-pool.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { ClosedDoor } from '../world/closed-door.ts';
import { CoordinatorDesk } from '../world/coordinator-desk.ts';
import { Purse } from '../world/party.ts';
import { RATE_WEI_PER_GIB, keyOf } from '../world/played-deal.ts';

const POOL_WEI = 5n * TOKEN_WEI;
const VIEWERS = 4;

/**
 * A peer needs no stake and pays no fee, but viewers that it makes up are admitted to a deal as little as an operator's.
 * `open-deal-fake-peer-viewers` is the same without an audience.
 */
export const fakePeerViewers: Attack = {
  name: 'fake-peer-viewers',
  description:
    'A peer asks for grants as viewers of its own, with admissions that it forged, overheard or kept.',
  refusals: [
    'AUDIENCE_SIGNATURE_INVALID',
    'AUDIENCE_OUTDATED',
    'VIEWER_NOT_ADMITTED',
    'GRANT_UNKNOWN',
    'RECEIPT_SIGNATURE_INVALID',
  ],

  async run(world) {
    const { operator, publisher, stranger: peer, refusals } = world;
    return CoordinatorDesk.with(world, async (coordinator) => {
      const keys = await coordinator.createKeys(publisher);
      const amounts = [[operator, TOKEN_WEI]] as const;
      const deal = await world.openDeal({
        ...{ word: 'fake peer viewers of an audience', amounts, freeWei: POOL_WEI, keys },
      });
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
      const door = await ClosedDoor.close(world, coordinator, { deal, attacker: peer });
      const overheard = await door.grantToKnownViewer(peer);
      await door.knock(peer, peer, VIEWERS);
      const madeUp = door.madeUpReceipts(peer, peer, overheard);
      const ended = await world.endEpochs();
      await coordinator.index();
      const { refused } = await coordinator.settle(deal, peer, ended, madeUp);
      for (const { code } of refused) refusals.note(code);
      for (const proof of await coordinator.postRoot(deal, publisher, peer)) {
        await refusals.expect(claimPeer(peer, { ...proof, dealId: deal.dealId, peer: peer.address }));
      }
      return purse.close();
    });
  },
};
