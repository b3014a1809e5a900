import { OriginError } from '../../core/origin/origin-error.ts';
import { MAX_REQUESTS_PER_HOST, MAX_WAITING_PER_HOST } from '../../core/origin/origin-limits.ts';

interface Queue {
  inside: number;
  readonly waiting: (() => void)[];
}

/** Lets a few requests to each host go on at once and some wait. */
export class HostGate {
  readonly #hosts = new Map<string, Queue>();

  /**
   * Runs work when it is its turn at the host.
   * @throws OriginError ORIGIN_BUSY; what the work throws
   */
  async enter<T>(host: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#hosts.get(host) ?? { inside: 0, waiting: [] };
    this.#hosts.set(host, queue);
    if (queue.inside < MAX_REQUESTS_PER_HOST) queue.inside += 1;
    else {
      if (queue.waiting.length >= MAX_WAITING_PER_HOST) throw busy(host);
      // Who leaves hands its place on, so nobody slips in between.
      await new Promise<void>((resolve) => queue.waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = queue.waiting.shift();
      if (next !== undefined) next();
      else {
        queue.inside -= 1;
        if (queue.inside === 0) this.#hosts.delete(host);
      }
    }
  }
}

function busy(host: string): OriginError {
  return new OriginError('ORIGIN_BUSY', 'Too many requests wait for the origin.', {
    values: { host, maxRequests: MAX_REQUESTS_PER_HOST, maxWaiting: MAX_WAITING_PER_HOST },
    remedy: 'Try again in a second, or ask another node.',
  });
}
