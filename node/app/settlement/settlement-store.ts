import type { DatabaseSync } from 'node:sqlite';
import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import {
  decodeSignedVoucher,
  encodeSignedVoucher,
  type SignedVoucher,
} from '../../../sdk/protocol/voucher.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
  type DealId,
  type Epoch,
} from '../../../sdk/protocol/identifiers.ts';
import { NodeError } from '../node-error.ts';
import {
  CLAIM_NOTE_STATES,
  GAS_STEPS,
  PAYMENT_ROUTES,
  type ClaimNote,
  type DealNote,
  type GasNote,
  type NotedTerms,
  type PaymentNote,
} from './settlement-notes.ts';
import { openSettlementDatabase } from './settlement-schema.ts';

/** Truncated hash of a claim's root. */
const ROOT_BYTES = 24;
/** Hashes of followed blocks that are kept: a chain does not fork from further back. */
const MAX_FOLLOWED_BLOCKS = 64;

type Row = Record<string, unknown>;

/**
 * What settling must remember over a restart: vouchers not yet redeemed, payments, the bytes of epochs whose receipts
 * the journal no longer keeps, and how far the chain was followed. Receipts themselves are in the journal.
 */
export class SettlementStore {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or creates the store. @throws StorageError STORE_VERSION_UNKNOWN */
  static open(path: string): SettlementStore {
    return new SettlementStore(openSettlementDatabase(path));
  }

  close(): void {
    this.#database.close();
  }

