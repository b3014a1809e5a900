import { claimPeer, fundPeerPool, postPeerRoot } from '../../../../sdk/chain/peer-pool.ts';
import type { MinedTransaction } from '../../../../sdk/chain/transactions.ts';
import type { Hex } from '../../../../sdk/protocol/bytes.ts';
import { PeerTree, peerRootDigest } from '../../../../sdk/protocol/peer-root.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** A tree over what peers have earned since the deal began, wei. */
export const treeOf = (...earnings: readonly (readonly [peer: Party, cumulativeWei: bigint])[]): PeerTree =>
  new PeerTree(earnings.map(([{ address }, cumulativeWei]) => ({ peer: address, cumulativeWei })));

/** The peer pool of a deal, with a collector that signs what its player wants. */
export class PlayedPool {
  readonly deal: PlayedDeal;
  readonly #world: AttackWorld;

  private constructor(world: AttackWorld, deal: PlayedDeal) {
    this.#world = world;
    this.deal = deal;
  }

  static async open(world: AttackWorld, word: string, amountWei: bigint): Promise<PlayedPool> {
    const deal = await world.openDeal({ word, amounts: [], freeWei: amountWei });
    await fundPeerPool(world.publisher, deal.dealId, amountWei);
    return new PlayedPool(world, deal);
  }

  /** Posts a root. @param by whose signature it carries @default the collector's */
  post(
    tree: PeerTree,
    sequence: number,
    { totalWei = tree.totalWei, by = this.deal.collectorKey }: { totalWei?: bigint; by?: Uint8Array } = {},
  ): Promise<MinedTransaction> {
    const { publisher } = this.#world;
    const statement = { dealId: this.deal.dealId, sequence, root: tree.root, totalWei };
    const digest = peerRootDigest(this.deal.domain, statement);
    return postPeerRoot(publisher, { statement, signature: secp256k1.sign(digest, by) });
  }

  /** Lets the time pass in which no further root is taken. */
  async untilNextRoot(): Promise<void> {
    const { chain } = this.#world;
    await chain.travelTo(chain.timeSeconds + chain.parameters.epochSeconds);
  }

  /** A peer claims, at its own gas. */
  claim(peer: Party, cumulativeWei: bigint, proof: readonly Hex[] = []): Promise<MinedTransaction> {
    return claimPeer(peer, { dealId: this.deal.dealId, peer: peer.address, cumulativeWei, proof });
  }
}
