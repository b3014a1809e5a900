import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, hexToBytes, utf8ToBytes, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../../sdk/protocol/identifiers.ts';
import { CooperationGroup } from '../../../../node/core/cooperation-group/cooperation-group.ts';
import {
  decodeGroupMessage,
  encodeGroupMessage,
} from '../../../../node/core/cooperation-group/group-codec.ts';
import { DEFAULT_GROUP_TIMING, LOAD_UNKNOWN } from '../../../../node/core/cooperation-group/group-limits.ts';
import type {
  ContentRoute,
  GroupEvent,
  GroupServer,
} from '../../../../node/core/cooperation-group/group-ports.ts';
import type { AdmittedEdge } from '../../../../node/core/one-hop-ring/ring-ports.ts';
import type { LoadedProvider } from '../../../../node/core/one-hop-ring/wire-message.ts';
import { providerRecordOf } from '../one-hop-ring/ring-samples.ts';
import { seededRandom } from '../one-hop-ring/virtual-network.ts';

export interface VirtualEdge {
  readonly server: GroupServer;
  readonly group: CooperationGroup;
  /** Complete contents, truly. */
  readonly holds: Set<Hex>;
  load: number;
  running: boolean;
  lookups: number;
  sentBytes: number;
  sentMessages: number;
}

interface Delivery {
  readonly atMs: number;
  readonly to: VirtualEdge;
  readonly event: GroupEvent;
}

export function contentKey(name: string): Hex {
  return bytesToHex(sha256(utf8ToBytes(`content ${name}`)));
}

/** Edges in regions, exchanging in virtual time; the ring is a map from content to those that published it. */
export class VirtualGroups {
  readonly edges: VirtualEdge[] = [];
  /** What the index says: may differ from what is held. */
  readonly published = new Map<Hex, Set<VirtualEdge>>();
  /** Loads as the index nodes know them. */
  indexLoad: (edge: VirtualEdge) => number = () => LOAD_UNKNOWN;
  /** Remote calls of a lookup, 0 or 1 in a healthy ring. */
  lookupHops: (asker: VirtualEdge, key: Hex) => number = () => 1;
  isIndexSilent = false;
  nowMs = 1_000_000;
  readonly #random: () => number;
  readonly #byKey = new Map<Hex, VirtualEdge>();
  readonly #routes = new Map<number, ContentRoute | undefined>();
  readonly #oneWayMs: number;
  #queue: Delivery[] = [];
  #lastRoute = 0;

  constructor(options: { readonly seed: number; readonly oneWayMs?: number }) {
    this.#random = seededRandom(options.seed);
    this.#oneWayMs = options.oneWayMs ?? 20;
  }

