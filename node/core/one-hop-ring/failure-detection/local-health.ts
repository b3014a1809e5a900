const MAX_SCORE = 4;

/**
 * How far a node distrusts itself (Lifeguard's local health): it rises when the node was woken late, and when nobody
 * whom it asked for help says a word; every answered keep-alive lowers it. Its own timeouts grow with it.
 */
export class LocalHealth {
  #score = 0;

  /** The node stood still: what it missed is not the silence of others. */
  wokenLate(): void {
    this.#raise(2);
  }

  /** Asked others to probe, and heard neither yes nor no from any of them. */
  askedInVain(): void {
    this.#raise(1);
  }

  answered(): void {
    if (this.#score > 0) this.#score -= 1;
  }

  /** Factor of own timeouts, 1 to 2. */
  get patience(): number {
    return 1 + this.#score / MAX_SCORE;
  }

  #raise(by: number): void {
    this.#score = Math.min(MAX_SCORE, this.#score + by);
  }
}
