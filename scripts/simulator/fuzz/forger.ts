import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { OPERATOR_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { signMemberRecord, type MemberRecord } from '../../../node/core/one-hop-ring/member-record.ts';
import {
  accusationBytes,
  type Accusation,
  type MembershipEvent,
  type Witness,
} from '../../../node/core/one-hop-ring/membership-event.ts';
import { signProviderRecord, type ProviderRecord } from '../../../node/core/one-hop-ring/provider-record.ts';
import { below, type Random } from '../../measuring/random-streams.ts';
import { FUZZ_NETWORK, type FuzzedRing, type FuzzMember } from './fuzzed-ring.ts';
import { randomBytes, type Signer } from './signature-scheme.ts';

/** The same keys in use elsewhere: what they sign there means nothing here. */
export const FOREIGN_NETWORK = '/bcdn/1/0x0000000000000000000000000000000000000002/ring/fuzz';

/** The adversary's members of the ring: their keys are registered and known to it. */
const HOSTILE_MEMBERS = 3;
/** Index of the member that receives the hostile messages. */
const VICTIM = 0;

type Claim<T> = Partial<Omit<T, 'publicKey' | 'signature' | 'encoded'>>;

/** Makes what an adversary could send: from its own registered keys, from strangers, from anything it recorded. */
export class Forger {
  readonly ring: FuzzedRing;
  readonly random: Random;
  /** Keys that the registry does not know. */
  readonly strangers: readonly Signer[];

  constructor(ring: FuzzedRing, random: Random) {
    this.ring = ring;
    this.random = random;
    this.strangers = Array.from({ length: 16 }, () => ring.scheme.newSigner());
  }

  get victim(): FuzzMember {
    return this.pickFrom(this.ring.members.slice(VICTIM, VICTIM + 1));
  }

  /** A registered member that belongs to the adversary. */
  hostile(): FuzzMember {
    return this.pickFrom(this.ring.members.slice(-HOSTILE_MEMBERS));
  }

  /** A member that the adversary wants to impersonate or evict. */
  honest(): FuzzMember {
    return this.pickFrom(this.ring.members.slice(VICTIM + 1, -HOSTILE_MEMBERS));
  }

  stranger(): Signer {
    return this.pickFrom(this.strangers);
  }

  pickFrom<T>(items: readonly T[]): T {
    const item = items[below(this.random, items.length)];
    if (item === undefined) throw new RangeError('Nothing to pick from.');
    return item;
  }

  randomId(): Uint8Array {
    return randomBytes(32, this.random);
  }

  /** What the victim's table holds of a member now, 0 if nothing. */
  incarnationOf(member: FuzzMember): number {
    return this.victim.machine.table.find(member.nid)?.incarnation ?? 0;
  }

  /** A member record whose signature is made by `by`, right only if `by` is the subject. */
  memberRecord(
    subject: Signer,
    by: Signer,
    claim: Claim<MemberRecord>,
    network = FUZZ_NETWORK,
  ): MemberRecord {
    return signMemberRecord(
      {
        ...this.#registered(subject.publicKey),
        publicKey: subject.publicKey,
        incarnation: 1,
        departed: false,
        addresses: ['/ip4/10.9.9.9/tcp/666'],
        ...claim,
      },
      network,
      (message) => by.sign(message),
    );
  }

  /** A provider record whose signature is made by `by`. */
  providerRecord(
    subject: Signer,
    by: Signer,
    claim: Claim<ProviderRecord>,
    network = FUZZ_NETWORK,
  ): ProviderRecord {
    return signProviderRecord(
      {
        ...this.#registered(subject.publicKey),
        key: this.randomId(),
        publicKey: subject.publicKey,
        sequence: Math.floor(this.ring.nowMs),
        ttlSeconds: 60,
        withdrawn: false,
        addresses: ['/ip4/10.9.9.9/tcp/666'],
        ...claim,
      },
      network,
      (message) => by.sign(message),
    );
  }

  witness(claim: Omit<Accusation, 'witnesses'>, named: Signer, by: Signer = named): Witness {
    const { nid } = this.#registered(named.publicKey);
    return { nid, publicKey: named.publicKey, signature: by.sign(accusationBytes(FUZZ_NETWORK, claim)) };
  }

  record(record: MemberRecord): MembershipEvent {
    return { kind: 'record', record };
  }

  /** Position, operator and region as the registry has them; anything for a stranger. */
  #registered(publicKey: Uint8Array): Pick<MemberRecord, 'nid' | 'operator' | 'region'> {
    const edge = this.ring.admitted(publicKey);
    const operator = edge?.operator ?? parseAddress(bytesToHex(publicKey.subarray(0, OPERATOR_BYTES)));
    const nid = edge === undefined ? sha256(publicKey) : hexToBytes(edge.nid);
    return { nid, operator, region: edge?.region ?? 'eu-west' };
  }
}
