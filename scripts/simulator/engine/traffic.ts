import { MESSAGE_CODES, type RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';

export type MessageKind = RingMessage['kind'];

/** Every kind of message, in the order of their codes. */
export const MESSAGE_KINDS = (Object.keys(MESSAGE_CODES) as MessageKind[]).sort(
  (a, b) => MESSAGE_CODES[a] - MESSAGE_CODES[b],
);
const KIND_INDEX = Object.fromEntries(MESSAGE_KINDS.map((kind, i) => [kind, i])) as Record<
  MessageKind,
  number
>;

/** Messages that carry the index for the application; everything else keeps the ring itself. */
const INDEX_KINDS: readonly MessageKind[] = ['store', 'store-reply', 'lookup-request', 'lookup-reply'];

/** Bytes charged to every node by kind, received and sent, and the totals of members and of joining nodes. */
export class Traffic {
  readonly #kinds = MESSAGE_KINDS.length;
  #received = new Float64Array(64 * MESSAGE_KINDS.length);
  #sent = new Float64Array(64 * MESSAGE_KINDS.length);
  readonly #memberTotals = new Float64Array(MESSAGE_KINDS.length);
  #joiningBytes = 0;
  #messages = 0;

  /** Messages received, those charged without being sent included. */
  get messages(): number {
    return this.#messages;
  }

  get joiningBytes(): number {
    return this.#joiningBytes;
  }

  chargeSent(node: number, kind: MessageKind, bytes: number): void {
    const at = node * this.#kinds + KIND_INDEX[kind];
    if (at >= this.#sent.length) this.#sent = grown(this.#sent, at);
    this.#sent[at] = (this.#sent[at] ?? 0) + bytes;
  }

  chargeReceived(node: number, kind: MessageKind, bytes: number, isMember: boolean): void {
    const index = KIND_INDEX[kind];
    const at = node * this.#kinds + index;
    if (at >= this.#received.length) this.#received = grown(this.#received, at);
    this.#received[at] = (this.#received[at] ?? 0) + bytes;
    this.#messages += 1;
    if (isMember) this.#memberTotals[index] = (this.#memberTotals[index] ?? 0) + bytes;
    else this.#joiningBytes += bytes;
  }

  /** Bytes that one node received of one kind, or of all. */
  receivedBy(node: number, kind?: MessageKind): number {
    return this.#sum(this.#received, node, kind);
  }

  sentBy(node: number, kind?: MessageKind): number {
    return this.#sum(this.#sent, node, kind);
  }

  /** Bytes received by members so far, by kind. */
  memberTotals(): Record<string, number> {
    return Object.fromEntries(MESSAGE_KINDS.map((kind, i) => [kind, this.#memberTotals[i] ?? 0]));
  }

  #sum(bytes: Float64Array, node: number, kind: MessageKind | undefined): number {
    const first = node * this.#kinds;
    if (kind !== undefined) return bytes[first + KIND_INDEX[kind]] ?? 0;
    let sum = 0;
    for (let i = 0; i < this.#kinds; i++) sum += bytes[first + i] ?? 0;
    return sum;
  }
}

/** The ring's own traffic: without the index, which costs what the application asks for. */
export function ringBytes(byKind: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const kind of MESSAGE_KINDS) if (!INDEX_KINDS.includes(kind)) sum += byKind[kind] ?? 0;
  return sum;
}

function grown(bytes: Float64Array<ArrayBuffer>, index: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(index + 1, bytes.length * 2));
  larger.set(bytes);
  return larger;
}
