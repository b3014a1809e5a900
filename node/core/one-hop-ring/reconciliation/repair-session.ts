import { bytesToHex, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_REPAIR_NODES, MAX_REPAIR_ROUND_TRIPS, MAX_REPAIRED_ENTRIES } from '../limits.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import type { ListedEntry } from '../wire-message.ts';
import type { RangeNode } from './range-node.ts';

/** What a repair is for. */
export interface RepairPurpose {
  /** Announce what is learned: the other side was outside our ring. */
  readonly announce: boolean;
  /** Differences may be events on their way: look again before anything is transferred. */
  readonly settle: boolean;
}

/** The beginner's side of one repair; the other side remembers nothing. */
export class RepairSession {
  readonly peer: RingContact;
  readonly purpose: RepairPurpose;
  /** Something was learned. */
  wasFruitful = false;
  /** Ranges still to be compared. */
  readonly #nodes: RangeNode[] = [];
  #asked: readonly RangeNode[] = [];
  /** Entries that the other side knows better, by name. */
  readonly #wanted = new Map<Hex, ListedEntry>();
  /** Entries that we know better. */
  #better: RingEntry[] = [];
  #roundTrips = 0;

  constructor(peer: RingContact, purpose: RepairPurpose) {
    this.peer = peer;
    this.purpose = purpose;
  }

  /** False when this repair has talked enough: the next keep-alives begin another. */
  takeRoundTrip(): boolean {
    this.#roundTrips += 1;
    return this.#roundTrips <= MAX_REPAIR_ROUND_TRIPS;
  }

  compare(node: RangeNode): void {
    if (this.#nodes.length < MAX_REPAIR_NODES) this.#nodes.push(node);
  }

  /** The next ranges to ask about. */
  nextNodes(most: number): readonly RangeNode[] {
    this.#asked = this.#nodes.splice(0, most);
    return this.#asked;
  }

  /** The asked ranges that the answer deals with; the others are asked again. */
  answered(count: number): readonly RangeNode[] {
    const [dealtWith, rest] = [this.#asked.slice(0, count), this.#asked.slice(count)];
    this.#nodes.unshift(...rest);
    this.#asked = [];
    return dealtWith;
  }

  get isCompared(): boolean {
    return this.#nodes.length === 0;
  }

  /** No entry is left to be transferred. */
  get isDone(): boolean {
    return this.#wanted.size + this.#better.length === 0;
  }

  differs(wanted: readonly ListedEntry[], better: readonly RingEntry[]): void {
    for (const entry of wanted) {
      if (this.#wanted.size < MAX_REPAIRED_ENTRIES) this.#wanted.set(bytesToHex(entry.name), entry);
    }
    for (const entry of better) if (this.#better.length < MAX_REPAIRED_ENTRIES) this.#better.push(entry);
  }

  /** Keeps only the differences that are still there. */
  keepIf(isWanted: (entry: ListedEntry) => boolean, isBetter: (entry: RingEntry) => boolean): void {
    for (const [name, entry] of this.#wanted) if (!isWanted(entry)) this.#wanted.delete(name);
    this.#better = this.#better.filter(isBetter);
  }

  /** The next names to ask for. */
  takeWanted(most: number): Uint8Array[] {
    const names: Uint8Array[] = [];
    for (const [id, { name }] of this.#wanted) {
      if (names.length === most) break;
      names.push(name);
      this.#wanted.delete(id);
    }
    return names;
  }

  /** The next entries to send: as long as `fits` takes them. */
  takeBetter(fits: (entry: RingEntry) => boolean): void {
    let taken = 0;
    for (const entry of this.#better) {
      if (!fits(entry)) break;
      taken += 1;
    }
    this.#better = this.#better.slice(taken);
  }
}
