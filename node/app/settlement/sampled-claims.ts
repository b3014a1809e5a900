import { ChainError } from '../../../sdk/chain/chain-errors.ts';
import { openingCalls } from '../../../sdk/chain/claim-openings.ts';
import {
  approveClaimBonds,
  claimOf,
  commitClaim,
  openClaim,
  pinSeed,
  seedOf,
  supersedeClaim,
  voidClaim,
  type ClaimRecord,
  type ClaimTerms,
} from '../../../sdk/chain/claims.ts';
import { isConnectionFailure } from '../../../sdk/chain/reverts.ts';
import type { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { parseEpoch, type DealId, type Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../../../sdk/protocol/receipt.ts';
import type { SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import type { CachedDealDirectory, OwnDeal } from '../../adapters/chain/cached-deal-directory.ts';
import type { ChainReader } from '../../adapters/chain/chain-reader.ts';
import { isRootOf, type ClaimSnapshot, type ClaimSnapshots } from '../../adapters/disk/claim-snapshots.ts';
import type { ReceiptJournal } from '../../adapters/disk/receipt-journal.ts';
import { nextClaimAction, type ClaimAction } from '../../core/settlement/claim-course.ts';
import type { SettlementStep } from '../../core/settlement/settlement-question.ts';
import { dueWei } from '../../core/settlement/settlement-plan.ts';
import type { NodeLog } from '../node-log.ts';
import { noteClaimRecord } from './claim-notes.ts';
import type { SettlementRound } from './settlement-round.ts';
import type { SettlementStore } from './settlement-store.ts';

/** Receipts taken from the journal at a time. */
const RECEIPTS_PER_PAGE = 8_192;

export interface SampledClaimParts {
  readonly snapshots: ClaimSnapshots;
  readonly journal: Pick<ReceiptJournal, 'receipts'>;
  readonly directory: CachedDealDirectory;
  readonly store: SettlementStore;
  readonly reader: ChainReader;
  readonly sender: TransactionSender;
  readonly log: NodeLog;
}

/** What a look at the claims goes by. */
export interface ClaimConditions {
  readonly terms: ClaimTerms;
  readonly gasAboveCeiling: boolean;
}

/**
 * Takes sampled claims from the commitment to their end. It remembers nothing: what to do next follows from the chain, the
 * snapshot of the receipts and the store, so that it goes on wherever a run before ended.
 */
export class SampledClaims {
  readonly #parts: SampledClaimParts;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: SampledClaimParts) {
    this.#parts = parts;
  }

  /** Whether a claim is not decided. */
  get areOpen(): boolean {
    return this.#parts.store.openClaims().length > 0;
  }

  /**
   * Keeps the receipts of a claim, then commits to them. A commitment that a run before may have sent is sent again with
   * the same receipts: with others there could be two, and the first one mined would have none.
   *
   * @throws ChainError; StorageError
   */
  async commit(
    step: Extract<SettlementStep, { kind: 'sampled-claim' }>,
    own: OwnDeal,
    round: SettlementRound,
    signal: AbortSignal,
  ): Promise<void> {
    const { dealId } = step;
    const { snapshots, sender } = this.#parts;
    await round.sent('bond-approval', [dealId], approveClaimBonds(sender, step.bondWei, signal));
    const { throughEpoch } = own.allocation;
    const kept = await snapshots.find(dealId);
    const snapshot =
      kept !== undefined && kept.fromEpoch === throughEpoch
        ? kept
        : await this.#seal({ dealId, fromEpoch: throughEpoch, toEpoch: step.toEpoch });
    const { toEpoch, rootWord } = snapshot;
    try {
      await round.sent('claim-commit', [dealId], commitClaim(sender, { dealId, toEpoch, rootWord }, signal));
    } catch (error) {
      // Without a hash nothing was sent: a later commitment may take later receipts, too.
      if (!mayBeMined(error)) await snapshots.remove(dealId);
      throw error;
    }
    await this.#read(dealId, snapshot);
    await this.#parts.directory.refresh(dealId);
  }

  /** Does what is next for every claim that is open or has receipts kept for it; looks never overlap. */
  advance(conditions: ClaimConditions, round: SettlementRound, signal: AbortSignal): Promise<void> {
    const turn = this.#turn.then(() => this.#advanceAll(conditions, round, signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #advanceAll(conditions: ClaimConditions, round: SettlementRound, signal: AbortSignal): Promise<void> {
    const { store, snapshots } = this.#parts;
    const open = store.openClaims().map(({ dealId }) => dealId);
    const dealIds = new Set([...open, ...(await snapshots.deals())]);
    for (const dealId of dealIds) {
      try {
        await this.#advance(dealId, conditions, round, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isConnectionFailure(error)) throw error;
        // Some chain nodes try a call in the newest block instead of the next one.
        if (!isTooEarly(error)) round.failed(dealId, error);
      }
    }
  }

  /** A voucher at hand that may take the place of a deal's open claim. */
  takesPlace(signed: SignedVoucher | undefined, claim: ClaimRecord, own: OwnDeal): signed is SignedVoucher {
    if (signed === undefined || signed.voucher.throughEpoch !== claim.toEpoch) return false;
    const { paidWei, balanceWei } = own.allocation;
    const due = dueWei({ paidWei, balanceWei: balanceWei + claim.lockedWei }, signed.voucher.cumulative);
    return due >= claim.lockedWei;
  }

  async #advance(
    dealId: DealId,
    { terms, gasAboveCeiling }: ClaimConditions,
    round: SettlementRound,
    signal: AbortSignal,
  ): Promise<void> {
    const { snapshots, store, reader, directory, sender } = this.#parts;
    const head = await reader.head();
    const kept = await snapshots.find(dealId);
    const claim = await this.#read(dealId, kept);
    const own = await directory.refresh(dealId);
    if (head === undefined || own === undefined) return;
    if (claim === undefined || (kept !== undefined && !isRootOf(kept, claim) && isDecided(claim))) {
      await this.#forgetUnused(kept, own);
      return;
    }
    const snapshot = kept !== undefined && isRootOf(kept, claim) ? kept : undefined;
    const voucher = store.voucher(dealId);
    const action = nextClaimAction({
      claim,
      headBlock: head.block,
      saltWindowBlocks: terms.saltWindowBlocks,
      openingWindowBlocks: terms.openingWindowBlocks,
      hasReceipts: snapshot !== undefined,
      hasVoucher: this.takesPlace(voucher, claim, own),
      gasAboveCeiling,
    });
    // A reorganisation may open a claim again until its window is over.
    if (action.kind === 'done' && head.block > claim.lastBlock) await snapshots.remove(dealId);
    // Above the ceiling only a window that would be missed lets it send.
    const key = { dealId, node: sender.address, isUrgent: gasAboveCeiling };
    if (action.kind === 'open' && snapshot !== undefined)
      await this.#open({ claim, snapshot, terms, gasAboveCeiling }, round, signal);
    else if (action.kind === 'pin') await round.sent('claim-pin', [dealId], pinSeed(sender, key, signal));
    else if (action.kind === 'void') await round.sent('claim-void', [dealId], voidClaim(sender, key, signal));
    else if (action.kind === 'supersede' && voucher !== undefined) {
      const sending = supersedeClaim(sender, voucher, sender.address, signal);
      await round.paidBy('claim-supersede', [dealId], sending);
    } else return;
    await this.#settled(dealId, action, snapshot);
  }

  async #open(
    {
      claim,
      snapshot,
      terms,
      gasAboveCeiling,
    }: ClaimConditions & { claim: ClaimRecord; snapshot: ClaimSnapshot },
    round: SettlementRound,
    signal: AbortSignal,
  ): Promise<void> {
    const { reader, sender } = this.#parts;
    const { dealId, totalBytes, openedStrata } = claim;
    const seed = await seedOf(reader.provider, claim);
    const calls = await openingCalls(() => snapshot.pairs(), {
      seed,
      totalBytes,
      samples: terms.samples,
      openedStrata,
    });
    for (const call of calls) {
      const opening = { ...call, dealId, to: sender.address, isUrgent: gasAboveCeiling };
      const sending = openClaim(sender, opening, signal);
      await round.paidBy('claim-open', [dealId], sending);
    }
  }

  async #settled(dealId: DealId, action: ClaimAction, snapshot: ClaimSnapshot | undefined): Promise<void> {
    const claim = await this.#read(dealId, snapshot);
    await this.#parts.directory.refresh(dealId);
    const { state, toEpoch } = claim ?? {};
    this.#parts.log.info({ dealId, action: action.kind, state, toEpoch }, 'A sampled claim went on');
  }

  /** Reads a claim and notes it. */
  async #read(dealId: DealId, snapshot: ClaimSnapshot | undefined): Promise<ClaimRecord | undefined> {
    const { sender, store } = this.#parts;
    const key = { dealId, node: sender.address };
    const claim = await claimOf(sender.provider, sender.deployment, key);
    if (claim === undefined) return undefined;
    const isOwn = snapshot !== undefined && isRootOf(snapshot, claim);
    noteClaimRecord(store, claim, isOwn ? snapshot.receipts : undefined);
    return claim;
  }

  /** Receipts whose epochs were settled otherwise can no longer be committed. */
  async #forgetUnused(kept: ClaimSnapshot | undefined, { allocation }: OwnDeal): Promise<void> {
    if (kept === undefined) return;
    if (allocation.throughEpoch !== kept.fromEpoch) await this.#parts.snapshots.remove(kept.dealId);
  }

  #seal(span: { dealId: DealId; fromEpoch: Epoch; toEpoch: Epoch }): Promise<ClaimSnapshot> {
    return this.#parts.snapshots.seal(span, receiptsOf(this.#parts.journal, span));
  }
}

