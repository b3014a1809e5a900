import { bytesToHex, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_REPAIR_NODES, MAX_REPAIR_ROUND_TRIPS, MAX_REPAIRED_ENTRIES } from '../limits.ts';
import { memberName } from '../member-names.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';
import type { ListedEntry } from '../wire-message.ts';
import { keyOf, type RangeNode } from './range-node.ts';

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
  /** Ranges whose parts were listed: where a second look goes. */
  readonly #listed = new Map<string, RangeNode>();
  /** The differences of the first look, while the second is taken. */
  #earlier: ReadonlySet<string> | undefined;
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

  /** A part of `range` is known entry by entry: this is what each side knows better. */
  differs(range: RangeNode, wanted: readonly ListedEntry[], better: readonly RingEntry[]): void {
    if (this.#listed.size < MAX_REPAIR_NODES) this.#listed.set(keyOf(range), range);
    for (const entry of wanted) {
      const isNew = this.#earlier?.has(claimKey(entry.name, entry)) === false;
      if (!isNew && this.#wanted.size < MAX_REPAIRED_ENTRIES) this.#wanted.set(bytesToHex(entry.name), entry);
    }
    for (const entry of better) {
      const isNew = this.#earlier?.has(claimKey(memberName(entry.nid), entry)) === false;
      if (!isNew && this.#better.length < MAX_REPAIRED_ENTRIES) this.#better.push(entry);
    }
  }

  get isSecondLook(): boolean {
    return this.#earlier !== undefined;
  }

  /** Compares the differing ranges once more; only what differed then and still does is a difference. */
  lookAgain(): void {
    const earlier = new Set<string>();
    for (const entry of this.#wanted.values()) earlier.add(claimKey(entry.name, entry));
    for (const entry of this.#better) earlier.add(claimKey(memberName(entry.nid), entry));
    this.#earlier = earlier;
    this.#wanted.clear();
    this.#better = [];
    for (const range of this.#listed.values()) this.compare(range);
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

function claimKey(name: Uint8Array, claim: Pick<RingEntry, 'incarnation' | 'state'>): string {
  return `${bytesToHex(name)} ${claim.incarnation} ${claim.state}`;
}
