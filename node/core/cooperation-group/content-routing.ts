import { equalBytes } from '../../../sdk/protocol/bytes.ts';
import type { RingId } from '../one-hop-ring/ring-identifier.ts';
import type { LoadedProvider } from '../one-hop-ring/wire-message.ts';
import { LOAD_UNKNOWN, MAX_LOCATED_SERVERS, MAX_PENDING_ROUTES, MAX_ROUTED_SERVERS } from './group-limits.ts';
import type { GroupMember } from './group-member.ts';
import type { LocatedServer } from './group-message.ts';
import type {
  ContentRoute,
  GroupAction,
  GroupCounters,
  GroupOptions,
  GroupPorts,
  IndexAnswer,
  RoutedServer,
} from './group-ports.ts';
import type { OtherGroups } from './other-groups.ts';
import { rankProviders } from './rank-providers.ts';
import type { StateExchange } from './state-exchange.ts';

/** More hops than this are counted: RING.md, G-L promises two. */
const PROMISED_HOPS = 2;

interface PendingRoute {
  readonly key: RingId;
  /** What this node and its group offer. */
  readonly local: readonly RoutedServer[];
}

/** Own content, then the own group, then the ring: the way to a content from the node that was asked (SPEC.md, routing). */
export class ContentRouting {
  readonly #ports: GroupPorts;
  readonly #options: GroupOptions;
  readonly #counters: GroupCounters;
  readonly #emit: (action: GroupAction) => void;
  readonly #exchange: StateExchange;
  readonly #others: OtherGroups;
  readonly #pending = new Map<number, PendingRoute>();

  constructor(
    ports: GroupPorts,
    options: GroupOptions,
    effects: {
      readonly counters: GroupCounters;
      readonly emit: (action: GroupAction) => void;
      readonly exchange: StateExchange;
      readonly others: OtherGroups;
    },
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#counters = effects.counters;
    this.#emit = effects.emit;
    this.#exchange = effects.exchange;
    this.#others = effects.others;
  }

  route(id: number, question: { readonly key: RingId; readonly wanted: number }, nowMs: number): void {
    const local = this.#local(question.key, nowMs);
    if (local.length >= question.wanted) {
      this.#finish(id, local, 0);
      return;
    }
    if (this.#pending.size >= MAX_PENDING_ROUTES) {
      this.#giveUp(id, local);
      return;
    }
    this.#pending.set(id, { key: question.key, local });
    this.#emit({ type: 'lookup', id, key: question.key });
  }

  /**
   * Where the index answers, its signed records decide: a claim that none of them supports is probably one of the
   * false ones. Claims count while the index is silent.
   */
  lookedUp(id: number, answer: IndexAnswer | undefined, nowMs: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    const { local, key } = pending;
    if (answer === undefined) {
      this.#giveUp(id, local);
      return;
    }
    const own = local.filter(({ reason }) => reason === 'own');
    const named = answer.providers
      .map((provider) => this.#routed(provider, local, nowMs))
      .filter(({ reason }) => reason !== 'own');
    const ranked = this.#rank([...own, ...named]);
    this.#finish(id, ranked, answer.hops);
    const others = ranked.slice(own.length);
    this.#others.refine(key, others, nowMs);
  }

  /** Servers of the own group for another group: this node and the members that claim the content. */
  locate(key: RingId, nowMs: number): LocatedServer[] {
    const located: LocatedServer[] = [];
    if (this.#ports.holds(key)) located.push({ nid: this.#options.self.nid, ...this.#exchange.standing });
    const claimants = rankProviders(this.#exchange.claimants(key, nowMs), this.#options.self, (member) => ({
      region: member.server.region,
      load: member.load,
      delayMs: member.delayMs,
    }));
    for (const { server, load, freeKiBps } of claimants) {
      if (located.length >= MAX_LOCATED_SERVERS) break;
      located.push({ nid: server.nid, load, freeKiBps });
    }
    return located;
  }

  #local(key: RingId, nowMs: number): RoutedServer[] {
    const claimants = this.#exchange.claimants(key, nowMs).map((member) => this.#claimant(member));
    const ranked = this.#rank(shuffled(claimants, () => this.#ports.random()));
    if (!this.#ports.holds(key)) return ranked.slice(0, MAX_ROUTED_SERVERS);
    const { publicKey, operator, region, addresses } = this.#options.self;
    const { load } = this.#exchange.standing;
    const own = { publicKey, operator, region, addresses, reason: 'own', load, delayMs: 0 } as const;
    return [own, ...ranked].slice(0, MAX_ROUTED_SERVERS);
  }

  #claimant({ server, load, delayMs }: GroupMember): RoutedServer {
    const { publicKey, operator, region, addresses } = server;
    const measuredMs = delayMs ?? this.#ports.delayMsOf(publicKey);
    return { publicKey, operator, region, addresses, reason: 'own-group', load, delayMs: measuredMs };
  }

  /** A provider with what is known of it: the own group's word first, then its group's, then the index's. */
  #routed(provider: LoadedProvider, local: readonly RoutedServer[], nowMs: number): RoutedServer {
    const { publicKey, operator, region, addresses } = provider.record;
    const isSelf = equalBytes(publicKey, this.#options.self.publicKey);
    const claimed = local.find((server) => equalBytes(server.publicKey, publicKey));
    const member = this.#exchange.memberOf(publicKey);
    const nid = this.#ports.admission.nidOf(publicKey)?.nid;
    const told = nid === undefined ? undefined : this.#others.loadOf(nid, nowMs);
    const heard = member === undefined || member.load === LOAD_UNKNOWN ? undefined : member.load;
    return {
      publicKey,
      operator,
      region,
      addresses,
      reason: isSelf ? 'own' : (claimed?.reason ?? 'ring'),
      load: heard ?? told ?? provider.load,
      delayMs: isSelf ? 0 : (member?.delayMs ?? this.#ports.delayMsOf(publicKey)),
    };
  }

  /** Content that is here comes first, whatever the load. */
  #rank(servers: readonly RoutedServer[]): RoutedServer[] {
    const own = servers.filter(({ reason }) => reason === 'own');
    const others = servers.filter(({ reason }) => reason !== 'own');
    return [...own, ...rankProviders(others, this.#options.self, (server) => server)];
  }

  /** Without the ring's answer: what the group offers, or nothing. */
  #giveUp(id: number, local: readonly RoutedServer[]): void {
    if (local.length > 0) {
      this.#finish(id, local, 0);
      return;
    }
    this.#counters.routedNowhere += 1;
    this.#emit({ type: 'routed', id, route: undefined });
  }

  #finish(id: number, servers: readonly RoutedServer[], lookupHops: number): void {
    const reason = servers[0]?.reason;
    const hops = reason === 'own' ? 0 : reason === 'own-group' ? 1 : lookupHops + 1;
    if (reason === 'own') this.#counters.routedOwn += 1;
    else if (reason === 'own-group') this.#counters.routedGroup += 1;
    else if (reason === 'ring') this.#counters.routedRing += 1;
    else this.#counters.routedNowhere += 1;
    if (reason !== undefined && hops > PROMISED_HOPS) this.#counters.beyondTwoHops += 1;
    const route: ContentRoute = { servers: servers.slice(0, MAX_ROUTED_SERVERS), lookupHops, hops };
    this.#emit({ type: 'routed', id, route });
  }
}

/** Servers that rank equal take turns by chance. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const [a, b] = [order[i], order[j]];
    if (a === undefined || b === undefined) continue;
    order[i] = b;
    order[j] = a;
  }
  return order;
}
