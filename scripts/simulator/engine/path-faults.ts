import type { Random } from '../../measuring/random-streams.ts';

/** What is wrong with the paths between nodes: random loss, one-way cuts, splits. Whole at first. */
export class PathFaults {
  /** Share of messages that are lost, 0 to 1. */
  lossRate = 0;
  readonly #random: Random;
  readonly #cuts = new Set<number>();
  /** Side of each node; nodes of different sides do not reach each other. */
  #sideOf: ((node: number) => number) | undefined;
  /** Messages from this side still pass to the others; none if undefined. */
  #heardSide: number | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Messages from one node to the other are lost; the way back stays. */
  cut(from: number, to: number): void {
    this.#cuts.add(pairKey(from, to));
  }

  mend(from: number, to: number): void {
    this.#cuts.delete(pairKey(from, to));
  }

  /**
   * Divides the nodes by side until `heal`. Called with the node's index, also for nodes that join later.
   * With `heardSide` the split is one-way: what that side sends still reaches the others.
   */
  split(sideOf: (node: number) => number, options: { readonly heardSide?: number } = {}): void {
    this.#sideOf = sideOf;
    this.#heardSide = options.heardSide;
  }

  heal(): void {
    this.#sideOf = undefined;
    this.#cuts.clear();
  }

  isOpen(from: number, to: number): boolean {
    if (this.#sideOf !== undefined) {
      const side = this.#sideOf(from);
      if (side !== this.#heardSide && side !== this.#sideOf(to)) return false;
    }
    return this.#cuts.size === 0 || !this.#cuts.has(pairKey(from, to));
  }

  /** Does a message sent now get through? Draws only if there is loss. */
  passes(from: number, to: number): boolean {
    if (!this.isOpen(from, to)) return false;
    return this.lossRate === 0 || this.#random() >= this.lossRate;
  }

  /** Would messages in both directions certainly get through? */
  isCertain(a: number, b: number): boolean {
    return this.lossRate === 0 && this.isOpen(a, b) && this.isOpen(b, a);
  }
}

function pairKey(from: number, to: number): number {
  return from * 0x400_0000 + to;
}
