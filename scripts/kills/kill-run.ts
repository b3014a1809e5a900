import { setTimeout as sleep } from 'node:timers/promises';

import { dataDirAt } from '../../node/app/config/data-dir.ts';
import { askNode } from '../../node/app/control/control-client.ts';
import { settleDocument } from '../../node/app/control/documents.ts';
import { EPOCH_GRACE_MS } from '../../node/core/settlement/settlement-limits.ts';
import { lastRipeEpoch } from '../../node/core/settlement/settlement-plan.ts';
import { ClientError } from '../../sdk/client/client-error.ts';
import { systemClock } from '../../sdk/pacing/clock.ts';
import { HttpBlockSource } from '../../sdk/client/http-block-source.ts';
import { domainOf, MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { ViewerSession } from '../../sdk/client/viewer-session.ts';
import { contentRootOf } from '../../sdk/protocol/content.ts';
import { epochEndsAt } from '../../sdk/protocol/epoch.ts';
import { parseEpoch } from '../../sdk/protocol/identifiers.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { DevnetError } from '../devnet/devnet-error.ts';
import type { Progress } from '../devnet/progress.ts';
import { RandomStreams } from '../measuring/random-streams.ts';
import { booksOnDisk } from './books-on-disk.ts';
import { planKills, type Moment, type Phase, type PlannedKill } from './kill-plan.ts';
import { doublePayments, readChainPay, readPayments, type PaidNode } from './payments.ts';
import { ReceiptBook, type Comparison } from './receipt-book.ts';
import { isClean, type KillReport } from './report.ts';
import type { SmallEdge, SmallNetwork } from './small-network.ts';
import { Viewer } from './viewer.ts';

/** Short epochs: many of them end, and are settled, between two kills. */
export const EPOCH_SECONDS = 3;
/** A price that has no fraction of a wei for any number of bytes: each route pays exactly what its receipts are worth. */
export const WEI_PER_BYTE = 1_000_000n;
const VIEWERS = 3;
const KEY_BYTES = 32;
/** Nobody listens there: a coordinator that is gone for good. */
const NO_COORDINATOR = 'http://127.0.0.1:9';
/** No voucher is redeemed by itself: what is due piles up until a kill is aimed at its settlement. */
const NEVER_BY_ITSELF = (10n ** 30n).toString();
/** More than a claim has here. */
const MANY_RECEIPTS = 10_000;
/** The last settlement waits for an epoch's end and, perhaps, for a claim to be decided; this is for a slow machine. */
const FINAL_SETTLEMENT_MS = 120_000;
const FINAL_POLL_MS = 500;

export interface KillRunOptions {
  readonly count: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** What a run works on: a network in which one edge serves one publication. */
export interface KillRunParts {
  readonly network: SmallNetwork;
  readonly edge: SmallEdge;
  readonly publication: Publication;
  readonly progress: Progress;
}

/** No coordinator answers and no minimum holds claims back; from how many receipts on they are sampled. */
const claiming = (sampledFromReceipts: number): readonly string[] => [
  ...['--marketplace-url', NO_COORDINATOR, '--direct-claim-after-epochs', '1'],
  ...['--settle-minimum-wei', NEVER_BY_ITSELF],
  ...['--sampled-claim-from-receipts', String(sampledFromReceipts)],
];

/** Flags of `bcdn-node start` by phase. */
const PHASE_FLAGS: Readonly<Record<Phase, readonly string[]>> = {
  'direct-claim': claiming(MANY_RECEIPTS),
  'sampled-claim': claiming(1),
  voucher: ['--settle-minimum-wei', NEVER_BY_ITSELF],
};

/** Kills the edge of a network again and again while viewers fetch from it, and holds its books against theirs. */
export class KillRun {
  readonly #network: SmallNetwork;
  readonly #edge: SmallEdge;
  readonly #publication: Publication;
  readonly #options: KillRunOptions;
  readonly #progress: Progress;
  readonly #book = new ReceiptBook();
  readonly #http = new UndiciExchange();
  readonly #moments: Record<Moment, number> = { starting: 0, serving: 0, settling: 0 };
  #duringSettlement = 0;
  #duringOpenClaim = 0;
  #lost = 0;
  #invented = 0;
  #overpaid = 0;

  constructor(parts: KillRunParts, options: KillRunOptions) {
    this.#network = parts.network;
    this.#edge = parts.edge;
    this.#publication = parts.publication;
    this.#progress = parts.progress;
    this.#options = options;
  }

  /** The whole run. @throws DevnetError when the network itself fails */
  async run(): Promise<KillReport> {
    const { count, seed, signal } = this.#options;
    const watching = new AbortController();
    const viewers = await this.#startViewers(AbortSignal.any([watching.signal, signal]));
    try {
      const plan = planKills(count, seed);
      await this.#firstAcknowledgement();
      for (const [index, kill] of plan.entries()) {
        signal.throwIfAborted();
        await this.#killOnce(kill, index > 0);
        this.#progress.say(
          `${index + 1}/${count} ${kill.phase}, ${kill.moment} + ${kill.afterMs} ms: ${this.#book.acknowledgedBytes} bytes acknowledged, ${this.#lost} receipts lost`,
        );
      }
    } finally {
      watching.abort();
      await Promise.all(viewers);
    }
    const recoveredBytes = await this.#settleAll();
    const report = await this.#report(recoveredBytes);
    await this.#http.close();
    return report;
  }

  get #paidNode(): PaidNode {
    return { dealId: this.#publication.dealId, node: this.#edge.node.operator };
  }

  async #startViewers(signal: AbortSignal): Promise<Promise<void>[]> {
    const api = new MarketplaceApi({ http: this.#http, clock: systemClock }, this.#network.marketplaceUrl);
    const domain = domainOf(await api.network());
    const { cid, dealId } = this.#publication;
    return Array.from({ length: VIEWERS }, (_, index) => {
      const random = new RandomStreams(this.#options.seed).stream(`viewer ${index}`);
      const privateKey = Uint8Array.from({ length: KEY_BYTES }, () => Math.floor(random() * 256));
      const session = new ViewerSession(
        { api, secp256k1: nativeSecp256k1, clock: systemClock },
        { domain, dealId, contentRoot: contentRootOf(cid), privateKey },
      );
      const parts = { session, http: this.#http, book: this.#book, random };
      return new Viewer(parts, { node: this.#edge.node.operator, cid }).run(signal);
    });
  }

  /** Grants come a moment after the content is placed. */
  async #firstAcknowledgement(): Promise<void> {
    while (this.#book.acknowledgedBytes === 0) {
      await sleep(FINAL_POLL_MS / 5, undefined, { signal: this.#options.signal });
    }
  }

  /** Starts the edge (the first time it runs already), kills it at the planned moment, and looks at what is left. */
  async #killOnce({ phase, moment, afterMs }: PlannedKill, restart: boolean): Promise<void> {
    const serving = restart ? this.#edge.start(PHASE_FLAGS[phase]) : Promise.resolve();
    let settling = false;
    if (moment === 'starting') {
      serving.catch(() => undefined);
      await sleep(afterMs);
    } else {
      await serving;
      await this.#redeliver();
      if (moment === 'settling') {
        await this.#epochEnd();
        settling = true;
        this.#settle().then(
          () => (settling = false),
          () => undefined,
        );
      }
      await sleep(afterMs);
    }
    if (settling) this.#duringSettlement += 1;
    this.#moments[moment] += 1;
    await this.#edge.node.kill();
    await serving.catch(() => undefined);
    await this.#inspect();
  }

  /** Waits until the epoch that runs is ripe for settling, by the chain's time. */
  async #epochEnd(): Promise<void> {
    const head = await this.#network.provider.getBlock('latest');
    const nowMs = Math.max(Date.now(), (head?.timestamp ?? 0) * 1000);
    const ripe = lastRipeEpoch(nowMs, EPOCH_SECONDS) ?? 0;
    const ripeAtMs = epochEndsAt(parseEpoch(ripe + 1), EPOCH_SECONDS) * 1000 + EPOCH_GRACE_MS;
    await sleep(ripeAtMs - nowMs, undefined, { signal: this.#options.signal });
  }

  /** Has the edge settle, like `bcdn-node settle`. */
  async #settle(): Promise<void> {
    const { controlSocket: socket } = dataDirAt(this.#edge.dataDir);
    await askNode({ socket, path: '/settle', answer: settleDocument, timeoutMs: FINAL_SETTLEMENT_MS });
  }

  /** What the disk and the chain say while the node is dead. */
  async #inspect(): Promise<void> {
    const { provider, deployment } = this.#network;
    this.#note(this.#book.compare(await booksOnDisk(this.#edge.dataDir, this.#publication.dealId)));
    const { paidWei, lockedWei, throughEpoch } = await readChainPay(provider, deployment, this.#paidNode);
    if (lockedWei > 0n) this.#duringOpenClaim += 1;
    if (paidWei + lockedWei > this.#worthWei(-1, throughEpoch)) this.#overpaid += 1;
  }

  /** What viewers do after a failure: they hand in the newest receipt of what they could not deliver. */
  async #redeliver(): Promise<void> {
    const receipts = this.#book.undelivered().map(({ pair }) => pair.signedReceipt);
    if (receipts.length === 0) return;
    const source = new HttpBlockSource(this.#http, this.#edge.node.httpUrl);
    try {
      for (const { grantHash, bytes } of await source.deliverReceipts(receipts)) {
        this.#book.acknowledge(grantHash, bytes);
      }
    } catch (error) {
      // Epochs that are closed take none any more: what is on disk of those grants is known from the kill.
      if (!(error instanceof ClientError)) throw error;
    }
  }

  /** Everything is settled with the coordinator there again; gives the bytes in the node's own books. */
  async #settleAll(): Promise<number> {
    const { node } = this.#edge;
    await this.#edge.start([]);
    await this.#redeliver();
    const deadlineMs = performance.now() + FINAL_SETTLEMENT_MS;
    for (;;) {
      await this.#settle();
      const { total } = await node.command('earnings');
      const { bytes, meteredWei, paidWei } = requireTotal(total);
      if (meteredWei === paidWei || performance.now() > deadlineMs) {
        await node.kill();
        await this.#inspect();
        return Number(bytes);
      }
      await sleep(FINAL_POLL_MS, undefined, { signal: this.#options.signal });
    }
  }

  async #report(recoveredBytes: number): Promise<KillReport> {
    const { provider, deployment } = this.#network;
    const payments = await readPayments(provider, deployment, this.#paidNode);
    const { paidWei } = await readChainPay(provider, deployment, this.#paidNode);
    const doubled = doublePayments(payments, (after, through) => this.#worthWei(after, through));
    const figures = {
      kills: this.#options.count,
      acknowledgedBytes: this.#book.acknowledgedBytes,
      recoveredBytes,
      lostReceipts: this.#lost,
      doubleClaims: doubled.length + this.#overpaid + this.#invented,
      paidWei,
      expectedWei: this.#worthWei(-1, Infinity),
    };
    const byRoute = (route: Phase): number => payments.filter((payment) => payment.route === route).length;
    return {
      ...figures,
      seed: this.#options.seed,
      seconds: Math.round(performance.now() / 1000),
      grants: this.#book.sessions().length,
      moments: this.#moments,
      duringSettlement: this.#duringSettlement,
      duringOpenClaim: this.#duringOpenClaim,
      payments: {
        voucher: byRoute('voucher'),
        'direct-claim': byRoute('direct-claim'),
        'sampled-claim': byRoute('sampled-claim'),
      },
      ok: isClean(figures),
    };
  }

  #note({ lost, invented }: Comparison): void {
    this.#lost += lost.length;
    this.#invented += invented.length;
  }

  #worthWei(afterEpoch: number, throughEpoch: number): bigint {
    return this.#book.recordedBytes(afterEpoch, throughEpoch) * WEI_PER_BYTE;
  }
}

function requireTotal(total: unknown): Record<'bytes' | 'meteredWei' | 'paidWei', string> {
  const fields: Record<string, unknown> = typeof total === 'object' && total !== null ? { ...total } : {};
  const { bytes, meteredWei, paidWei } = fields;
  if (typeof bytes === 'string' && typeof meteredWei === 'string' && typeof paidWei === 'string') {
    return { bytes, meteredWei, paidWei };
  }
  throw new DevnetError('PROCESS_OUTPUT_INVALID', 'The node did not say what it has earned.');
}
