import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { RING_ID_BYTES, SIGNATURE_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { signMemberRecord, type MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import { countingRandom, type Random } from '../../measuring/random-streams.ts';

/** Positions and records of members that exist nowhere; the table never looks at a signature. */
export class SampleMembers {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = countingRandom(seed);
  }

  /** Uniform 32 bits: every run measures the same table. */
  word(): number {
    return this.#random() * 0x1_0000_0000;
  }

  position(): Uint8Array {
    const position = new Uint8Array(RING_ID_BYTES);
    const view = new DataView(position.buffer);
    for (let offset = 0; offset < RING_ID_BYTES; offset += 4) view.setUint32(offset, this.word());
    return position;
  }

  record(incarnation: number): MemberRecord {
    const publicKey = this.position();
    return signMemberRecord(
      {
        nid: this.position(),
        publicKey,
        operator: parseAddress(`0x${'11'.repeat(20)}`),
        region: 'eu-west',
        incarnation,
        departed: false,
        addresses: [`/ip4/198.51.100.${this.word() & 255}/tcp/4001`],
      },
      '/bcdn/1/0x1111111111111111111111111111111111111111/ring/2',
      () => new Uint8Array(SIGNATURE_BYTES),
    );
  }
}

/**
 * Keys to search for, written into one array: a key that comes from a message is in the cache when it is looked up,
 * the table is not.
 */
export class KeySource {
  readonly #sample: SampleMembers;
  readonly #members: Uint8Array;
  readonly #key = new Uint8Array(RING_ID_BYTES);
  readonly #words = new DataView(this.#key.buffer);

  constructor(sample: SampleMembers, members: readonly Uint8Array[]) {
    this.#sample = sample;
    this.#members = new Uint8Array(members.length * RING_ID_BYTES);
    members.forEach((member, i) => {
      this.#members.set(member, i * RING_ID_BYTES);
    });
  }

  /** Any key; the same array every time. */
  random(): Uint8Array {
    this.#words.setUint32(0, this.#sample.word());
    return this.#key;
  }

  /** The position of any member; the same array every time. */
  member(): Uint8Array {
    const count = this.#members.length / RING_ID_BYTES;
    const start = (this.#sample.word() % count) * RING_ID_BYTES;
    for (let i = 0; i < RING_ID_BYTES; i++) this.#key[i] = this.#members[start + i] ?? 0;
    return this.#key;
  }
}
