import type { Domain } from '../../sdk/protocol/eip712.ts';
import { lateEpochsOf, takesReceipts } from '../../sdk/protocol/epoch.ts';
import { grantHashOf, type Grant } from '../../sdk/protocol/grant.ts';
import {
  parseEpoch,
  type Address,
  type DealId,
  type Epoch,
  type GrantHash,
} from '../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../sdk/protocol/receipt.ts';
import type { Secp256k1 } from '../../sdk/protocol/signature.ts';
import { voucherDigest, type SignedVoucher, type Voucher } from '../../sdk/protocol/voucher.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import { findOpenClaim, readClaimedSpans, type OpenClaim } from '../database/claim-records.ts';
import type { Database } from '../database/database.ts';
import {
  findAllocation,
  findDeal,
  readDeals,
  type AllocationRecord,
  type DealRecord,
} from '../database/deal-records.ts';
import { readGrants, type IssuedGrant } from '../database/grant-ledger.ts';
import {
  keepBestReceipts,
  readReceiptedBytes,
  type ReceiptSource,
  type VerifiedReceipt,
} from '../database/kept-receipts.ts';
import { inStatements } from '../database/many-rows.ts';
import { readPeerMeters, type PeerMeter } from '../database/peer-ledger.ts';
import { findPeerPool } from '../database/peer-pools.ts';
import {
  findVoucher,
  readBytesByEpoch,
  readViewerReceipts,
  saveVoucher,
} from '../database/receipt-ledger.ts';
import { MarketplaceError, type ErrorValues, type MarketplaceErrorCode } from '../errors.ts';
import { MAX_BETTER_PAIRS } from '../limits.ts';
import { billableBytes, cumulativeWei } from './earned-bytes.ts';
import type { EpochClock } from './epoch-clock.ts';
import type { KeyVault } from './key-vault.ts';
import { earnedInAll } from './peer-earnings.ts';
import { grantFault, receiptFault } from './receipt-check.ts';

/** Receipts verified in one go before other requests get a turn. */
const VERIFICATIONS_PER_TURN = 32;

export interface SettlementRequest {
  readonly dealId: DealId;
  readonly node: Address;
  readonly throughEpoch: Epoch;
  readonly pairs: readonly ReceiptWithGrant[];
  /** Whether this is the last page: only then a voucher is signed. */
  readonly final: boolean;
}

/** A receipt that is not paid for, and why. The others are not held up by it. */
export interface RefusedReceipt {
  readonly grantHash: GrantHash;
  readonly code: MarketplaceErrorCode;
  readonly values?: ErrorValues;
}

/** What the receipts of a peer are worth; each rate's bytes are priced in one sum. */
export interface PeerStanding {
  /** Since the deal began. */
  readonly earnedWei: bigint;
  readonly byRate: readonly PeerMeter[];
}

export interface Settlement {
  readonly accepted: number;
  readonly refused: readonly RefusedReceipt[];
  readonly voucher: SignedVoucher | undefined;
  /** With the last page, of a node that serves as a peer of the deal. */
  readonly peer: PeerStanding | undefined;
  /** Receipts of viewers that the node has not sent. */
  readonly better: readonly ReceiptWithGrant[];
}

export interface AcceptedReceipts {
  readonly acknowledged: readonly { readonly grantHash: GrantHash; readonly bytes: bigint }[];
  readonly refused: readonly RefusedReceipt[];
}

interface CollectorComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly epochClock: EpochClock;
  readonly vault: KeyVault;
  /** Yields to other work between batches of verification. */
  readonly yieldTurn: () => Promise<void>;
}

/** A pair with what is known here of its grant. */
interface KnownPair extends ReceiptWithGrant {
  readonly grantHash: GrantHash;
  readonly issued: IssuedGrant | undefined;
  readonly deal: DealRecord | undefined;
}

/** Turns receipts into vouchers: verifies, keeps the best of each grant on disk, then signs what they add up to. */
export class Collector {
  readonly #components: CollectorComponents;

  constructor(components: CollectorComponents) {
    this.#components = components;
  }

  /**
   * Takes a page of a node's receipts and, with the last page, signs its voucher; a peer learns what it has earned.
   * @throws MarketplaceError DEAL_NOT_FOUND, ALLOCATION_NOT_FOUND, EPOCH_NOT_ENDED, CLAIM_OPEN, DEAL_NOT_SERVED,
   *   NOT_INDEXED_YET, CHAIN_STALE, CLOCK_DRIFT
   */
  async settle(request: SettlementRequest): Promise<Settlement> {
    const deal = await this.#requireDeal(request.dealId);
    const isPeer = await this.#isPeer(request);
    if (!isPeer) await this.#requireAllocation(request);
    const { epoch, epochSeconds } = await this.#components.epochClock.now();
    if (request.throughEpoch >= epoch) {
      throw new MarketplaceError('EPOCH_NOT_ENDED', 'A voucher settles epochs that have ended.', {
        throughEpoch: request.throughEpoch,
        currentEpoch: epoch,
      });
    }
    const { good, refused } = await this.#check(request.pairs, (pair) =>
      this.#inTime(this.#checkPair(pair, request), { runningEpoch: epoch, epochSeconds }),
    );
    await this.#keep(good, 'node');
    const taken = { accepted: good.length, refused };
    if (!request.final) return { ...taken, voucher: undefined, peer: undefined, better: [] };
    const afterEpoch = isPeer
      ? epoch - lateEpochsOf(epochSeconds) - 1
      : await this.#betterAfter(request, epochSeconds);
    const voucher = isPeer ? undefined : await this.#signVoucher(request, deal);
    const peer = await this.#peerStanding(request);
    return { ...taken, voucher, peer, better: await this.#better(request, afterEpoch) };
  }

