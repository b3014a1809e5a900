import type { CID } from 'multiformats/cid';

import type { Clock } from '../pacing/clock.ts';
import { pause } from '../pacing/pause.ts';
import { verifyBlock, type Sha256 } from '../protocol/content.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { Address } from '../protocol/identifiers.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../protocol/limits.ts';
import type { SignedReceipt } from '../protocol/receipt.ts';
import type { BlockAnswer, BlockSource } from './block-source.ts';
import { ClientError } from './client-error.ts';
import {
  GRANTS_REST_MS,
  MAX_CONSECUTIVE_FAILURES,
  MAX_CONSECUTIVE_REFUSALS,
  MAX_CREDIT_REFUSALS,
  STARVED_TIMEOUT_MS,
  TICK_MS,
} from './client-limits.ts';
import { ExchangeSource } from './exchange-source.ts';
import type { DropReason, FetchReport } from './fetch-report.ts';
import type { GrantAccount, Ticket } from './grant-account.ts';
import type { GrantBook } from './grant-book.ts';
import type { Refusal } from './json-call.ts';
import type { ReceiptDelivery } from './receipt-delivery.ts';
import { verdictOf } from './refusal-verdict.ts';
import { WantedBlocks, type WantedBlock } from './wanted-blocks.ts';
import { DownloadSchedule, type Answered, type Assignment } from './download-schedule/download-schedule.ts';

/** What the exchange works with. */
export interface ExchangeComponents {
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly book: GrantBook;
  readonly delivery: ReceiptDelivery;
  readonly report: FetchReport;
  sign(account: GrantAccount, bytes: number): SignedReceipt;
}

export interface ExchangeOptions {
  /** Silence after which a source is dropped, milliseconds. */
  readonly stallTimeoutMs: number;
  /** Called when no source is left; answers with how many were added. */
  readonly findSources: () => Promise<number>;
  /** Called when no source has a block; adds others, if there are any that were not asked yet. */
  readonly moreSources: () => Promise<number>;
}

/** A request on its way. */
interface Flight {
  readonly source: ExchangeSource;
  readonly want: WantedBlock;
  readonly account: GrantAccount;
  readonly ticket: Ticket;
  readonly key: string;
}

/**
 * Gets blocks from several sources at once: the schedule says who is asked for what, the grants' accounts how much,
 * and nothing is handed on, counted or receipted before its hash was checked.
 */
export class BlockExchange {
  readonly #components: ExchangeComponents;
  readonly #options: ExchangeOptions;
  readonly #schedule = new DownloadSchedule();
  readonly #sources = new Map<string, ExchangeSource>();
  readonly #wants = new WantedBlocks(this.#schedule);
  readonly #flights = new Set<Promise<void>>();
  /** Blocks on their way that nobody waits for any more. */
  readonly #abandoned = new Set<string>();
  readonly #stop = new AbortController();
  #ticking: Promise<void> | undefined;
  #finding = false;
  #lastArrivalMs = 0;
  #lastWantedMs = 0;

