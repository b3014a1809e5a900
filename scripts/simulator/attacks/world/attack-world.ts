import { claimBondWei } from '../../../../sdk/chain/claims.ts';
import type { Deployment } from '../../../../sdk/chain/deployment.ts';
import { parseEpoch, type Epoch } from '../../../../sdk/protocol/identifiers.ts';
import { registerNode, drawPosition } from '../../../../sdk/chain/nodes.ts';
import { transferTokens } from '../../../../sdk/chain/tokens.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { epochAt } from '../../../../sdk/protocol/epoch.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { RandomStreams } from '../../../measuring/random-streams.ts';
import type { AttackChain } from './attack-chain.ts';
import { Party } from './party.ts';
import { PlayedDeal, RATE_WEI_PER_GIB, keyOf, type DealPlan } from './played-deal.ts';
import { Refusals } from './refusals.ts';

export const TOKEN_WEI = 10n ** 18n;
const STARTING_TOKENS_WEI = 1_000_000n * TOKEN_WEI;
const BASIS_POINTS = 10_000n;
/** An hour after an epoch began: far from both of its ends. */
const INTO_EPOCH_SECONDS = 3_600;
/** Blocks until a position can be drawn. */
const POSITION_BLOCKS = 3;

/** Accounts of the chain by who plays them. */
const ACCOUNTS = { treasury: 0, publisher: 1, operator: 2, rival: 3, stranger: 4 };

/** What an attack is given: parties with tokens, two active edges, a chain whose time it moves. */
export class AttackWorld {
  readonly chain: AttackChain;
  readonly streams: RandomStreams;
  /** Holds the rest of the tokens and receives the protocol fee. */
  readonly treasury: Party;
  readonly publisher: Party;
  /** An active edge. */
  readonly operator: Party;
  /** Another active edge. */
  readonly rival: Party;
  readonly stranger: Party;
  #refusals = new Refusals();

  private constructor(chain: AttackChain, streams: RandomStreams, deployment: Deployment) {
    this.chain = chain;
    this.streams = streams;
    const party = (account: number): Party => new Party(chain, account, deployment);
    this.treasury = party(ACCOUNTS.treasury);
    this.publisher = party(ACCOUNTS.publisher);
    this.operator = party(ACCOUNTS.operator);
    this.rival = party(ACCOUNTS.rival);
    this.stranger = party(ACCOUNTS.stranger);
  }

  /**
   * Gives everybody tokens, registers the edges, draws their positions.
   * @param deployment other contracts of the chain than its first
   */
  static async build(
    chain: AttackChain,
    streams: RandomStreams,
    deployment: Deployment = chain.deployment,
  ): Promise<AttackWorld> {
    const world = new AttackWorld(chain, streams, deployment);
    const { publisher, operator, rival, stranger } = world;
    for (const party of [publisher, operator, rival, stranger])
      await transferTokens(world.treasury, party.address, STARTING_TOKENS_WEI);
    for (const edge of [operator, rival]) {
      await registerNode(edge, {
        role: 'edge',
        libp2pPublicKey: bytesToHex(keyOf(`libp2p ${edge.address}`)),
        region: 'eu-west',
        endpoints: ['/ip4/127.0.0.1/tcp/4001/http'],
        askWeiPerGiB: RATE_WEI_PER_GIB,
        stakeWei: chain.parameters.minimumEdgeStakeWei,
      });
      await edge.approveBonds();
    }
    await chain.mine(POSITION_BLOCKS);
    for (const edge of [operator, rival]) await drawPosition(edge, edge.address);
    await world.endEpochs();
    return world;
  }

  /** What the attack of now was refused by. */
  get refusals(): Refusals {
    return this.#refusals;
  }

  /** Begins a new list of refusals. */
  forgetRefusals(): void {
    this.#refusals = new Refusals();
  }

  get epoch(): Epoch {
    return epochAt(this.chain.timeSeconds, this.chain.parameters.epochSeconds);
  }

  /** Ends epochs. @returns the last of them that has ended */
  async endEpochs(count = 1): Promise<Epoch> {
    const { epochSeconds } = this.chain.parameters;
    await this.chain.travelTo((this.epoch + count) * epochSeconds + INTO_EPOCH_SECONDS);
    return parseEpoch(this.epoch - 1);
  }

  openDeal(plan: Omit<DealPlan, 'publisher'> & Partial<DealPlan>): Promise<PlayedDeal> {
    return PlayedDeal.open({ publisher: this.publisher, ...plan });
  }

  /** Lets the longest thaw pass. */
  readonly untilThawed = async (): Promise<void> => {
    await this.endEpochs(this.chain.parameters.thawEpochs + 1);
  };

  /** What a node receives for bytes: their price less the protocol fee. */
  netWei(bytes: bigint): bigint {
    const paidWei = priceWei(bytes, RATE_WEI_PER_GIB);
    return paidWei - this.feeWei(paidWei);
  }

  /** Bond of a claim for bytes whose price the allocation can pay. */
  bondWei(bytes: bigint): bigint {
    const { claimBondFloorWei, claimSamples, saltWindowBlocks, openingWindowBlocks } = this.chain.parameters;
    const terms = { samples: claimSamples, bondFloorWei: claimBondFloorWei };
    return claimBondWei(priceWei(bytes, RATE_WEI_PER_GIB), {
      ...terms,
      saltWindowBlocks,
      openingWindowBlocks,
    });
  }

  feeWei(paidWei: bigint): bigint {
    return (paidWei * BigInt(this.chain.parameters.protocolFeeBps)) / BASIS_POINTS;
  }
}
