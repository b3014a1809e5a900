import { keccak256 } from 'ethers';

import {
  SessionClaim,
  sessionOf,
  type Session,
  type SessionTerms,
} from '../../scripts/gas/claim-sessions.ts';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { bytesToHex, hexToBytes } from '../../sdk/protocol/bytes.ts';
import type { Grant } from '../../sdk/protocol/grant.ts';
import { parseAddress, parseEpoch, type DealId } from '../../sdk/protocol/identifiers.ts';
import { drawSamples, strataBitmap } from '../../sdk/protocol/sampled-claim.ts';
import { contentRoot, type World } from './market-fixture.ts';

/** Parameters of the development network. */
export const SAMPLES = 16;
export const ALL_STRATA = 2 ** SAMPLES - 1;
export const SALT_BLOCKS = 1;
export const OPENING_BLOCKS = 64;
export const BLOCKHASH_BLOCKS = 256;
export const State = { None: 0n, Committed: 1n, Seeded: 2n, Paid: 3n, Void: 4n, Superseded: 5n };

/** Bytes of a session unless a test says otherwise. */
export const SESSION_BYTES = 1n << 28n;

/** One node's claims of one deal in a test. */
export class ClaimBench {
  readonly world: World;
  readonly dealId: DealId;

  constructor(world: World, dealId: DealId) {
    this.world = world;
    this.dealId = dealId;
  }

  get asNode() {
    return this.world.claims.connect(this.world.node);
  }

  terms(epoch: number, change: Partial<SessionTerms> = {}): SessionTerms {
    const { world, dealId } = this;
    return {
      domain: domainOf(world.deployment),
      dealId,
      node: parseAddress(world.node.address),
      epoch: parseEpoch(epoch),
      contentRoot,
      grantKey: hexToBytes(world.grantKey.privateKey),
      viewerKey: hexToBytes(world.viewer.privateKey),
      ...change,
    };
  }

  /** A claim for `count` sessions of a quarter of a GiB in one epoch. */
  claim(epoch: number, count: number, change: Partial<Grant> = {}): SessionClaim {
    const terms = this.terms(epoch);
    return this.claimOf(terms, this.sessions(terms, count, change));
  }

  sessions(terms: SessionTerms, count: number, change: Partial<Grant> = {}): Session[] {
    return Array.from({ length: count }, (_, i) => sessionOf(terms, i, SESSION_BYTES, change));
  }

  claimOf(terms: SessionTerms, sessions: readonly Session[]): SessionClaim {
    return new SessionClaim(terms, sessions);
  }

  commit(claim: SessionClaim, toEpoch: number = claim.terms.epoch) {
    const { root, totalBytes } = claim.commitment;
    return this.asNode.commitClaim(this.dealId, toEpoch, root, totalBytes);
  }

  /** Mines until the next transaction can open. */
  async untilSeed(): Promise<void> {
    await this.world.chain.networkHelpers.mine(2 + SALT_BLOCKS);
  }

  /** The seed as the next block will draw it. */
  async seed(): Promise<string> {
    await this.world.chain.networkHelpers.mine(1);
    return this.world.claims.seedOf(this.dealId, this.world.node.address);
  }

  /** Openings of some strata of a claim whose seed is known. */
  async openings(claim: SessionClaim, strata: readonly number[]): Promise<string> {
    const drawn = drawSamples(hexToBytes(await this.seed()), claim.root.totalBytes, SAMPLES);
    return claim.openings(strata.map((stratum) => drawn[stratum] ?? 0n));
  }

  async open(claim: SessionClaim, strata: readonly number[] = allStrata) {
    const openings = await this.openings(claim, strata);
    return this.asNode.openClaim(this.dealId, strataBitmap(strata), openings, this.world.node.address);
  }

  async state(): Promise<bigint> {
    return (await this.world.claims.claimOf(this.dealId, this.world.node.address)).state;
  }

  allocation() {
    return this.world.market.allocationOf(this.dealId, this.world.node.address);
  }
}

export const allStrata: readonly number[] = Array.from({ length: SAMPLES }, (_, stratum) => stratum);

/** Changes one byte of openings. */
export function withFlippedByte(openings: string, place: number): string {
  const bytes = hexToBytes(openings);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return bytesToHex(bytes);
}

/** A word that nobody chose. */
export const anyWord = (text: string): string => keccak256(new TextEncoder().encode(text));
