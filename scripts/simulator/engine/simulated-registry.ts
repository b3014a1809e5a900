import { bytesToHex, equalBytes } from '../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../sdk/protocol/identifiers.ts';
import { OPERATOR_BYTES, PUBLIC_KEY_BYTES, RING_ID_BYTES } from '../../../node/core/one-hop-ring/limits.ts';
import { memberName } from '../../../node/core/one-hop-ring/member-names.ts';
import { leadingWord, type RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { AdmittedEdge, RingAdmission } from '../../../node/core/one-hop-ring/ring-ports.ts';
import type { Random } from '../../measuring/random-streams.ts';

/** An edge that the registry lists: its key, its drawn position, and where it stands in the simulated world. */
export interface Identity {
  readonly index: number;
  readonly publicKey: Uint8Array;
  readonly nid: RingId;
  readonly admitted: AdmittedEdge;
  /** Place in the network model. */
  readonly place: number;
  /** Multiaddrs of its ring protocol and of its content. */
  readonly addresses: readonly string[];
  readonly providerAddresses: readonly string[];
}

/** The registry of one simulation: every identity is registered from the moment it is drawn. */
export class SimulatedRegistry implements RingAdmission {
  readonly identities: Identity[] = [];
  readonly #random: Random;
  readonly #positions: readonly RingId[];
  readonly #byKey = new Map<number, Identity>();
  readonly #byPosition = new Map<number, Identity>();

  /** @param positions of the first edges, in order; later ones are drawn */
  constructor(random: Random, positions: readonly RingId[] = []) {
    this.#random = random;
    this.#positions = positions;
  }

  /** A new edge with a random key at a random position. */
  register(place: number, region: string): Identity {
    let publicKey = randomBytes(this.#random, PUBLIC_KEY_BYTES);
    while (this.#byKey.has(wordOf(publicKey))) publicKey = randomBytes(this.#random, PUBLIC_KEY_BYTES);
    let nid = this.#positions[this.identities.length] ?? randomBytes(this.#random, RING_ID_BYTES);
    while (this.#byPosition.has(wordOf(nid))) nid = randomBytes(this.#random, RING_ID_BYTES);
    const operator = parseAddress(bytesToHex(publicKey.subarray(0, OPERATOR_BYTES)));
    const host = [1, 2, 3].map((i) => publicKey[i] ?? 0).join('.');
    const port = 32_768 + (leadingWord(publicKey) % 16_384);
    const identity: Identity = {
      index: this.identities.length,
      publicKey,
      nid,
      admitted: { nid: parseNid(bytesToHex(nid)), operator, region },
      place,
      addresses: [`/ip4/198.${host}/tcp/${port}`],
      providerAddresses: [`/ip4/198.${host}/tcp/${port + 1}/http`],
    };
    this.identities.push(identity);
    this.#byKey.set(wordOf(publicKey), identity);
    this.#byPosition.set(wordOf(nid), identity);
    return identity;
  }

  nidOf(publicKey: Uint8Array): AdmittedEdge | undefined {
    return this.byKey(publicKey)?.admitted;
  }

  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined {
    const found = this.#byPosition.get(wordOf(prefix));
    return found !== undefined && equalBytes(memberName(found.nid), prefix) ? found.publicKey : undefined;
  }

  byKey(publicKey: Uint8Array): Identity | undefined {
    const found = this.#byKey.get(wordOf(publicKey));
    if (found === undefined || found.publicKey === publicKey) return found;
    return equalBytes(found.publicKey, publicKey) ? found : undefined;
  }

  byPosition(nid: RingId): Identity | undefined {
    const found = this.#byPosition.get(wordOf(nid));
    return found !== undefined && (found.nid === nid || equalBytes(found.nid, nid)) ? found : undefined;
  }
}

/** The leading word, signed: a small integer, found faster than any other key. No two identities share one. */
function wordOf(bytes: Uint8Array): number {
  return leadingWord(bytes) | 0;
}

export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.floor(random() * 256);
  return bytes;
}
