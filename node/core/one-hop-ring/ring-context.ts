import { bytesToHex, equalBytes, hexToBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { signMemberRecord, type MemberRecord } from './member-record.ts';
import { RingError } from './ring-error.ts';
import type { RingId } from './ring-identifier.ts';
import type {
  AdmittedEdge,
  RingAction,
  RingContact,
  RingCounters,
  RingOptions,
  RingPorts,
} from './ring-ports.ts';
import { LOAD_UNKNOWN, type RingEntry, type RingTable } from './ring-table.ts';
import { RoutingTable } from './routing-table.ts';
import type { RingMessage } from './wire-message.ts';

/** A message without its number. */
type Unnumbered<M> = M extends RingMessage ? Omit<M, 'requestId'> : never;

/** What the parts of one ring machine share: identity, table, ports, and the list of actions being collected. */
export class RingContext {
  readonly table: RingTable;
  readonly ports: RingPorts;
  readonly options: RingOptions;
  readonly counters: RingCounters = newCounters();
  /** Own position, given by the registry. */
  readonly nid: RingId;
  readonly admitted: AdmittedEdge;
  record: MemberRecord;
  providerAddresses: readonly string[];
  load = 0;
  #actions: RingAction[] = [];
  #lastRequestId = 0;

  /** @throws RingError RING_SELF_NOT_ADMITTED unless the registry lists the own key as an active edge */
  constructor(ports: RingPorts, options: RingOptions) {
    const admitted = ports.admission.nidOf(options.publicKey);
    if (admitted === undefined) {
      throw new RingError(
        'RING_SELF_NOT_ADMITTED',
        'The registry lists no active edge with this libp2p key.',
        {
          publicKey: bytesToHex(options.publicKey),
        },
      );
    }
    this.ports = ports;
    this.options = options;
    this.table = options.table ?? new RoutingTable();
    this.admitted = admitted;
    this.nid = hexToBytes(admitted.nid);
    this.providerAddresses = options.providerAddresses;
    this.record = this.signOwnRecord(options.incarnation, { departed: false, addresses: options.addresses });
  }

  /** A new record of our own. Does not replace the current one. */
  signOwnRecord(
    incarnation: number,
    claim: { readonly departed: boolean; readonly addresses: readonly string[] },
  ): MemberRecord {
    const { operator, region } = this.admitted;
    return signMemberRecord(
      { nid: this.nid, publicKey: this.options.publicKey, operator, region, incarnation, ...claim },
      this.options.network,
      (message) => this.ports.sign(message),
    );
  }

  isSelf(nid: RingId): boolean {
    return equalBytes(nid, this.nid);
  }

  /** Numbers a message and sends it. */
  request(to: RingContact, message: Unnumbered<RingMessage>): number {
    const requestId = this.nextRequestId();
    this.#actions.push({ type: 'send', to, message: { ...message, requestId } });
    return requestId;
  }

  /** Sends an answer, or anything already numbered. */
  send(to: RingContact, message: RingMessage): void {
    this.#actions.push({ type: 'send', to, message });
  }

  emit(action: RingAction): void {
    this.#actions.push(action);
  }

  takeActions(): RingAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  nextRequestId(): number {
    this.#lastRequestId = (this.#lastRequestId + 1) >>> 0;
    return this.#lastRequestId;
  }

  /** Position of a key by the registry. */
  nidOfKey(publicKey: Uint8Array): RingId | undefined {
    const admitted = this.ports.admission.nidOf(publicKey);
    return admitted === undefined ? undefined : positionOf(admitted);
  }

  /** Members of the ring other than this node, at random, without repetition. */
  randomMembers(count: number, except: ReadonlySet<Hex> = new Set()): RingEntry[] {
    const { table } = this;
    const chosen = new Map<Hex, RingEntry>();
    const attempts = Math.min(table.ringSize, 4 * count + 4);
    for (let i = 0; i < attempts && chosen.size < count; i++) {
      const entry = table.ringEntryAt(Math.floor(this.ports.random() * table.ringSize));
      const id = bytesToHex(entry.nid);
      if (!this.isSelf(entry.nid) && entry.state === 'alive' && !except.has(id)) chosen.set(id, entry);
    }
    return [...chosen.values()];
  }

  /** Load of a provider as last heard, by its libp2p key. */
  loadOf(publicKey: Uint8Array): number {
    const nid = this.nidOfKey(publicKey);
    if (nid === undefined) return LOAD_UNKNOWN;
    return this.isSelf(nid) ? this.load : (this.table.find(nid)?.load ?? LOAD_UNKNOWN);
  }
}

/** Positions in bytes by registry entry: asked for with every message. */
const positions = new WeakMap<AdmittedEdge, RingId>();

/** Where the registry places an edge, in bytes. */
export function positionOf(admitted: AdmittedEdge): RingId {
  const known = positions.get(admitted);
  if (known !== undefined) return known;
  const position = hexToBytes(admitted.nid);
  positions.set(admitted, position);
  return position;
}

export function contactOf(entry: RingEntry): RingContact {
  return entry.record;
}

function newCounters(): RingCounters {
  return {
    lookups: 0,
    oneHop: 0,
    lookupTimeouts: 0,
    hedged: 0,
    forwarded: 0,
    strangers: 0,
    refusedEvents: 0,
    refusedRecords: 0,
    throttledGuests: 0,
    suspicions: 0,
    failuresDeclared: 0,
    refutations: 0,
    reconciliations: 0,
  };
}
