const FIRST_CAPACITY = 1_024;
const CHILDREN = 4;

/**
 * Events in order of (time, order of scheduling): a heap of four children in typed arrays, with the payloads in a pool
 * beside it, so that an event costs no object. `pop` puts the next event into the public fields.
 */
export class EventQueue<Payload> {
  /** The event that `pop` took last. */
  timeMs = 0;
  target = 0;
  source = 0;
  payload: Payload | undefined;

  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  #slots = new Int32Array(FIRST_CAPACITY);
  #targets = new Int32Array(FIRST_CAPACITY);
  #sources = new Int32Array(FIRST_CAPACITY);
  readonly #payloads: (Payload | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #length = 0;
  #order = 0;

  get length(): number {
    return this.#length;
  }

  /** Time of the next event, Infinity if there is none. */
  get nextMs(): number {
    return this.#length === 0 ? Infinity : (this.#times[0] ?? Infinity);
  }

  push(timeMs: number, target: number, source: number, payload: Payload | undefined): void {
    if (this.#length === this.#times.length) this.#grow();
    const slot = this.#freeSlots.pop() ?? this.#length;
    this.#targets[slot] = target;
    this.#sources[slot] = source;
    this.#payloads[slot] = payload;
    this.#order += 1;
    const at = this.#rise(this.#length, timeMs, this.#order);
    this.#length += 1;
    this.#times[at] = timeMs;
    this.#orders[at] = this.#order;
    this.#slots[at] = slot;
  }

  /** Takes the next event into the fields; false if there is none. */
  pop(): boolean {
    if (this.#length === 0) return false;
    const slot = this.#slots[0] ?? 0;
    this.timeMs = this.#times[0] ?? 0;
    this.target = this.#targets[slot] ?? 0;
    this.source = this.#sources[slot] ?? 0;
    this.payload = this.#payloads[slot];
    this.#payloads[slot] = undefined;
    this.#freeSlots.push(slot);
    this.#length -= 1;
    if (this.#length > 0) this.#refill();
    return true;
  }

  /** Moves parents down from a hole until (timeMs, order) may stand there. */
  #rise(hole: number, timeMs: number, order: number): number {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    while (hole > 0) {
      const parent = ((hole - 1) / CHILDREN) | 0;
      const parentMs = times[parent] ?? 0;
      if (parentMs < timeMs || (parentMs === timeMs && (orders[parent] ?? 0) < order)) break;
      times[hole] = parentMs;
      orders[hole] = orders[parent] ?? 0;
      slots[hole] = slots[parent] ?? 0;
      hole = parent;
    }
    return hole;
  }

  /** The last event takes the empty root and sinks to its place. */
  #refill(): void {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const length = this.#length;
    const timeMs = times[length] ?? 0;
    const order = orders[length] ?? 0;
    const slot = slots[length] ?? 0;
    let hole = 0;
    for (;;) {
      const first = hole * CHILDREN + 1;
      if (first >= length) break;
      const last = Math.min(first + CHILDREN, length);
      let least = first;
      let leastMs = times[first] ?? 0;
      for (let child = first + 1; child < last; child++) {
        const childMs = times[child] ?? 0;
        if (childMs < leastMs || (childMs === leastMs && (orders[child] ?? 0) < (orders[least] ?? 0))) {
          least = child;
          leastMs = childMs;
        }
      }
      if (leastMs > timeMs || (leastMs === timeMs && (orders[least] ?? 0) > order)) break;
      times[hole] = leastMs;
      orders[hole] = orders[least] ?? 0;
      slots[hole] = slots[least] ?? 0;
      hole = least;
    }
    times[hole] = timeMs;
    orders[hole] = order;
    slots[hole] = slot;
  }

  #grow(): void {
    const capacity = this.#times.length * 2;
    this.#times = copyInto(new Float64Array(capacity), this.#times);
    this.#orders = copyInto(new Float64Array(capacity), this.#orders);
    this.#slots = copyInto(new Int32Array(capacity), this.#slots);
    this.#targets = copyInto(new Int32Array(capacity), this.#targets);
    this.#sources = copyInto(new Int32Array(capacity), this.#sources);
  }
}

function copyInto<A extends Float64Array | Int32Array>(grown: A, old: A): A {
  grown.set(old);
  return grown;
}
