import { SEED_DELAY_BLOCKS, type ClaimRecord } from '../../../sdk/chain/claims.ts';
import type { ClaimNote } from './settlement-notes.ts';
import type { SettlementStore } from './settlement-store.ts';

/**
 * Notes a claim as the chain has it.
 *
 * @param receipts how many are in its trie, if known; otherwise what was noted before stays
 */
export function noteClaimRecord(
  store: Pick<SettlementStore, 'claims' | 'noteClaim'>,
  record: ClaimRecord,
  receipts?: number,
): ClaimNote {
  const { dealId, fromEpoch, toEpoch, root, totalBytes, lockedWei, bondWei } = record;
  const before = store.claims().find((note) => note.dealId === dealId && note.root === root);
  const note: ClaimNote = {
    dealId,
    fromEpoch,
    toEpoch,
    root,
    totalBytes,
    receipts: receipts ?? before?.receipts ?? 0,
    lockedWei,
    bondWei,
    committedBlock: record.seedBlock - SEED_DELAY_BLOCKS,
    seedBlock: record.seedBlock,
    lastBlock: record.lastBlock,
    state: record.state,
  };
  if (before === undefined || !isSame(before, note)) store.noteClaim(note);
  return note;
}

/** An open claim is looked at each second: what did not change is not written again. */
const isSame = (before: ClaimNote, note: ClaimNote): boolean =>
  before.state === note.state &&
  before.toEpoch === note.toEpoch &&
  before.seedBlock === note.seedBlock &&
  before.lastBlock === note.lastBlock &&
  before.lockedWei === note.lockedWei &&
  before.receipts === note.receipts;