  /** A node that is allocated nothing by a deal that pays peers. */
  async #isPeer({ dealId, node }: SettlementRequest): Promise<boolean> {
    const { read } = this.#components.database;
    if ((await findAllocation(read, dealId, node)) !== undefined) return false;
    return (await findPeerPool(read, dealId)) !== undefined;
  }

  /**
   * What a pool may have to pay is bounded only if grants of peers end: after the late window of their epoch nothing
   * more is taken from the peer either.
   */
  #inTime(
    result: VerifiedReceipt | RefusedReceipt,
    now: { runningEpoch: Epoch; epochSeconds: number },
  ): VerifiedReceipt | RefusedReceipt {
    if ('code' in result || result.issued.peerRatePerGiB === undefined) return result;
    const { grant, grantHash } = result.issued;
    return takesReceipts(grant.epoch, now) ? result : tooLate(grantHash, grant, now);
  }

  async #peerStanding({ dealId, node }: SettlementRequest): Promise<PeerStanding | undefined> {
    const byRate = await readPeerMeters(this.#components.database.read, dealId, node);
    if (byRate.length === 0) return undefined;
    return { earnedWei: earnedInAll(byRate), byRate };
  }

  /** Takes receipts from viewers whose node does not take them any more, until their late window is over. */
  async accept(pairs: readonly ReceiptWithGrant[]): Promise<AcceptedReceipts> {
    const now = await this.#components.epochClock.estimate();
    const { good, refused } = await this.#check(pairs, (pair) => {
      const { grant } = pair.signedGrant;
      if (now === undefined || takesReceipts(grant.epoch, now)) return this.#checkPair(pair);
      return tooLate(pair.grantHash, grant, now);
    });
    await this.#keep(good, 'viewer');
    const grantHashes = good.map(({ issued }) => issued.grantHash);
    const held = await readReceiptedBytes(this.#components.database.read, grantHashes);
    const acknowledged = grantHashes.flatMap((grantHash) => {
      const bytes = held.get(grantHash);
      return bytes === undefined ? [] : [{ grantHash, bytes }];
    });
    return { acknowledged, refused };
  }

  /** Asks the database for many at once, and then checks a turn's worth at a time. */
  async #check(
    pairs: readonly ReceiptWithGrant[],
    check: (pair: KnownPair) => VerifiedReceipt | RefusedReceipt,
  ): Promise<{ good: VerifiedReceipt[]; refused: RefusedReceipt[] }> {
    const good: VerifiedReceipt[] = [];
    const refused: RefusedReceipt[] = [];
    for (const some of inStatements(pairs)) {
      for (const [at, pair] of (await this.#lookUp(some)).entries()) {
        if (at % VERIFICATIONS_PER_TURN === 0) await this.#components.yieldTurn();
        const result = check(pair);
        if ('code' in result) refused.push(result);
        else good.push(result);
      }
    }
    return { good, refused };
  }

  async #lookUp(pairs: readonly ReceiptWithGrant[]): Promise<KnownPair[]> {
    const { database, domain } = this.#components;
    const hashed = pairs.map((pair) => ({ ...pair, grantHash: grantHashOf(domain, pair.signedGrant.grant) }));
    const grants = await readGrants(
      database.read,
      hashed.map(({ grantHash }) => grantHash),
    );
    const deals = await readDeals(
      database.read,
      pairs.map(({ signedGrant }) => signedGrant.grant.dealId),
    );
    return hashed.map((pair) => ({
      ...pair,
      issued: grants.get(pair.grantHash),
      deal: deals.get(pair.signedGrant.grant.dealId),
    }));
  }

  /** @param settlement the deal, node and epochs that the grant must be of, if that matters */
  #checkPair(
    { signedGrant, signedReceipt, grantHash, issued, deal }: KnownPair,
    settlement?: SettlementRequest,
  ): VerifiedReceipt | RefusedReceipt {
    const { grant } = signedGrant;
    const refuse = (code: MarketplaceErrorCode): RefusedReceipt => ({ grantHash, code });
    if (settlement !== undefined && !isOf(settlement, grant)) return refuse('GRANT_MISMATCH');
    if (signedReceipt.receipt.grantHash !== grantHash) return refuse('RECEIPT_MISMATCH');
    if (issued === undefined || deal === undefined) return refuse('GRANT_UNKNOWN');
    const fault =
      grantFault(this.#components, signedGrant, deal) ??
      receiptFault(this.#components, issued, signedReceipt);
    return fault === undefined ? { issued, signedReceipt } : refuse(fault);
  }

  /** On disk when this resolves. */
  async #keep(receipts: readonly VerifiedReceipt[], source: ReceiptSource): Promise<void> {
    if (receipts.length === 0) return;
    const nowMs = this.#components.clock.nowMs();
    await this.#components.database.write((sql) => keepBestReceipts(sql, receipts, { source, nowMs }));
  }

  async #signVoucher(request: SettlementRequest, deal: DealRecord): Promise<SignedVoucher> {
    const { database, domain, vault, clock } = this.#components;
    const { dealId, node } = request;
    return database.write(async (sql) => {
      const allocation = await this.#requireAllocation(request);
      const previous = (await findVoucher(sql, { dealId, node }))?.voucher;
      const claim = await findOpenClaim(sql, { dealId, node });
      // The contract refuses a voucher that settles less than is settled already, and while a claim is open any but
      // one for exactly its epochs.
      const throughEpoch = parseEpoch(
        claim?.toEpoch ??
          Math.max(request.throughEpoch, allocation.throughEpoch, previous?.throughEpoch ?? 0),
      );
      const byEpoch = await readBytesByEpoch(sql, { dealId, node }, throughEpoch);
      const bytes = billableBytes(byEpoch, await readClaimedSpans(sql, { dealId, node }));
      // An earlier voucher for later epochs says nothing of those of the claim.
      const isLater = previous !== undefined && previous.throughEpoch > throughEpoch;
      const floorWei = isLater ? 0n : (previous?.cumulative ?? 0n);
      const voucher = { dealId, node, throughEpoch, cumulative: cumulativeWei(bytes, allocation, floorWei) };
      if (claim !== undefined) requireSuperseding(voucher, allocation, claim);
      const sign = await vault.voucherSigner(deal, throughEpoch);
      const signed = { voucher, signature: sign(voucherDigest(domain, voucher)) };
      if (!isLater) await saveVoucher(sql, signed, clock.nowMs());
      return signed;
    });
  }

  /**
   * Epochs up to this one have no receipts that the node may miss: they are settled on chain, and their late windows
   * were over when the node asked last. A node that was away for long asks from where it left off.
   */
  async #betterAfter(request: SettlementRequest, epochSeconds: number): Promise<number> {
    const allocation = await this.#requireAllocation(request);
    const previous = await findVoucher(this.#components.database.read, request);
    const askedThrough = Math.min(request.throughEpoch, previous?.voucher.throughEpoch ?? 0);
    return Math.min(allocation.throughEpoch, askedThrough - lateEpochsOf(epochSeconds) - 1);
  }

  async #better(request: SettlementRequest, afterEpoch: number): Promise<ReceiptWithGrant[]> {
    const { dealId, node, throughEpoch } = request;
    const { read } = this.#components.database;
    const held = await readViewerReceipts(
      read,
      { dealId, node },
      { afterEpoch, throughEpoch, limit: MAX_BETTER_PAIRS },
    );
    return held.map(({ issued, signedReceipt }) => ({
      signedGrant: { grant: issued.grant, signature: issued.signature },
      signedReceipt,
    }));
  }

  async #requireDeal(dealId: DealId): Promise<DealRecord> {
    const deal = await findDeal(this.#components.database.read, dealId);
    if (deal === undefined)
      throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId });
    return deal;
  }

  async #requireAllocation({ dealId, node }: SettlementRequest): Promise<AllocationRecord> {
    const allocation = await findAllocation(this.#components.database.read, dealId, node);
    if (allocation === undefined) {
      throw new MarketplaceError('ALLOCATION_NOT_FOUND', 'The deal allocates nothing to this node.', {
        dealId,
        node,
      });
    }
    return allocation;
  }
}

