import { commitClaim, voidClaim } from '../../../../sdk/chain/claims.ts';
import { claimsInterface, connectContracts } from '../../../../sdk/chain/contracts.ts';
import { fromChain } from '../../../../sdk/chain/reverts.ts';
import type { MinedTransaction } from '../../../../sdk/chain/transactions.ts';
import { bytesToHex, hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import { grantHashOf } from '../../../../sdk/protocol/grant.ts';
import type { Epoch, GrantHash } from '../../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { drawSamples, encodeOpenings, strataBitmap } from '../../../../sdk/protocol/sampled-claim.ts';
import {
  compareKeys,
  openLeaves,
  rootOf,
  type FrontierItem,
  type TrieLeaf,
  type TrieRoot,
} from '../../../../sdk/protocol/sum-trie.ts';
import { SimulatorError } from '../../simulator-error.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** Blocks from the commitment to the one that gives the randomness (SPEC.md, claim). */
const SEED_BLOCKS = 2;

/** Calls one of the functions of sampled claims and peer pools as `from`. @throws ChainError */
export function callClaims(
  from: Party,
  name: string,
  ...args: readonly unknown[]
): Promise<MinedTransaction> {
  return from.send({ to: from.deployment.market, data: claimsInterface.encodeFunctionData(name, args) });
}

/** One sampled claim of a node, honest or not: what it commits to is the trie of these receipts. */
export class PlayedClaim {
  readonly node: Party;
  readonly deal: PlayedDeal;
  /** In the order of the trie. */
  readonly leaves: readonly TrieLeaf[];
  readonly root: TrieRoot;
  readonly #world: AttackWorld;
  readonly #receipts: ReadonlyMap<GrantHash, ReceiptWithGrant>;

  constructor(
    world: AttackWorld,
    of: { readonly node: Party; readonly deal: PlayedDeal; readonly receipts: readonly ReceiptWithGrant[] },
  ) {
    this.#world = world;
    this.node = of.node;
    this.deal = of.deal;
    this.#receipts = new Map(
      of.receipts.map((pair) => [grantHashOf(of.deal.domain, pair.signedGrant.grant), pair]),
    );
    this.leaves = [...this.#receipts]
      .map(([hash, pair]) => ({
        key: hexToBytes(hash),
        bytes: pair.signedReceipt.receipt.bytesCumulative,
      }))
      .sort(compareKeys);
    this.root = rootOf(this.leaves);
  }

  commit(toEpoch: Epoch, rootWord: Uint8Array = this.root.word): Promise<MinedTransaction> {
    return commitClaim(this.node, { dealId: this.deal.dealId, toEpoch, rootWord });
  }

  /** Lets the salt window pass, so that the next transaction can open. */
  async untilSeed(): Promise<void> {
    await this.#world.chain.mine(SEED_BLOCKS + this.#world.chain.parameters.saltWindowBlocks + 1);
  }

  /** Lets every window pass without a pin. */
  async untilOver(): Promise<void> {
    const { openingWindowBlocks } = this.#world.chain.parameters;
    await this.#world.chain.mine(SEED_BLOCKS + openingWindowBlocks + 1);
  }

  async seed(): Promise<Uint8Array> {
    const { claims } = connectContracts(this.node.provider, this.node.deployment);
    return hexToBytes(await fromChain(claims.seedOf(this.deal.dealId, this.node.address)));
  }

  /** The bytes that are drawn. */
  async samples(): Promise<bigint[]> {
    const { claimSamples } = this.#world.chain.parameters;
    return drawSamples(await this.seed(), this.root.totalBytes, claimSamples);
  }

  /** Opens every stratum at once. */
  async open(): Promise<MinedTransaction> {
    return this.openWith(openLeaves(this.leaves, await this.samples()));
  }

  /** Opens every stratum with these items. */
  openWith(items: readonly FrontierItem[]): Promise<MinedTransaction> {
    const { claimSamples } = this.#world.chain.parameters;
    const strata = strataBitmap(Array.from({ length: claimSamples }, (_, stratum) => stratum));
    const openings = encodeOpenings(items, (hash) => this.#receiptOf(hash));
    const { dealId } = this.deal;
    return callClaims(this.node, 'openClaim', dealId, strata, bytesToHex(openings), this.node.address);
  }

  /** Commits, waits and opens, as an honest node does. */
  async pay(toEpoch: Epoch): Promise<void> {
    await this.commit(toEpoch);
    await this.untilSeed();
    await this.open();
  }

  /** Plays a false claim to its end: it cannot be opened, and when its window is over the bond is burned. */
  async lose(toEpoch: Epoch): Promise<void> {
    await this.commit(toEpoch);
    await this.untilSeed();
    await this.#world.refusals.expect(this.open());
    await this.untilOver();
    await this.void(this.node);
  }

  /** Ends a claim whose window is over; `by` pays the gas. */
  void(by: Party): Promise<MinedTransaction> {
    return voidClaim(by, { dealId: this.deal.dealId, node: this.node.address });
  }

  #receiptOf(hash: GrantHash): ReceiptWithGrant {
    const found = this.#receipts.get(hash);
    if (found !== undefined) return found;
    throw new SimulatorError('CHAIN_FAILED', 'A leaf of the trie has no receipt.', { grantHash: hash });
  }
}
