import { connectContracts } from '../../../../sdk/chain/contracts.ts';
import { fromChain } from '../../../../sdk/chain/reverts.ts';
import type { MinedTransaction } from '../../../../sdk/chain/transactions.ts';
import { bytesToHex, hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Party } from './party.ts';
import type { PeerTree } from './peer-tree.ts';
import { callClaims } from './played-claim.ts';
import type { PlayedDeal } from './played-deal.ts';

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
    await callClaims(world.publisher, 'fundPeerPool', deal.dealId, amountWei);
    return new PlayedPool(world, deal);
  }

  /** Posts a root. @param by whose signature it carries @default the collector's */
  async post(
    tree: PeerTree,
    sequence: number,
    { totalWei = tree.totalWei, by = this.deal.collectorKey }: { totalWei?: bigint; by?: Uint8Array } = {},
  ): Promise<MinedTransaction> {
    const { publisher } = this.#world;
    const { claims } = connectContracts(publisher.provider, publisher.deployment);
    const statement = { dealId: this.deal.dealId, sequence, root: tree.root, totalWei };
    const digest = hexToBytes(await fromChain(claims.hashPeerRoot(statement)));
    return callClaims(publisher, 'postPeerRoot', statement, bytesToHex(secp256k1.sign(digest, by)));
  }

  /** Lets the time pass in which no further root is taken. */
  async untilNextRoot(): Promise<void> {
    const { chain } = this.#world;
    await chain.travelTo(chain.timeSeconds + chain.parameters.epochSeconds);
  }

  /** A peer claims, at its own gas. */
  claim(peer: Party, cumulativeWei: bigint, proof: readonly string[]): Promise<MinedTransaction> {
    return callClaims(peer, 'claimPeer', this.deal.dealId, peer.address, cumulativeWei, proof);
  }
}