  add(name: string, region: string): VirtualEdge {
    const publicKey = sha256(utf8ToBytes(`key ${name}`));
    const server: GroupServer = {
      nid: sha256(publicKey),
      publicKey,
      operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
      region,
      addresses: [`/dns4/${name}.example/tcp/443/https`],
    };
    const holds = new Set<Hex>();
    const group = new CooperationGroup(
      {
        admission: { nidOf: (key) => this.#admitted(key) },
        random: this.#random,
        standing: () => ({ load: edge.load, freeKiBps: 1_000 }),
        heldKeys: () => edge.holds,
        holds: (key) => edge.holds.has(bytesToHex(key)),
        delayMsOf: () => undefined,
        contactOf: (key) =>
          this.#byKey.has(bytesToHex(key)) ? { publicKey: key, addresses: [] } : undefined,
      },
      { self: server, timing: DEFAULT_GROUP_TIMING },
    );
    const edge: VirtualEdge = {
      server,
      group,
      holds,
      load: 0,
      running: true,
      lookups: 0,
      sentBytes: 0,
      sentMessages: 0,
    };
    this.edges.push(edge);
    this.#byKey.set(bytesToHex(publicKey), edge);
    return edge;
  }

  /** Starts every edge and tells it the members of its region. */
  start(): void {
    for (const edge of this.edges) this.handle(edge, { type: 'start' });
    this.tellMembers();
  }

  tellMembers(): void {
    for (const edge of this.edges) {
      const servers = this.edges
        .filter((other) => other !== edge && other.running && other.server.region === edge.server.region)
        .map(({ server }) => server);
      this.handle(edge, { type: 'members', servers });
    }
  }

  /** Stores a content and publishes it. */
  place(edge: VirtualEdge, key: Hex): void {
    edge.holds.add(key);
    const providers = this.published.get(key) ?? new Set();
    this.published.set(key, providers.add(edge));
  }

  run(durationMs: number): void {
    const endMs = this.nowMs + durationMs;
    for (;;) {
      const wakeMs = Math.min(
        ...this.edges.map((edge) => (edge.running ? edge.group.nextWakeMs() : Infinity)),
      );
      const next = this.#queue[0];
      const atMs = Math.min(wakeMs, next?.atMs ?? Infinity);
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs <= wakeMs) {
        this.#queue.shift();
        this.handle(next.to, next.event);
        continue;
      }
      for (const edge of this.edges)
        if (edge.group.nextWakeMs() <= this.nowMs) this.handle(edge, { type: 'wake' });
    }
    this.nowMs = endMs;
  }

  /** Asks one edge for the servers of a content. Lookups of the ring are answered at once. */
  route(edge: VirtualEdge, key: Hex, wanted = 1): ContentRoute | undefined {
    this.#lastRoute += 1;
    const id = this.#lastRoute;
    this.handle(edge, { type: 'route', id, key: hexToBytes(key), wanted });
    const route = this.#routes.get(id);
    this.#routes.delete(id);
    return route;
  }

  edgeOf(publicKey: Uint8Array): VirtualEdge | undefined {
    return this.#byKey.get(bytesToHex(publicKey));
  }

  handle(edge: VirtualEdge, event: GroupEvent): void {
    if (!edge.running) return;
    for (const action of edge.group.handle(event, this.nowMs)) {
      if (action.type === 'send') this.#send(edge, action.to.publicKey, encodeGroupMessage(action.message));
      else if (action.type === 'routed') this.#routes.set(action.id, action.route);
      else if (action.type === 'lookup') {
        edge.lookups += 1;
        this.handle(edge, { type: 'looked-up', id: action.id, answer: this.#lookUp(edge, action.key) });
      }
    }
  }

  #send(from: VirtualEdge, to: Uint8Array, bytes: Uint8Array): void {
    from.sentBytes += bytes.length + 1;
    from.sentMessages += 1;
    const receiver = this.edgeOf(to);
    if (receiver === undefined) return;
    const atMs = this.nowMs + this.#oneWayMs;
    const event: GroupEvent = receiver.running
      ? { type: 'message', from: from.server.publicKey, message: decodeGroupMessage(bytes) }
      : { type: 'unreachable', publicKey: to };
    this.#queue.push({ atMs, to: receiver.running ? receiver : from, event });
  }

  #lookUp(
    asker: VirtualEdge,
    key: Uint8Array,
  ): { readonly providers: LoadedProvider[]; readonly hops: number } | undefined {
    if (this.isIndexSilent) return undefined;
    const id = bytesToHex(key);
    const providers = [...(this.published.get(id) ?? [])].map((edge) => {
      const { publicKey, operator, region, addresses } = edge.server;
      const record = providerRecordOf({ key, publicKey, operator, region, addresses });
      return { record, load: this.indexLoad(edge) };
    });
    return { providers, hops: this.lookupHops(asker, id) };
  }

  #admitted(publicKey: Uint8Array): AdmittedEdge | undefined {
    const edge = this.edgeOf(publicKey);
    if (edge === undefined) return undefined;
    const { nid, operator, region } = edge.server;
    return { nid: parseNid(bytesToHex(nid)), operator, region };
  }
}