  constructor(components: ExchangeComponents, options: ExchangeOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Begins to look at clocks: grants are renewed and stalled blocks asked for elsewhere. */
  start(): void {
    this.#lastArrivalMs = this.#lastWantedMs = this.#components.clock.nowMs();
    this.#ticking ??= this.#tick();
  }

  /** Breaks off what is under way and waits for its end. */
  async stop(): Promise<void> {
    this.#reportAiling();
    this.#stop.abort();
    this.fail(this.#noSources('the fetch was stopped'));
    for (const source of this.#sources.values()) source.stop.abort();
    await Promise.all([...this.#flights, this.#ticking]);
  }

  /** Nodes in use. */
  get nodes(): readonly Address[] {
    return [...this.#sources.values()].map(({ node }) => node);
  }

  /** Bytes a second of each node in use; undefined for one that was not measured yet. */
  rates(): ReadonlyMap<string, number | undefined> {
    const nowMs = this.#components.clock.nowMs();
    return new Map(this.#schedule.view(nowMs).map(({ source, rate }) => [source, rate && rate * 1_000]));
  }

  /** @param options.near a peer of the viewer's domain, which comes before others @default false */
  addSource(node: Address, blocks: BlockSource, options: { readonly near?: boolean } = {}): void {
    if (this.#sources.has(node)) return;
    this.#sources.set(node, new ExchangeSource(node, blocks));
    this.#schedule.addSource(node, options);
    this.#pump();
  }

  /**
   * The bytes of a block, verified.
   * @param maxBytes most that the block can have @default a full block
   * @throws ClientError NO_SOURCES, BLOCK_UNAVAILABLE
   */
  fetch(cid: CID, maxBytes: number = MAX_SERVED_BLOCK_BYTES): Promise<Uint8Array> {
    this.#lastWantedMs = this.#components.clock.nowMs();
    const known = this.#wants.get(cid.toString());
    if (known !== undefined) return known.promise;
    const { promise } = this.#wants.add(cid, maxBytes);
    this.#pump();
    return promise;
  }

  /** Nobody waits for the block any more: it is asked for no further; what is on its way is verified and receipted. */
  abandon(cid: CID, reason: unknown): void {
    const key = cid.toString();
    const want = this.#wants.get(key);
    if (want === undefined) return;
    this.#wants.forget(key);
    for (const { underWay } of this.#sources.values()) if (underWay.has(key)) this.#abandoned.add(key);
    want.failed(reason);
  }

  /** Whether requests are on their way. */
  get busy(): boolean {
    return this.#flights.size > 0;
  }

  /** Gives every wanted block up. */
  fail(error: unknown): void {
    this.#wants.fail(error);
  }

  #pump(): void {
    if (this.#stop.signal.aborted) return;
    const admits = (node: string, bytes: number) => {
      const source = this.#sources.get(node);
      return source !== undefined && this.#components.book.admitting(source.node, bytes) !== undefined;
    };
    const nowMs = this.#components.clock.nowMs();
    for (;;) {
      const assignment = this.#schedule.next(nowMs, admits);
      if (assignment === undefined) return;
      const flight = this.#board(assignment, nowMs);
      if (flight === undefined) {
        // The grant's epoch ended between the two looks at the clock.
        this.#schedule.answered(assignment.source, assignment.block, { bytes: 0, nowMs });
        continue;
      }
      const flown = this.#fly(flight).finally(() => {
        this.#flights.delete(flown);
        this.#tendGrants();
        this.#pump();
      });
      this.#flights.add(flown);
    }
  }

  #board({ source: node, block: key, bytes }: Assignment, startedMs: number): Flight | undefined {
    const source = this.#sources.get(node);
    const want = this.#wants.get(key);
    const account = source && this.#components.book.admitting(source.node, bytes);
    if (source === undefined || want === undefined || account === undefined) return undefined;
    source.underWay.set(key, startedMs);
    return { source, want, account, key, ticket: account.begin(bytes) };
  }

  async #fly(flight: Flight): Promise<void> {
    const { source, want, account, ticket, key } = flight;
    const { clock } = this.#components;
    let answered: Answered = { bytes: 0, nowMs: 0 };
    try {
      const answer = await source.blocks.fetchBlock({
        cid: want.cid,
        grant: account.header,
        receipt: this.#receiptFor(flight),
        maxBytes: MAX_SERVED_BLOCK_BYTES,
        stallTimeoutMs: this.#options.stallTimeoutMs,
        signal: source.stop.signal,
      });
      // Before the hash is checked: that takes the time of this machine, not of the source.
      const nowMs = clock.nowMs();
      if (answer.kind === 'refused') this.#refused(flight, answer);
      else answered = { bytes: await this.#arrived(flight, answer), nowMs, waitedMs: answer.waitedMs };
    } catch (error) {
      account.brokeOff(ticket);
      this.#failed(flight, error);
    }
    source.underWay.delete(key);
    if (answered.bytes === 0) this.#abandoned.delete(key);
    this.#schedule.answered(source.node, key, answered);
  }

  #receiptFor({ account, ticket }: Flight): SignedReceipt | undefined {
    if (ticket.receiptBytes === undefined) return undefined;
    this.#components.report.receiptsSigned += 1;
    return this.#components.sign(account, ticket.receiptBytes);
  }

  /** @returns verified bytes */
  async #arrived(flight: Flight, answer: Extract<BlockAnswer, { kind: 'block' }>): Promise<number> {
    const { source, want, account, ticket, key } = flight;
    const { bytes, state } = answer;
    const { report, sha256, clock } = this.#components;
    const hashed = answer.sha256;
    const mismatch = await mismatchOf(want.cid, bytes, hashed === undefined ? sha256 : () => hashed);
    account.served(ticket, bytes.length, mismatch === undefined);
    account.learn(state);
    if (mismatch !== undefined) {
      const { expected, actual } = mismatch.values;
      report.bad({
        node: source.node,
        cid: key,
        expected: String(expected),
        actual: String(actual),
        bytes: bytes.length,
      });
      this.#drop(source, 'corrupt', `wrong bytes for ${key}`);
      return 0;
    }
    source.served();
    this.#lastArrivalMs = clock.nowMs();
    report.verified(source.node, bytes.length);
    if (this.#wants.has(key) || this.#abandoned.delete(key)) report.blocks += 1;
    else report.duplicateBlocks += 1;
    this.#wants.forget(key);
    want.arrived(bytes);
    return bytes.length;
  }

  #refused(flight: Flight, { refusal, state }: Extract<BlockAnswer, { kind: 'refused' }>): void {
    const { source, account, ticket, key } = flight;
    account.refused(ticket);
    account.learn(state);
    source.refusals += 1;
    const verdict = verdictOf(refusal);
    if (verdict === 'drop') return this.#drop(source, 'refused', sentenceOf(refusal));
    if (verdict === 'block-missing') return this.#schedule.exclude(key, source.node);
    if (verdict === 'replace-grant') account.retire(sentenceOf(refusal));
    if (verdict === 'send-receipt' && ++source.creditRefusals >= MAX_CREDIT_REFUSALS) {
      source.creditRefusals = 0;
      account.retire(sentenceOf(refusal));
    }
    if (source.refusals >= MAX_CONSECUTIVE_REFUSALS) this.#drop(source, 'refused', sentenceOf(refusal));
    else this.#pause(source);
  }

  #failed(flight: Flight, error: unknown): void {
    const { source } = flight;
    if (source.stop.signal.aborted) return;
    source.failures += 1;
    const detail = error instanceof Error ? error.message : String(error);
    source.lastFailure = detail;
    const code = error instanceof ClientError ? error.code : undefined;
    if (code === 'STALLED') this.#drop(source, 'stalled', detail);
    else if (code === 'ANSWER_TOO_LARGE') this.#drop(source, 'oversized', detail);
    else if (source.failures >= MAX_CONSECUTIVE_FAILURES) this.#drop(source, 'unreachable', detail);
    else this.#pause(source);
  }

  #pause(source: ExchangeSource): void {
    this.#schedule.pause(source.node, this.#components.clock.nowMs() + source.restMs);
  }

  #drop(source: ExchangeSource, reason: DropReason, detail: string): void {
    if (!this.#sources.delete(source.node)) return;
    this.#components.report.dropped({ node: source.node, reason, detail });
    this.#schedule.removeSource(source.node);
    source.stop.abort();
    if (this.#sources.size === 0) void this.#findSources();
  }

  async #findSources(): Promise<void> {
    if (this.#finding || this.#stop.signal.aborted) return;
    this.#finding = true;
    try {
      const found = await this.#options.findSources();
      if (found === 0) this.fail(this.#noSources('every node was dropped'));
    } catch (error) {
      this.fail(error);
    }
    this.#finding = false;
  }

  async #findMore(): Promise<void> {
    if (this.#finding || this.#stop.signal.aborted) return;
    this.#finding = true;
    // Those that there are go on, whatever became of this.
    await this.#options.moreSources().catch(() => 0);
    this.#finding = false;
    if (this.#sources.size === 0) await this.#findSources();
  }

  async #tick(): Promise<void> {
    const { clock, book, delivery } = this.#components;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#tendGrants();
      delivery.flushRetired(book.all());
      if (this.#wants.retryMissing(this.nodes, clock.nowMs())) void this.#findMore();
      this.#pump();
      this.#giveUpIfStarved(clock.nowMs());
      await pause(TICK_MS, signal, clock);
    }
  }

  /** Asks for the grants that will be missing soon. */
  #tendGrants(): void {
    const { clock, book } = this.#components;
    const { signal } = this.#stop;
    if (this.#wants.size > 0) this.#lastWantedMs = clock.nowMs();
    // Nobody looks on: grants are asked for again when something is wanted.
    else if (clock.nowMs() - this.#lastWantedMs > GRANTS_REST_MS) return;
    if (signal.aborted) return;
    for (const { source: node, windowBytes } of this.#schedule.view(clock.nowMs())) {
      const source = this.#sources.get(node);
      if (source !== undefined) book.widen(source.node, windowBytes);
    }
    book.tend(this.nodes, { signal, onChange: () => this.#pump() });
  }

  #giveUpIfStarved(nowMs: number): void {
    if (this.#wants.size === 0) this.#lastArrivalMs = nowMs;
    if (nowMs - this.#lastArrivalMs < STARVED_TIMEOUT_MS) return;
    this.fail(this.#noSources('no node has sent anything for too long'));
  }

  #noSources(why: string): ClientError {
    const { report, book } = this.#components;
    const dropped = report.droppedNodes.map(({ node, reason }) => `${node} ${reason}`).join(', ');
    return new ClientError('NO_SOURCES', `The content cannot be fetched: ${why}.`, {
      values: { dropped, nodes: this.#sources.size, starvedMs: STARVED_TIMEOUT_MS },
      remedy: 'Try again shortly, or fetch from the origin of the publisher.',
      cause: book.lastFailure,
    });
  }

  /** A fetch that is complete waits for nobody, but says who was silent or failing when it ended. */
  #reportAiling(): void {
    const nowMs = this.#components.clock.nowMs();
    const { report } = this.#components;
    for (const source of this.#sources.values()) {
      const ailment = source.ailment(nowMs);
      if (ailment !== undefined) report.dropped({ node: source.node, ...ailment });
    }
  }
}

async function mismatchOf(cid: CID, bytes: Uint8Array, sha256: Sha256): Promise<ProtocolError | undefined> {
  try {
    await verifyBlock(cid, bytes, sha256);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

function sentenceOf(refusal: Refusal): string {
  return `${refusal.code}: ${refusal.message}`;
}
