import type { DeliveryPlane } from '../delivery-plane.ts';
import type { Foundation } from '../foundation.ts';
import { TRAFFIC_TIERS, TrafficHistory, type TrafficSample } from '../traffic/traffic-history.ts';
import type { TrafficDocument } from './desk-documents.ts';

/** Often enough that each step of the finest tier has its sample. */
const SAMPLE_MS = TRAFFIC_TIERS[0]?.stepMs ?? 10_000;

const NOTHING = { sentBytes: 0, transfers: 0, misses: 0, connections: 0 };

/** Samples the traffic of the node while it runs. */
export class TrafficWatch {
  readonly #foundation: Pick<Foundation, 'clock' | 'blocks'>;
  readonly #delivery: () => Pick<DeliveryPlane, 'traffic' | 'workers'> | undefined;
  readonly #history = new TrafficHistory();
  readonly #startedMs: number;
  #timer: NodeJS.Timeout | undefined;

  /** @param delivery undefined until the node delivers */
  constructor(
    foundation: Pick<Foundation, 'clock' | 'blocks'>,
    delivery: () => Pick<DeliveryPlane, 'traffic' | 'workers'> | undefined,
  ) {
    this.#foundation = foundation;
    this.#delivery = delivery;
    this.#startedMs = foundation.clock.nowMs();
  }

  start(): void {
    this.#history.note(this.#sample());
    this.#timer ??= setInterval(() => this.#history.note(this.#sample()), SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  document(): TrafficDocument {
    const now = this.#sample();
    const samples = this.#history.samples().filter(({ atMs }) => atMs < now.atMs);
    return { startedAt: new Date(this.#startedMs).toISOString(), samples: [...samples, now] };
  }

  #sample(): TrafficSample {
    const { clock, blocks } = this.#foundation;
    const delivery = this.#delivery();
    const served = delivery?.traffic.figures() ?? NOTHING;
    return {
      atMs: clock.nowMs(),
      receivedBytes: blocks.usage().storedBytes,
      ...served,
      connections: delivery?.workers()?.connections ?? served.connections,
    };
  }
}
