import type { Socket } from 'node:net';

import type { CID } from 'multiformats/cid';
import { Registry } from 'prom-client';

import type { ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import type { BlockReader } from '../../core/storage/block-ports.ts';
import { loanAfter } from '../../core/storage/borrowed-block.ts';
import { systemClock } from '../clock/system-clock.ts';
import { FrontDesk } from '../delivery-desk/front-desk.ts';
import { StoredBlocks } from '../disk/stored-blocks.ts';
import { plainLogValues } from './log-line.ts';
import type { FillOutcome, FillsBlocks } from '../http/fills-blocks.ts';
import { PassingBlock } from '../http/passing-block.ts';
import { Forwarding } from '../http/forward-route.ts';
import { createGatewayMetrics, type GatewayMetrics } from '../http/gateway-metrics.ts';
import { HttpGateway } from '../http/gateway.ts';
import { WorkerRoutes } from '../http/routes.ts';
import { PlainFields } from './plain-fields.ts';
import type { Plain, ProcessChannel } from './process-channel.ts';
import { RemoteAccounts } from './remote-accounts.ts';
import { COUNTERS_INTERVAL_MS, MAX_TOUCHED_PER_REPORT, REPORT_INTERVAL_MS } from './worker-limits.ts';
import { packReport, unpackForgotten } from './worker-report.ts';
import type { WorkerSetup } from './worker-setup.ts';

/**
 * The gateway of one worker process: parses, resolves, recovers signers, reads blocks. What must be in one place it asks of
 * the node over the channel, and what is asked for seldom it forwards.
 */
export class GatewayWorker {
  readonly #setup: WorkerSetup;
  readonly #channel: ProcessChannel;
  readonly #store: StoredBlocks;
  readonly #forwarding: Forwarding;
  readonly #gateway: HttpGateway;
  readonly #registry = new Registry();
  readonly #touched = new Set<string>();
  #readBytes = 0;
  #busy = performance.eventLoopUtilization();
  #reports: NodeJS.Timeout | undefined;
  #tellings: NodeJS.Timeout | undefined;

  constructor(channel: ProcessChannel, setup: WorkerSetup) {
    this.#setup = setup;
    this.#channel = channel;
    this.#store = new StoredBlocks({
      directory: setup.storeDirectory,
      hotBytes: setup.hotBytes,
      touched: (digest) => {
        if (this.#touched.size < MAX_TOUCHED_PER_REPORT) this.#touched.add(digest);
      },
    });
    this.#forwarding = new Forwarding(setup.socketPath);
    this.#gateway = this.#composeGateway();
  }

  start(): void {
    this.#reports = setInterval(() => this.#report(), REPORT_INTERVAL_MS);
    this.#tellings = setInterval(() => void this.#tellCounters(), COUNTERS_INTERVAL_MS);
  }

  /** Serves a connection until it ends. */
  attend(socket: Socket): Promise<void> {
    return this.#gateway.attend(socket);
  }

  /** Drops blocks from this worker's memory. @throws WorkerError MESSAGE_INVALID */
  forget(message: unknown): void {
    this.#store.forget(unpackForgotten(message));
  }

  /** All that this worker has counted. */
  async counters(): Promise<Plain> {
    return JSON.parse(JSON.stringify(await this.#registry.getMetricsAsJSON())) as Plain;
  }

  /** Lets transfers end for so long, then cuts them off. */
  async stop(drainMs: number): Promise<void> {
    clearInterval(this.#reports);
    clearInterval(this.#tellings);
    await this.#gateway.stop(drainMs);
    this.#report();
    this.#forwarding.close();
    this.#store.close();
  }

  #composeGateway(): HttpGateway {
    const { domain, freeBytesPerMinute, slowClientTimeoutMs } = this.#setup;
    const metrics = withoutFills(createGatewayMetrics(this.#registry));
    const log = {
      warn: (values: LogValues, message: string) => this.#log('warn', values, message),
      error: (values: LogValues, message: string) => this.#log('error', values, message),
    };
    const desk = new FrontDesk(
      {
        accounts: new RemoteAccounts(this.#channel),
        ...{ domain, secp256k1: nativeSecp256k1, metrics },
      },
      { freeBytesPerMinute, ownUserIsFree: false },
    );
    const components = {
      ...{ desk, metrics, log, contents: this.#store, blocks: this.#countedBlocks() },
      clock: systemClock,
    };
    const options = slowClientTimeoutMs === undefined ? {} : { slowClientTimeoutMs };
    const routes = new WorkerRoutes(components, options, {
      fill: new RemoteFill(this.#channel),
      forward: this.#forwarding.run,
    });
    return new HttpGateway(components, options, routes);
  }

  /** Blocks as they are sent: counted, and where the operator caps the uplink, in their turn. */
  #countedBlocks(): BlockReader {
    const { paced } = this.#setup;
    return {
      sizeOf: (cid) => this.#store.sizeOf(cid),
      get: async (cid) => {
        const block = await this.#store.get(cid);
        if (block === undefined) return undefined;
        if (paced) await this.#channel.ask('pace', { bytes: block.length });
        this.#readBytes += block.length;
        return block;
      },
      borrow: async (cid, span) => {
        const loan = await this.#store.borrow(cid, span);
        if (loan === undefined) return undefined;
        const bytes = loan.bytes.length;
        if (paced) await loanAfter(loan, () => this.#channel.ask('pace', { bytes }));
        this.#readBytes += bytes;
        return loan;
      },
    };
  }

  async #tellCounters(): Promise<void> {
    this.#channel.tell('counters', await this.counters());
  }

  #report(): void {
    const busy = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(busy, this.#busy);
    this.#busy = busy;
    const report = {
      readBytes: this.#readBytes,
      busyShare: Math.min(1, Math.max(0, utilization)),
      touched: [...this.#touched],
    };
    this.#readBytes = 0;
    this.#touched.clear();
    this.#channel.tell('report', packReport(report));
  }

  #log(level: 'warn' | 'error', values: LogValues, message: string): void {
    this.#channel.tell('log', { level, message, values: plainLogValues(values) });
  }
}

type LogValues = Readonly<Record<string, unknown>>;

/** Missing blocks, fetched by the node: one flight for all workers. */
class RemoteFill implements FillsBlocks {
  readonly #channel: Pick<ProcessChannel, 'ask'>;

  constructor(channel: Pick<ProcessChannel, 'ask'>) {
    this.#channel = channel;
  }

  async fill(cid: CID, contentRoot: ContentRoot | undefined): Promise<FillOutcome> {
    const question = { cid: cid.toString(), contentRoot: contentRoot ?? null };
    const answer = new PlainFields(await this.#channel.ask('fill', question));
    if (answer.flag('passing')) throw new PassingBlock();
    return {
      stored: answer.flag('stored'),
      collapsed: answer.flag('collapsed'),
      absentMs: answer.count('absentMs'),
    };
  }
}

/** Fills are counted where they are made. */
function withoutFills(metrics: GatewayMetrics): GatewayMetrics {
  return { ...metrics, fill: () => undefined };
}
