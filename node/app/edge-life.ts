import type { ContentRoot } from '../../sdk/protocol/identifiers.ts';
import type { OwnDeal } from '../adapters/chain/cached-deal-directory.ts';
import type { Host } from '../adapters/libp2p/host.ts';
import type { EdgePlane } from './edge-plane.ts';
import { endInOrder } from './end-in-order.ts';
import type { Foundation } from './foundation.ts';
import type { NoticePlane } from './notices/notice-plane.ts';
import { ringSeeds, tellRing } from './ring/ring-edges.ts';
import { RingReturn } from './ring/ring-return.ts';

export interface EdgeLifeTies {
  readonly plane: EdgePlane;
  readonly host: Host;
  readonly notices: NoticePlane;
  readonly contentChanged: (root: ContentRoot) => void;
  /** Repeats work while what hinders it can pass. */
  readonly waiting: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The order in which an edge's own parts begin and end: in the ring first, out of it last. */
export class EdgeLife {
  readonly plane: EdgePlane;
  readonly #foundation: Foundation;
  readonly #ties: EdgeLifeTies;
  #return: RingReturn | undefined;

  constructor(foundation: Foundation, ties: EdgeLifeTies) {
    this.#foundation = foundation;
    this.#ties = ties;
    this.plane = ties.plane;
  }

  /** Joins the ring and the group; then hears notices, fills what deals allocate to it, and settles. */
  async start(signal: AbortSignal): Promise<void> {
    const { ring, group, exchange, filling, settlement } = this.plane;
    const { waiting, notices, host, contentChanged } = this.#ties;
    const seeds = (): string[] => ringSeeds(this.#foundation);
    await waiting(() => ring.start(seeds()));
    tellRing(this.#foundation, ring);
    await group.start();
    await exchange.start();
    const onReturned = (): void => {
      this.fillAll();
    };
    this.#return = new RingReturn(this.#foundation, { ring, seeds, onReturned }, signal);
    notices.start({ host, filling, contentChanged });
    void notices.catchUp(signal);
    this.fillAll();
    settlement.start();
  }

  /** Ends what was started; the signal of `start` is aborted. */
  async stop(): Promise<void> {
    const { ring, group, exchange, filling, settlement } = this.plane;
    await endInOrder(this.#foundation.log, [
      () => settlement.stop(),
      () => filling.stop(),
      () => group.stop(),
      () => this.#return?.idle(),
      () => ring.stop(),
      () => exchange.stop(),
    ]);
  }

  /** The registry was read again. */
  registryRefreshed(): void {
    if (this.#return === undefined) return;
    tellRing(this.#foundation, this.plane.ring);
    this.#return.registryRefreshed();
  }

  /** Fills what a deal allocates to this edge, as soon as it is in the ring. */
  attend(own: OwnDeal): void {
    if (this.#return !== undefined) this.plane.filling.attend(own);
  }

  /** Looks at all own deals again. */
  fillAll(): void {
    for (const own of this.#foundation.directory.own()) this.attend(own);
  }
}
