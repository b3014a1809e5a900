import { z } from 'zod';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { readPrivateFile, replacePrivateFile } from '../../adapters/keystore/private-file.ts';
import { MonthlyAllowance, nextMonthMs, type MonthlyTraffic } from '../../core/delivery/monthly-allowance.ts';
import { NodeError } from '../node-error.ts';

const TRAFFIC_SCHEMA = 'bcdn-node/traffic/1';

const trafficFile = z.object({
  schema: z.literal(TRAFFIC_SCHEMA),
  month: z.string().regex(/^\d{4}-\d{2}$/),
  bytes: z.number().int().nonnegative().safe(),
});

/** What a node with a monthly cap has sent, for its operator. */
export interface TrafficFigures extends MonthlyTraffic {
  readonly capBytes: number;
  readonly isUsedUp: boolean;
  /** When the next month begins, milliseconds since 1970. */
  readonly resetsAtMs: number;
}

/** Counts what leaves in a month, and lets no more leave than the operator allows, over restarts and crashes too. */
export class TrafficMeter {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #capBytes: number;
  readonly #allowance: MonthlyAllowance;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    options: { readonly path: string; readonly capBytes: number; readonly clock: Clock },
    known: MonthlyTraffic | undefined,
  ) {
    this.#path = options.path;
    this.#clock = options.clock;
    this.#capBytes = options.capBytes;
    this.#allowance = new MonthlyAllowance(options, known);
  }

  /** @throws NodeError CONFIG_MALFORMED */
  static async open(options: {
    readonly path: string;
    readonly capBytes: number;
    readonly clock: Clock;
  }): Promise<TrafficMeter> {
    const text = await readPrivateFile(options.path);
    return new TrafficMeter(options, text === undefined ? undefined : decode(options.path, text));
  }

  /** Takes bytes before they leave. @throws DeliveryError MONTHLY_CAP_REACHED */
  async take(bytes: number): Promise<void> {
    const outcome = this.#allowance.take(bytes, this.#clock.nowMs());
    if (!outcome.ok) throw outcome.error;
    if (this.#allowance.unnoted === undefined) return;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#note());
    await this.#writing;
  }

  giveBack(bytes: number): void {
    this.#allowance.giveBack(bytes);
  }

  figures(): TrafficFigures {
    const nowMs = this.#clock.nowMs();
    return {
      ...this.#allowance.traffic(nowMs),
      capBytes: this.#capBytes,
      isUsedUp: this.#allowance.isUsedUp(nowMs),
      resetsAtMs: nextMonthMs(nowMs),
    };
  }

  /** Writes down what was sent, no more. */
  async close(): Promise<void> {
    await this.#writing.catch(() => undefined);
    const traffic = this.#allowance.traffic(this.#clock.nowMs());
    await this.#write(traffic);
  }

  async #note(): Promise<void> {
    const traffic = this.#allowance.unnoted;
    // Another taker had it written meanwhile.
    if (traffic === undefined) return;
    await this.#write(traffic);
    this.#allowance.noted(traffic);
  }

  async #write(traffic: MonthlyTraffic): Promise<void> {
    await replacePrivateFile(this.#path, `${JSON.stringify({ schema: TRAFFIC_SCHEMA, ...traffic })}\n`);
  }
}

function decode(path: string, text: string): MonthlyTraffic {
  let reason: string;
  try {
    const result = trafficFile.safeParse(JSON.parse(text));
    if (result.success) return { month: result.data.month, bytes: result.data.bytes };
    reason = result.error.issues[0]?.message ?? 'not valid';
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new NodeError('CONFIG_MALFORMED', {
    message: `${path} cannot be used (${reason}).`,
    remedy: 'Delete it: the month is then counted from now on.',
    values: { path },
  });
}
