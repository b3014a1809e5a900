import { DatabaseSync } from 'node:sqlite';
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
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
} from '../../../sdk/protocol/identifiers.ts';
import { NodeError } from '../node-error.ts';

const SCHEMA_VERSION = 1;

const SCHEMA = `
  CREATE TABLE deals (
    deal_id TEXT PRIMARY KEY, publisher TEXT NOT NULL, content_root TEXT NOT NULL,
    content_codec INTEGER NOT NULL, rate_per_gib TEXT NOT NULL);
  CREATE TABLE metered (
    deal_id TEXT NOT NULL, epoch INTEGER NOT NULL, bytes TEXT NOT NULL, PRIMARY KEY (deal_id, epoch));
  CREATE TABLE vouchers (
    deal_id TEXT PRIMARY KEY, cumulative TEXT NOT NULL, through_epoch INTEGER NOT NULL, encoded BLOB NOT NULL);
  CREATE TABLE payments (
    transaction_hash TEXT NOT NULL, log_index INTEGER NOT NULL, deal_id TEXT NOT NULL, route TEXT NOT NULL,
    through_epoch INTEGER NOT NULL, paid_wei TEXT NOT NULL, fee_wei TEXT NOT NULL, at_seconds INTEGER NOT NULL,
    PRIMARY KEY (transaction_hash, log_index));
  CREATE TABLE failing (deal_id TEXT PRIMARY KEY, since_epoch INTEGER NOT NULL);
  CREATE TABLE followed (one INTEGER PRIMARY KEY CHECK (one = 1), next_block INTEGER NOT NULL, anchor TEXT NOT NULL);
  CREATE TABLE terms (
    one INTEGER PRIMARY KEY CHECK (one = 1), epoch_seconds INTEGER NOT NULL, claim_window_epochs INTEGER NOT NULL);
  PRAGMA user_version = ${SCHEMA_VERSION};`;

/** What is remembered of a deal after the chain has forgotten its allocation. */
export interface DealNote {
  readonly dealId: DealId;
  readonly publisher: Address;
  readonly contentRoot: ContentRoot;
  readonly contentCodec: number;
  readonly ratePerGiB: bigint;
}

/** One payment as the chain logged it. */
export interface PaymentNote {
  readonly transaction: string;
  readonly logIndex: number;
  readonly dealId: DealId;
  readonly route: 'voucher' | 'direct-claim';
  readonly throughEpoch: Epoch;
  readonly paidWei: bigint;
  readonly feeWei: bigint;
  /** When its block was made. */
  readonly atSeconds: number;
}

/** The market's terms that serving and settling need. */
export interface NotedTerms {
  readonly epochSeconds: number;
  readonly claimWindowEpochs: number;
}

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

  /** Opens or creates the store. @throws NodeError CONFIG_MALFORMED for a file of a later version */
  static open(path: string): SettlementStore {
    const database = new DatabaseSync(path);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) database.exec(`BEGIN; ${SCHEMA} COMMIT`);
    else if (version !== SCHEMA_VERSION) {
      database.close();
      throw new NodeError('CONFIG_MALFORMED', {
        message: `${path} was written by another version of bcdn-node.`,
        remedy: 'Start the version that wrote it.',
        values: { path, version, expected: SCHEMA_VERSION },
      });
    }
    return new SettlementStore(database);
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
      'INSERT OR IGNORE INTO payments VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      note.transaction,
      note.logIndex,
      note.dealId,
      note.route,
      note.throughEpoch,
      note.paidWei.toString(),
      note.feeWei.toString(),
      note.atSeconds,
    );
  }

  /** Every payment, oldest first. */
  payments(): PaymentNote[] {
    return this.#all('SELECT * FROM payments ORDER BY at_seconds, log_index').map((row) => ({
      transaction: text(row, 'transaction_hash'),
      logIndex: Number(row['log_index']),
      dealId: parseDealId(text(row, 'deal_id')),
      route: text(row, 'route') === 'voucher' ? 'voucher' : 'direct-claim',
      throughEpoch: parseEpoch(Number(row['through_epoch'])),
      paidWei: BigInt(text(row, 'paid_wei')),
      feeWei: BigInt(text(row, 'fee_wei')),
      atSeconds: Number(row['at_seconds']),
    }));
  }

  /** Spans of epochs of a deal that a direct claim has settled: above the first one, up to the second. */
  directClaims(dealId: DealId): { afterEpoch: Epoch; toEpoch: Epoch }[] {
    const sql = 'SELECT route, through_epoch FROM payments WHERE deal_id = ? ORDER BY at_seconds, log_index';
    let afterEpoch = parseEpoch(0);
    return this.#all(sql, dealId).flatMap((row) => {
      const span = { afterEpoch, toEpoch: parseEpoch(Number(row['through_epoch'])) };
      afterEpoch = span.toEpoch;
      return text(row, 'route') === 'direct-claim' ? [span] : [];
    });
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
    this.#run('INSERT OR REPLACE INTO followed VALUES (1, ?, ?)', nextBlock, anchor);
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

  #run(sql: string, ...values: (string | number | Uint8Array)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#database.prepare(sql).all(...values);
  }
}

function text(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : '';
}
