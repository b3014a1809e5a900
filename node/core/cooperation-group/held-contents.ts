import { hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { fingerprintBits, fingerprintOf, includes, isSparse } from './content-fingerprint.ts';
import { MAX_CHANGED_FINGERPRINTS, MAX_SUMMARY_CONTENTS } from './group-limits.ts';
import type { ContentSummary, SummaryChange, SummaryVersion } from './group-message.ts';

/** A range may be this many bits wider than needed before it is narrowed: a count that wavers keeps its range. */
const SPARE_BITS = 1;

/**
 * The contents that this node holds, as fingerprints, and what of them the group has been told. Versions count from 1
 * under a salt; another range of fingerprints takes a new salt (SPEC.md, summary).
 */
export class HeldContents {
  readonly #random: () => number;
  /** Fingerprint of each content. */
  #contents = new Map<Hex, number>();
  /** Contents behind each fingerprint. */
  #counts = new Map<number, number>();
  #told: Uint32Array = new Uint32Array();
  #bits = fingerprintBits(0);
  #salt: number;
  #version = 1;

  /** @param random uniform in [0, 1), for salts */
  constructor(random: () => number) {
    this.#random = random;
    this.#salt = this.#newSalt();
  }

  get count(): number {
    return this.#contents.size;
  }

  /** The summary as last told. */
  get summary(): SummaryVersion {
    return { salt: this.#salt, version: this.#version };
  }

  get whole(): ContentSummary {
    return { kind: 'summary', summary: this.summary, bits: this.#bits, fingerprints: this.#told };
  }

  /**
   * Takes over what is held now: hexadecimal keys, the most important first; those beyond `MAX_SUMMARY_CONTENTS` are
   * left out. The next `advance` tells it.
   */
  update(keys: Iterable<Hex>): void {
    const held = new Set<Hex>();
    for (const key of keys) {
      if (held.size >= MAX_SUMMARY_CONTENTS) break;
      held.add(key);
    }
    for (const key of this.#contents.keys()) if (!held.has(key)) this.#remove(key);
    for (const key of held) if (!this.#contents.has(key)) this.#add(key);
  }

  /** Makes what is held the told summary. @returns undefined if nothing changed */
  advance(): { readonly change: SummaryChange | undefined } | undefined {
    const count = this.#contents.size;
    if (!isSparse(count, this.#bits) || this.#bits > fingerprintBits(count) + SPARE_BITS) {
      this.#renew();
      return { change: undefined };
    }
    const added = ascending([...this.#counts.keys()].filter((value) => !includes(this.#told, value)));
    const removed = this.#told.filter((value) => !this.#counts.has(value));
    if (added.length + removed.length === 0) return undefined;
    this.#told = ascending([...this.#counts.keys()]);
    this.#version += 1;
    const isSmall = added.length <= MAX_CHANGED_FINGERPRINTS && removed.length <= MAX_CHANGED_FINGERPRINTS;
    return { change: isSmall ? { added, removed } : undefined };
  }

  /** Another range and salt: every fingerprint is another. */
  #renew(): void {
    const keys = [...this.#contents.keys()];
    this.#bits = fingerprintBits(keys.length);
    this.#salt = this.#newSalt();
    this.#version = 1;
    this.#contents = new Map();
    this.#counts = new Map();
    for (const key of keys) this.#add(key);
    this.#told = ascending([...this.#counts.keys()]);
  }

  #add(key: Hex): void {
    const value = fingerprintOf(hexToBytes(key), this.#salt, this.#bits);
    this.#contents.set(key, value);
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  #remove(key: Hex): void {
    const value = this.#contents.get(key);
    if (value === undefined) return;
    this.#contents.delete(key);
    const left = (this.#counts.get(value) ?? 0) - 1;
    if (left > 0) this.#counts.set(value, left);
    else this.#counts.delete(value);
  }

  #newSalt(): number {
    return Math.floor(this.#random() * 0x1_0000_0000);
  }
}

function ascending(values: readonly number[]): Uint32Array {
  return Uint32Array.from(values).sort();
}
