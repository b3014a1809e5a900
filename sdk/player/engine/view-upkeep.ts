import type { Clock } from '../../pacing/clock.ts';
import { IDLE_SESSION_MS, OWED_INTERVAL_MS, SETTLE_AFTER_MS } from '../player-limits.ts';
import type { ContentView } from './content-view.ts';
import type { OwedReceipts } from './owed-receipts.ts';

/** What a view needs done while nobody asks: receipts delivered when it rests, its session ended when it rests long. */
export class ViewUpkeep {
  readonly #view: ContentView;
  readonly #clock: Clock;
  readonly #owed: OwedReceipts | undefined;
  readonly #marketplaceUrl: string;
  #keptAtMs = 0;
  #busy: Promise<void> | undefined;

  /** @param owed undefined where the browser keeps nothing: a sandboxed frame, a private window */
  constructor(
    components: { readonly clock: Clock; readonly owed: OwedReceipts | undefined },
    view: ContentView,
    marketplaceUrl: string,
  ) {
    this.#view = view;
    this.#clock = components.clock;
    this.#owed = components.owed;
    this.#marketplaceUrl = marketplaceUrl;
  }

  /** Call it often: it does what is due, one thing at a time. */
  tend(): Promise<void> {
    this.#busy ??= this.#due().finally(() => (this.#busy = undefined));
    return this.#busy;
  }

  /** Delivers the last receipts. */
  async close(): Promise<void> {
    await this.#busy;
    await this.#view.nodes.close();
    await this.#owed?.keep(this.#marketplaceUrl, this.#view.nodes.owed());
    this.#owed?.stop();
  }

  async #due(): Promise<void> {
    const { nodes } = this.#view;
    const { idleMs } = nodes;
    if (idleMs >= IDLE_SESSION_MS) await nodes.close();
    else if (idleMs >= SETTLE_AFTER_MS) await nodes.settle();
    const nowMs = this.#clock.nowMs();
    if (this.#owed === undefined || nowMs - this.#keptAtMs < OWED_INTERVAL_MS) return;
    this.#keptAtMs = nowMs;
    await this.#owed.keep(this.#marketplaceUrl, nodes.owed());
  }
}
