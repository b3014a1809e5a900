import type { Domain } from '../protocol/eip712.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { Address } from '../protocol/identifiers.ts';
import { signerOf, type Secp256k1 } from '../protocol/signature.ts';
import {
  decodeSignedVoucher,
  SIGNED_VOUCHER_BYTES,
  voucherDigest,
  type SignedVoucher,
} from '../protocol/voucher.ts';
import { AuditError } from './audit-error.ts';
import type { AuditHeader, AuditLine, AuditTotals } from './audit-file.ts';
import { MAX_EVENTS, MAX_LISTED_RECEIPTS, MAX_PEER_METERS, RECEIPTS_PER_PROGRESS } from './audit-limits.ts';
import { BestReceipts } from './best-receipts.ts';
import { inconsistent, sameEvents, type DealEvent } from './deal-event.ts';
import { DealHistory } from './deal-history.ts';
import { billOf, isIn, type NodeBill } from './node-bill.ts';
import type { ClaimedSpan } from './node-history.ts';
import { peersBillOf, type PeersBill } from './peer-bill.ts';
import type { PeerMeter } from './peer-meter.ts';
import type { CheckedReceipt, ReceiptFault, ReceiptRules } from './receipt-check.ts';
import type { AuditReport, RejectedReceipt } from './report.ts';
import type { VerifyPages } from './verify-pages.ts';

export interface AuditComponents {
  readonly secp256k1: Secp256k1;
  /** Verifies pages of receipts, here or in workers. */
  readonly verifyPages: VerifyPages;
}

export interface AuditOptions {
  /** Events to be taken in the place of those of the file, from a chain that the publisher trusts. */
  readonly trustedEvents?: (header: AuditHeader, first: DealEvent) => Promise<readonly DealEvent[]>;
  /** Told every receipt that does not count, in the order in which that becomes known. */
  readonly onRejected?: (rejected: RejectedReceipt) => void;
  /** Told how many receipts were looked at, every RECEIPTS_PER_PROGRESS. */
  readonly onProgress?: (receipts: number) => void;
}

/**
 * Recomputes the bill of a deal from an audit file: verifies every receipt, adds up the best of each grant, and holds
 * the sums against the vouchers and the payments on chain. Nothing of the file is believed but what is signed, and the
 * events, unless those of a trusted chain are given.
 *
 * @throws AuditError AUDIT_FILE_MALFORMED, AUDIT_FILE_INCOMPLETE, AUDIT_TOO_LARGE, AUDIT_EVENTS_INCONSISTENT,
 *   AUDIT_CHAIN_OTHER, AUDIT_WORKER_FAILED; ChainError of `trustedEvents`
 */
export async function audit(
  lines: AsyncIterable<AuditLine>,
  components: AuditComponents,
  options: AuditOptions = {},
): Promise<AuditReport> {
  const iterator = lines[Symbol.asyncIterator]();
  const books = new Books(await readHeader(iterator), options);
  const receipts = await books.readUntilReceipts(iterator, options);
  const rules = books.rules();
  for await (const page of components.verifyPages(receipts, rules, components.secp256k1)) books.count(page);
  return books.report(components.secp256k1);
}

async function readHeader(iterator: AsyncIterator<AuditLine>): Promise<AuditHeader> {
  const first = await iterator.next();
  if (first.done !== true && first.value.kind === 'header') return first.value.header;
  throw outOfPlace(first.done === true ? 'nothing' : first.value.kind, 'header');
}

/** What the file has said so far. */
class Books {
  readonly #header: AuditHeader;
  readonly #domain: Domain;
  readonly #history = new DealHistory();
  readonly #vouchers = new Map<Address, SignedVoucher>();
  readonly #meters: PeerMeter[] = [];
  readonly #best = new BestReceipts();
  readonly #bytesByNode = new Map<Address, Map<number, bigint>>();
  readonly #countByNode = new Map<Address, number>();
  readonly #rejected = new Map<string, number>();
  readonly #listed: RejectedReceipt[] = [];
  readonly #onRejected: (rejected: RejectedReceipt) => void;
  readonly #onProgress: (receipts: number) => void;
  #source: AuditReport['source'];
  #eventsDiffer = false;
  #events = 0;
  #voucherCount = 0;
  #position = 0;
  #totals: AuditTotals | undefined;

