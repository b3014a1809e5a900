import type { AdmittedEdge, RingAdmission } from './ring-admission.ts';
import type { RingId } from './ring-identifier.ts';
import { ByteReader } from './wire-primitives.ts';

/**
 * Bytes by which a message names a member: the leading ones of its position. The registry admits no two edges that
 * share them (SPEC.md, names), so they also are the finest step of an interval's ends.
 */
export const NAME_BYTES = 8;

/** How messages name the member at this position. */
export function memberName(nid: RingId): Uint8Array {
  return nid.subarray(0, NAME_BYTES);
}

export interface NamedMember {
  readonly publicKey: Uint8Array;
  readonly edge: AdmittedEdge;
}

/** Nobody is known by name: for messages that name no members. */
export const NO_NAMES: RingAdmission = { nidOf: () => undefined, publicKeyAt: () => undefined };

/** Reads messages in which members stand by name; the registry tells who is meant. */
export class MessageReader extends ByteReader {
  readonly #admission: RingAdmission;
  #unknownNames = 0;

  constructor(bytes: Uint8Array, admission: RingAdmission) {
    super(bytes);
    this.#admission = admission;
  }

  /** Names read so far that the registry snapshot does not know. */
  get unknownNames(): number {
    return this.#unknownNames;
  }

  /** Reads a name. Undefined, and counted, if the snapshot lists nobody by it. */
  member(): NamedMember | undefined {
    const publicKey = this.#admission.publicKeyAt(this.raw(NAME_BYTES));
    const edge = publicKey === undefined ? undefined : this.#admission.nidOf(publicKey);
    if (publicKey !== undefined && edge !== undefined) return { publicKey, edge };
    this.#unknownNames += 1;
    return undefined;
  }
}
