/** How busy the processes of a node are: this one, and workers that tell so now and then. */
export class BusyShares {
  readonly #own: () => number;
  #toldSum = 0;
  #told = 0;

  /** @param own the share of time since its last call that this process was busy, 0 to 1 */
  constructor(own: () => number) {
    this.#own = own;
  }

  /** A worker was busy for this share of the time since it told last, 0 to 1. */
  tell(share: number): void {
    this.#toldSum += share;
    this.#told += 1;
  }

  /** Since the last call: the share of this process, or the mean of the workers, whichever is larger. */
  take(): number {
    const mean = this.#told === 0 ? 0 : this.#toldSum / this.#told;
    this.#toldSum = 0;
    this.#told = 0;
    return Math.max(mean, this.#own());
  }
}
