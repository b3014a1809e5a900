import { bytesToHex, equalBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { MAX_TESTIMONIES, MAX_WITNESSES } from '../limits.ts';
import type { Accusation, Witness } from '../membership-event.ts';
import type { RingId } from '../ring-identifier.ts';

/** Signatures of other observers under accusations that nobody has announced yet, by the accused. Bounded. */
export class Testimonies {
  #bySubject: Map<Hex, Accusation> | undefined;

  /** Adds checked signatures to those at hand. A newer incarnation replaces an older one. */
  add(accusation: Accusation): void {
    this.#bySubject ??= new Map();
    const id = bytesToHex(accusation.nid);
    const held = this.#bySubject.get(id);
    this.#bySubject.delete(id);
    this.#bySubject.set(id, held === undefined ? accusation : joined(held, accusation));
    const oldest = this.#bySubject.keys().next();
    if (this.#bySubject.size > MAX_TESTIMONIES && oldest.done !== true) this.#bySubject.delete(oldest.value);
  }

  /** The accusation with all signatures at hand for the same incarnation. */
  with(accusation: Accusation): Accusation {
    const held = this.#bySubject?.get(bytesToHex(accusation.nid));
    return held?.incarnation === accusation.incarnation ? joined(accusation, held) : accusation;
  }

  forget(subject: RingId): void {
    this.#bySubject?.delete(bytesToHex(subject));
  }
}

/** The first with the second's witnesses added; the higher incarnation if they differ. */
function joined(first: Accusation, second: Accusation): Accusation {
  if (first.incarnation !== second.incarnation) {
    return first.incarnation > second.incarnation ? first : second;
  }
  const witnesses: Witness[] = [...first.witnesses];
  for (const witness of second.witnesses) {
    const isNew = !witnesses.some(({ publicKey }) => equalBytes(publicKey, witness.publicKey));
    if (isNew && witnesses.length < MAX_WITNESSES) witnesses.push(witness);
  }
  return { ...first, witnesses };
}