  noteDeal(note: DealNote): void {
    this.#run(
      `INSERT INTO deals VALUES (?, ?, ?, ?, ?) ON CONFLICT (deal_id) DO UPDATE SET rate_per_gib = excluded.rate_per_gib`,
      note.dealId,
      note.publisher,
      note.contentRoot,
      note.contentCodec,
      note.ratePerGiB.toString(),
    );
  }

  deals(): DealNote[] {
    return this.#all('SELECT * FROM deals').map((row) => ({
      dealId: parseDealId(text(row, 'deal_id')),
      publisher: parseAddress(text(row, 'publisher')),
      contentRoot: parseContentRoot(text(row, 'content_root')),
      contentCodec: Number(row['content_codec']),
      ratePerGiB: BigInt(text(row, 'rate_per_gib')),
    }));
  }

  /** Writes down the receipted bytes of an epoch; a later figure replaces a lower one. */
  noteMetered(dealId: DealId, epoch: Epoch, bytes: bigint): void {
    if (bytes <= (this.metered(dealId).get(epoch) ?? 0n)) return;
    this.#run('INSERT OR REPLACE INTO metered VALUES (?, ?, ?)', dealId, epoch, bytes.toString());
  }

  /** Receipted bytes of a deal by epoch, as noted. */
  metered(dealId: DealId): Map<Epoch, bigint> {
    const rows = this.#all('SELECT epoch, bytes FROM metered WHERE deal_id = ?', dealId);
    return new Map(rows.map((row) => [parseEpoch(Number(row['epoch'])), BigInt(text(row, 'bytes'))]));
  }

  /** Keeps a voucher if it says more than the one kept. */
  keepVoucher(signed: SignedVoucher): void {
    const { dealId, cumulative, throughEpoch } = signed.voucher;
    const kept = this.voucher(dealId)?.voucher;
    if (kept !== undefined && (kept.cumulative > cumulative || kept.throughEpoch > throughEpoch)) return;
    const encoded = encodeSignedVoucher(signed);
    this.#run(
      'INSERT OR REPLACE INTO vouchers VALUES (?, ?, ?, ?)',
      dealId,
      cumulative.toString(),
      throughEpoch,
      encoded,
    );
  }

  voucher(dealId: DealId): SignedVoucher | undefined {
    const encoded = this.#all('SELECT encoded FROM vouchers WHERE deal_id = ?', dealId)[0]?.['encoded'];
    return encoded instanceof Uint8Array ? decodeSignedVoucher(encoded) : undefined;
  }

  /** Records a payment; the same one again changes nothing. */
  notePayment(note: PaymentNote): void {
    this.#run(
      'INSERT OR IGNORE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      note.transaction,
      note.logIndex,
      note.dealId,
      note.route,
      note.throughEpoch,
      note.paidWei.toString(),
      note.feeWei.toString(),
      note.atSeconds,
      note.block ?? null,
    );
  }

  /** Every payment, oldest first. */
  payments(): PaymentNote[] {
    return this.#all('SELECT * FROM payments ORDER BY at_seconds, log_index').map((row) => ({
      transaction: text(row, 'transaction_hash'),
      logIndex: Number(row['log_index']),
      dealId: parseDealId(text(row, 'deal_id')),
      route: oneOf(PAYMENT_ROUTES, text(row, 'route')),
      throughEpoch: parseEpoch(Number(row['through_epoch'])),
      paidWei: BigInt(text(row, 'paid_wei')),
      feeWei: BigInt(text(row, 'fee_wei')),
      atSeconds: Number(row['at_seconds']),
      ...(row['block'] == null ? {} : { block: Number(row['block']) }),
    }));
  }

  /** Records what a transaction cost; the same one again changes nothing. */
  noteGas(note: GasNote): void {
    this.#run(
      'INSERT OR IGNORE INTO gas VALUES (?, ?, ?, ?, ?, ?)',
      note.transaction,
      note.step,
      note.dealIds.join(' '),
      note.gasUsed.toString(),
      note.gasCostWei.toString(),
      note.atSeconds,
    );
  }

  /** What every transaction cost, oldest first. */
  gasNotes(): GasNote[] {
    return this.#all('SELECT * FROM gas ORDER BY at_seconds, rowid').map((row) => ({
      transaction: text(row, 'transaction_hash'),
      step: oneOf(GAS_STEPS, text(row, 'step')),
      dealIds: text(row, 'deal_ids').split(' ').filter(Boolean).map(parseDealId),
      gasUsed: BigInt(text(row, 'gas_used')),
      gasCostWei: BigInt(text(row, 'gas_cost_wei')),
      atSeconds: Number(row['at_seconds']),
    }));
  }

  /** Records a claim as the chain has it now; a later look at the same one replaces it. */
  noteClaim(note: ClaimNote): void {
    this.#run(
      'INSERT OR REPLACE INTO claims VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      note.dealId,
      note.toEpoch,
      note.fromEpoch,
      note.root,
      note.totalBytes.toString(),
      note.receipts,
      note.lockedWei.toString(),
      note.bondWei.toString(),
      note.committedBlock,
      note.seedBlock,
      note.lastBlock,
      note.state,
    );
  }

  /** Every claim, oldest first. */
  claims(): ClaimNote[] {
    return this.#all('SELECT * FROM claims ORDER BY committed_block, deal_id').map(claimOfRow);
  }

  /** Claims that are not decided. */
  openClaims(): ClaimNote[] {
    return this.#all(`SELECT * FROM claims WHERE state IN ('committed', 'seeded')`).map(claimOfRow);
  }

  /** The claim of a deal that is not decided. */
  openClaim(dealId: DealId): ClaimNote | undefined {
    const sql = `SELECT * FROM claims WHERE deal_id = ? AND state IN ('committed', 'seeded')
      ORDER BY to_epoch DESC LIMIT 1`;
    return this.#all(sql, dealId).map(claimOfRow)[0];
  }

  /**
   * Spans of epochs of a deal that a claim has settled or, while it is open, will: above the first one, up to the
   * second. A claim that a voucher took the place of is not among them.
   */
  claimedSpans(dealId: DealId): { afterEpoch: Epoch; toEpoch: Epoch }[] {
    const claims = this.#all('SELECT * FROM claims WHERE deal_id = ?', dealId).map(claimOfRow);
    const sampled = claims.filter(({ state }) => state !== 'superseded');
    const paid = this.#all('SELECT route, through_epoch FROM payments WHERE deal_id = ?', dealId);
    const ends = [
      0,
      ...paid.map((row) => Number(row['through_epoch'])),
      ...sampled.map((each) => each.toEpoch),
    ];
    const direct = paid
      .filter((row) => text(row, 'route') === 'direct-claim')
      .map((row) => {
        const toEpoch = parseEpoch(Number(row['through_epoch']));
        return { afterEpoch: parseEpoch(Math.max(...ends.filter((end) => end < toEpoch))), toEpoch };
      });
    const spans = sampled.map(({ fromEpoch, toEpoch }) => ({ afterEpoch: fromEpoch, toEpoch }));
    return [...direct, ...spans].sort((one, other) => one.toEpoch - other.toEpoch);
  }

  /** Notes that the coordinator of a deal failed in an epoch; the first one since it last answered is kept. */
  noteFailing(dealId: DealId, epoch: Epoch): void {
    this.#run('INSERT OR IGNORE INTO failing VALUES (?, ?)', dealId, epoch);
  }

  noteAnswering(dealId: DealId): void {
    this.#run('DELETE FROM failing WHERE deal_id = ?', dealId);
  }

  failingSince(dealId: DealId): Epoch | undefined {
    const row = this.#all('SELECT since_epoch FROM failing WHERE deal_id = ?', dealId)[0];
    return row === undefined ? undefined : parseEpoch(Number(row['since_epoch']));
  }

  /** The next block to follow; undefined on another network than the one noted. */
  nextBlock(anchor: string): number | undefined {
    const row = this.#all('SELECT next_block FROM followed WHERE anchor = ?', anchor)[0];
    return row === undefined ? undefined : Number(row['next_block']);
  }

  noteNextBlock(anchor: string, nextBlock: number): void {
    // Hashes of another network lead nowhere.
    if (this.nextBlock(anchor) === undefined) this.#run('DELETE FROM followed_blocks');
    this.#run('INSERT OR REPLACE INTO followed VALUES (1, ?, ?)', nextBlock, anchor);
  }

  /** Keeps the hash of a followed block; the oldest ones go. */
  noteFollowedBlock(block: number, hash: string): void {
    this.#run('INSERT OR REPLACE INTO followed_blocks VALUES (?, ?)', block, hash);
    this.#run(
      `DELETE FROM followed_blocks WHERE block NOT IN
        (SELECT block FROM followed_blocks ORDER BY block DESC LIMIT ${MAX_FOLLOWED_BLOCKS})`,
    );
  }

  /** Followed blocks whose hash is known, newest first. */
  followedBlocks(): { block: number; hash: string }[] {
    const rows = this.#all('SELECT block, hash FROM followed_blocks ORDER BY block DESC');
    return rows.map((row) => ({ block: Number(row['block']), hash: text(row, 'hash') }));
  }

  /**
   * Forgets what blocks from one on said, because the chain has others now; they are followed again.
   *
   * @returns deals that had a payment or an open claim there
   */
  rollBack(fromBlock: number): DealId[] {
    this.#database.exec('BEGIN');
    try {
      const touched = this.#all(
        `SELECT deal_id FROM payments WHERE block >= ?1 UNION
         SELECT deal_id FROM claims WHERE last_block >= ?1`,
        fromBlock,
      );
      this.#run('DELETE FROM payments WHERE block >= ?', fromBlock);
      this.#run('DELETE FROM claims WHERE committed_block >= ?', fromBlock);
      this.#run('DELETE FROM followed_blocks WHERE block >= ?', fromBlock);
      this.#run('UPDATE followed SET next_block = min(next_block, ?)', fromBlock);
      this.#database.exec('COMMIT');
      return touched.map((row) => parseDealId(text(row, 'deal_id')));
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** The market's terms as last read, for a time when the chain is away. */
  terms(): NotedTerms | undefined {
    const row = this.#all('SELECT epoch_seconds, claim_window_epochs FROM terms')[0];
    if (row === undefined) return undefined;
    return {
      epochSeconds: Number(row['epoch_seconds']),
      claimWindowEpochs: Number(row['claim_window_epochs']),
    };
  }

  noteTerms(terms: NotedTerms): void {
    this.#run('INSERT OR REPLACE INTO terms VALUES (1, ?, ?)', terms.epochSeconds, terms.claimWindowEpochs);
  }

  #run(sql: string, ...values: (string | number | Uint8Array | null)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}

function claimOfRow(row: Row): ClaimNote {
  return {
    dealId: parseDealId(text(row, 'deal_id')),
    fromEpoch: parseEpoch(Number(row['from_epoch'])),
    toEpoch: parseEpoch(Number(row['to_epoch'])),
    root: bytesToHex(hexToBytes(text(row, 'root'), ROOT_BYTES)),
    totalBytes: BigInt(text(row, 'total_bytes')),
    receipts: Number(row['receipts']),
    lockedWei: BigInt(text(row, 'locked_wei')),
    bondWei: BigInt(text(row, 'bond_wei')),
    committedBlock: Number(row['committed_block']),
    seedBlock: Number(row['seed_block']),
    lastBlock: Number(row['last_block']),
    state: oneOf(CLAIM_NOTE_STATES, text(row, 'state')),
  };
}

/** @throws NodeError CONFIG_MALFORMED for a word that this version never wrote */
function oneOf<T extends string>(words: readonly T[], word: string): T {
  const known = words.find((each) => each === word);
  if (known !== undefined) return known;
  throw new NodeError('CONFIG_MALFORMED', {
    message: `The file of settlements holds the word "${word.slice(0, 40)}" where one of ${words.join(', ')} belongs.`,
    remedy: 'Restore the file from a backup, or start the version that wrote it.',
    values: { word: word.slice(0, 40) },
  });
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}