/** Only a voucher that pays at least what an open claim locks can take its place. @throws MarketplaceError CLAIM_OPEN */
function requireSuperseding(voucher: Voucher, { paidWei }: AllocationRecord, claim: OpenClaim): void {
  const dueWei = voucher.cumulative - paidWei;
  if (dueWei >= claim.lockedWei) return;
  const { toEpoch, lockedWei } = claim;
  throw new MarketplaceError(
    'CLAIM_OPEN',
    `An open claim of the node locks ${lockedWei} wei; the receipts that are known here are worth ${dueWei} wei.`,
    {
      ...{ dealId: voucher.dealId, node: voucher.node, toEpoch },
      lockedWei: `${lockedWei}`,
      dueWei: `${dueWei}`,
    },
  );
}

function tooLate(
  grantHash: GrantHash,
  { epoch }: Grant,
  now: { runningEpoch: Epoch; epochSeconds: number },
): RefusedReceipt {
  const values = { epoch, currentEpoch: now.runningEpoch, lateEpochs: lateEpochsOf(now.epochSeconds) };
  return { grantHash, code: 'RECEIPT_TOO_LATE', values };
}

function isOf({ dealId, node, throughEpoch }: SettlementRequest, grant: Grant): boolean {
  return grant.dealId === dealId && grant.node === node && grant.epoch <= throughEpoch;
}