  constructor(header: AuditHeader, options: AuditOptions) {
    this.#header = header;
    this.#source = header.source;
    this.#domain = { chainId: header.chainId, verifyingContract: header.market };
    this.#onRejected = options.onRejected ?? (() => undefined);
    this.#onProgress = options.onProgress ?? (() => undefined);
  }

  /** Takes events and vouchers; @returns the pages of receipts that follow, to be read once. */
  async readUntilReceipts(
    iterator: AsyncIterator<AuditLine>,
    options: AuditOptions,
  ): Promise<AsyncGenerator<Uint8Array>> {
    const events: DealEvent[] = [];
    let next = await iterator.next();
    for (; next.done !== true && next.value.kind === 'events'; next = await iterator.next()) {
      events.push(...next.value.events);
      if (events.length > MAX_EVENTS) throw tooMany('events', MAX_EVENTS);
    }
    await this.#applyEvents(events, options);
    for (; next.done !== true && next.value.kind === 'vouchers'; next = await iterator.next())
      this.#takeVouchers(next.value.records);
    for (; next.done !== true && next.value.kind === 'peers'; next = await iterator.next()) {
      this.#meters.push(...next.value.meters);
      if (this.#meters.length > MAX_PEER_METERS) throw tooMany('peers', MAX_PEER_METERS);
    }
    return this.#pages(next, iterator);
  }

  /** @throws AuditError AUDIT_EVENTS_INCONSISTENT when the deal was never opened */
  rules(): ReceiptRules {
    const { contentRoot, grantKeys, nodes, peerPool } = this.#history;
    if (contentRoot === undefined) throw neverOpened();
    return {
      ...{ domain: this.#domain, dealId: this.#header.dealId, contentRoot, grantKeys },
      nodes: new Set(nodes.keys()),
      hasPeerPool: peerPool !== undefined,
    };
  }

  /** Adds a page of checked receipts to the sums. */
  count(page: readonly CheckedReceipt[]): void {
    for (const receipt of page) {
      const position = this.#position++;
      if (receipt.fault !== undefined) this.#reject(position, receipt, receipt.fault);
      else this.#countGood(position, receipt);
      if (this.#position % RECEIPTS_PER_PROGRESS === 0) this.#onProgress(this.#position);
    }
  }

  report(secp256k1: Secp256k1): AuditReport {
    const totals = this.#requireTotals();
    const bills = this.#bills(secp256k1);
    const peers = this.#peers();
    const sum = (of: (bill: NodeBill) => bigint): bigint =>
      bills.reduce((total, bill) => total + of(bill), 0n);
    const rejected = [...this.#rejected.values()].reduce((total, count) => total + count, 0);
    const wrong = bills.flatMap(({ differences }) => differences.filter(({ isWrong }) => isWrong));
    const isRight = wrong.length === 0 && (peers === undefined || peers.differences.length === 0);
    return {
      ...{ dealId: this.#header.dealId, chainId: this.#header.chainId, market: this.#header.market },
      ...{ block: this.#header.block, source: this.#source, eventsDiffer: this.#eventsDiffer },
      publisher: this.#history.publisher,
      agrees: isRight && !this.#eventsDiffer,
      receipts: {
        ...{ total: this.#position, stated: totals.receipts, counted: this.#position - rejected },
        rejected: Object.fromEntries([...this.#rejected].sort()),
      },
      rejected: this.#listed,
      billedWei: sum((bill) => bill.billedWei),
      recomputedWei: sum((bill) => bill.recomputedWei),
      paidWei: sum((bill) => bill.paidWei),
      nodes: bills,
      peers,
      notAuditedEvents: this.#history.unknownEvents,
    };
  }

  async #applyEvents(events: readonly DealEvent[], { trustedEvents }: AuditOptions): Promise<void> {
    const [first] = events;
    if (first === undefined) throw neverOpened();
    this.#events = events.length;
    const trusted = await trustedEvents?.(this.#header, first);
    if (trusted !== undefined) {
      this.#source = 'chain';
      this.#eventsDiffer = !sameEvents(trusted, events);
    }
    for (const event of trusted ?? events) {
      if (event.arguments['dealId'] !== this.#header.dealId) throw otherDeal(event);
      orAuditError(
        () => this.#history.apply(event),
        (failure) => inconsistent(event, failure.message),
      );
    }
  }

  #takeVouchers(records: Uint8Array): void {
    for (let offset = 0; offset < records.length; offset += SIGNED_VOUCHER_BYTES) {
      const record = records.subarray(offset, offset + SIGNED_VOUCHER_BYTES);
      const signed = orAuditError(() => decodeSignedVoucher(record), badVoucher);
      this.#voucherCount++;
      const before = this.#vouchers.get(signed.voucher.node);
      const isOfDeal = signed.voucher.dealId === this.#header.dealId;
      if (isOfDeal && (before === undefined || signed.voucher.cumulative > before.voucher.cumulative))
        this.#vouchers.set(signed.voucher.node, signed);
    }
  }

  async *#pages(
    first: IteratorResult<AuditLine>,
    iterator: AsyncIterator<AuditLine>,
  ): AsyncGenerator<Uint8Array> {
    for (let next = first; next.done !== true; next = await iterator.next()) {
      const line = next.value;
      if (this.#totals !== undefined) throw outOfPlace(line.kind, 'nothing');
      if (line.kind === 'receipts') yield line.records;
      else if (line.kind === 'end') this.#totals = line.totals;
      else throw outOfPlace(line.kind, 'receipts');
    }
  }

  #countGood(position: number, receipt: CheckedReceipt): void {
    const { node, grantHash, epoch, bytes } = receipt;
    if (node === undefined || grantHash === undefined) return;
    const before = this.#best.offer(grantHash, { bytes, position });
    if (before !== undefined && before.bytes >= bytes) {
      this.#reject(position, receipt, superseded(before.position, before.bytes));
      return;
    }
    const byEpoch = this.#bytesByNode.get(node) ?? new Map<number, bigint>();
    this.#bytesByNode.set(node, byEpoch);
    byEpoch.set(epoch, (byEpoch.get(epoch) ?? 0n) + bytes - (before?.bytes ?? 0n));
    const span = this.#history.nodes.get(node)?.claimedSpans.find((each) => isIn([each], epoch));
    if (before === undefined) this.#countByNode.set(node, (this.#countByNode.get(node) ?? 0) + 1);
    else if (span === undefined) {
      // The one that counted so far stands earlier in the file; the grant, and so node and epoch, is the same.
      this.#reject(before.position, { ...receipt, bytes: before.bytes }, superseded(position, bytes));
    }
    if (span !== undefined) this.#reject(position, receipt, settledByClaim(span));
  }

  #reject(position: number, receipt: CheckedReceipt, fault: ReceiptFault): void {
    this.#rejected.set(fault.code, (this.#rejected.get(fault.code) ?? 0) + 1);
    const { grantHash, node, epoch, bytes } = receipt;
    const rejected: RejectedReceipt = { position, grantHash, node, epoch, bytes, ...fault };
    this.#onRejected(rejected);
    if (this.#listed.length < MAX_LISTED_RECEIPTS) this.#listed.push(rejected);
  }

  #bills(secp256k1: Secp256k1): NodeBill[] {
    const { nodes, collectors } = this.#history;
    return [...nodes.values()].map((history) => {
      const signed = this.#vouchers.get(history.node);
      const held = {
        count: this.#countByNode.get(history.node) ?? 0,
        bytesByEpoch: this.#bytesByNode.get(history.node) ?? new Map<number, bigint>(),
      };
      if (signed === undefined) return billOf(history, held, undefined);
      const signer = signerOf(secp256k1, voucherDigest(this.#domain, signed.voucher), signed.signature);
      const isByCollector = collectors.some(
        ({ address, lastEpoch }) =>
          address === signer && (lastEpoch === undefined || signed.voucher.throughEpoch <= lastEpoch),
      );
      return billOf(history, held, { signed, isByCollector });
    });
  }

  #peers(): PeersBill | undefined {
    const { peerPool: pool, nodes } = this.#history;
    if (pool === undefined) return undefined;
    const receiptBytes = new Map<Address, bigint>();
    const paidOrStated = new Set([...pool.paidWei.keys(), ...this.#meters.map(({ peer }) => peer)]);
    for (const [node, byEpoch] of this.#bytesByNode) {
      // Who was a peer before it was allocated something is both: its receipts do not say which they are.
      if (nodes.has(node) && !paidOrStated.has(node)) continue;
      receiptBytes.set(
        node,
        [...byEpoch.values()].reduce((sum, bytes) => sum + bytes, 0n),
      );
    }
    const allocationRates = [...nodes.values()].map(({ ratePerGiB }) => ratePerGiB);
    return peersBillOf({ pool, meters: this.#meters, receiptBytes, allocationRates });
  }

  /** The end of the file counts what it has. Receipts that were added or taken out are told by the bill, not here. */
  #requireTotals(): AuditTotals {
    const actual = { events: this.#events, vouchers: this.#voucherCount, receipts: this.#position };
    const stated = this.#totals;
    if (stated?.events === actual.events && stated.vouchers === actual.vouchers) return stated;
    throw new AuditError(
      'AUDIT_FILE_INCOMPLETE',
      stated === undefined ? 'The file has no end.' : 'The file does not hold what its end says.',
      {
        values: { receipts: actual.receipts, events: actual.events, vouchers: actual.vouchers },
        remedy: 'Run bcdn audit download with the same --out again: it goes on where it stopped.',
      },
    );
  }
}

function superseded(betterPosition: number, betterBytes: bigint): ReceiptFault {
  return { code: 'SUPERSEDED_BY_BETTER', values: { betterPosition, betterBytes } };
}

function settledByClaim({ route, isVoid, afterEpoch, toEpoch }: ClaimedSpan): ReceiptFault {
  const outcome = isVoid ? 'void' : 'paid';
  return { code: 'EPOCH_SETTLED_BY_CLAIM', values: { route, outcome, afterEpoch, toEpoch } };
}

function outOfPlace(kind: string, expected: string): AuditError {
  return new AuditError('AUDIT_FILE_MALFORMED', `The file has ${kind} where ${expected} should be.`, {
    values: { kind, expected },
    remedy: 'Download the file again with bcdn audit download.',
  });
}

function badVoucher(failure: ProtocolError): AuditError {
  return new AuditError('AUDIT_FILE_MALFORMED', `A voucher cannot be decoded: ${failure.message}`, {
    values: { reason: failure.code },
    remedy: 'Download the file again with bcdn audit download.',
    cause: failure,
  });
}

/** What the protocol layer refuses is a fault of the file. */
function orAuditError<T>(work: () => T, failed: (failure: ProtocolError) => AuditError): T {
  try {
    return work();
  } catch (failure) {
    if (failure instanceof ProtocolError) throw failed(failure);
    throw failure;
  }
}

function neverOpened(): AuditError {
  return new AuditError('AUDIT_EVENTS_INCONSISTENT', 'No event says that the deal was opened.', {
    remedy: 'Check the deal id, or audit with --rpc and the URL of a chain that you trust.',
  });
}

function otherDeal({ name, blockNumber, logIndex }: DealEvent): AuditError {
  return new AuditError(
    'AUDIT_EVENTS_INCONSISTENT',
    `Event ${name} in block ${blockNumber} is of another deal.`,
    {
      values: { name, blockNumber, logIndex },
      remedy: 'Download the file again with bcdn audit download.',
    },
  );
}

function tooMany(what: 'events' | 'peers', most: number): AuditError {
  return new AuditError('AUDIT_TOO_LARGE', `One audit takes ${most} ${what}.`, {
    values: { what, most },
    remedy: 'Ask the developers for an audit of larger deals.',
  });
}