/** The journal's receipts of a span by rising grant hash, some at a time. */
function* receiptsOf(
  journal: Pick<ReceiptJournal, 'receipts'>,
  { dealId, fromEpoch, toEpoch }: { dealId: DealId; fromEpoch: Epoch; toEpoch: Epoch },
): Generator<ReceiptWithGrant> {
  const query = {
    dealId,
    fromEpoch: parseEpoch(fromEpoch + 1),
    throughEpoch: toEpoch,
    limit: RECEIPTS_PER_PAGE,
  };
  let page = journal.receipts(query);
  for (;;) {
    yield* page;
    const last = page.at(-1)?.signedReceipt.receipt.grantHash;
    if (last === undefined || page.length < RECEIPTS_PER_PAGE) return;
    page = journal.receipts({ ...query, afterGrantHash: last });
  }
}

const isDecided = ({ state }: ClaimRecord): boolean => state !== 'committed' && state !== 'seeded';

const isTooEarly = (error: unknown): boolean =>
  error instanceof ChainError && error.values['error'] === 'SeedTooEarly';

/** Whether a transaction that failed was sent and not seen to fail on chain. */
function mayBeMined(error: unknown): boolean {
  if (!(error instanceof ChainError)) return true;
  if (error.code === 'CHAIN_REVERTED') return false;
  return error.code === 'CHAIN_TIMEOUT' || error.values['hash'] !== undefined;
}
