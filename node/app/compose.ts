import { bytesToHex } from '../../sdk/protocol/bytes.ts';
import type { Nid } from '../../sdk/protocol/identifiers.ts';
import type { Host } from '../adapters/libp2p/host.ts';
import type { DeliveryServer } from '../adapters/libp2p/delivery-server.ts';
import { exposition } from '../adapters/metrics/exposition.ts';
import { registerNodeMetrics } from '../adapters/metrics/node-metrics.ts';
import { ChainWatch } from './chain-watch.ts';
import { controlActions } from './control-actions.ts';
import { ControlServer } from './control/control-server.ts';
import type { StatusDocument } from './control/documents.ts';
import type { NodeConfig } from './config/config-file.ts';
import { Dashboard } from './dashboard/dashboard.ts';
import { composeDelivery, type DeliveryPlane, type FindProviders } from './delivery-plane.ts';
import { EdgeLife } from './edge-life.ts';
import { composeEdge } from './edge-plane.ts';
import { endInOrder } from './end-in-order.ts';
import { endpointsOf, httpUrlOf } from './endpoints.ts';
import { openCarriage, type CarriagePlane } from './carriage/carriage-plane.ts';
import { Reachability } from './doctor/reachability.ts';
import { Draining } from './draining/draining.ts';
import { openFoundation, type Foundation, type NodeKeys, type NodeOverrides } from './foundation.ts';
import { moneyFigures } from './earnings/earnings-summary.ts';
import { runningEarnings } from './earnings/running-earnings.ts';
import { hostOf, listen } from './libp2p-listening.ts';
import { marketTerms } from './market-terms.ts';
import { NodeError, reportOf } from './node-error.ts';
import { PassingTrouble } from './passing-trouble.ts';
import { composePeer, openPeerBooks, type PeerBooks, type PeerPlane } from './peers/peer-plane.ts';
import { announcePresence, type PresenceAnnouncer } from './presence-announcer.ts';
import { ensureRegistered } from './registration.ts';
import { composeStreams } from './stream-plane.ts';
import { ringSeeds } from './ring/ring-edges.ts';
import type { RingClient } from './ring/ring-client.ts';
import { NoticePlane } from './notices/notice-plane.ts';
import type { NotedTerms } from './settlement/settlement-notes.ts';
import {
  bytesOf,
  nodeFigures,
  publicStatus,
  refusesNewWork,
  ringOf,
  statusReport,
  type StatusSources,
} from './status-report.ts';

export type { NodeKeys, NodeOverrides } from './foundation.ts';

/** Transfers under way when the node is asked to stop get so long to end. */
const DRAIN_MS = 5_000;

/** What a node says when it serves. */
export interface ReadyReport {
  readonly operator: string;
  readonly peerId: string;
  /** Undefined for a peer. */
  readonly nid: Nid | undefined;
  readonly httpUrl: string;
  readonly multiaddrs: readonly string[];
}

/** A composed node: started and stopped once. */
export interface ComposedNode {
  /** Resolves when the node is registered, joined and serving; waits for a chain that is away. */
  start(): Promise<ReadyReport>;
  /** Drains: no new work, transfers end, receipts are flushed, the ring is left. */
  stop(): Promise<void>;
  status(): Promise<StatusDocument>;
}

/** Builds a node from its configuration and keys: the only place that knows every part. */
export async function composeNode(
  config: NodeConfig,
  keys: NodeKeys,
  overrides: NodeOverrides = {},
): Promise<ComposedNode> {
  return new NodeLife(await openFoundation(config, keys, overrides), overrides);
}

/** The order in which the parts of one node begin and end. */
class NodeLife implements ComposedNode {
  readonly #foundation: Foundation;
  readonly #overrides: NodeOverrides;
  readonly #stopping = new AbortController();
  readonly #trouble: PassingTrouble;
  readonly #control: ControlServer;
  readonly #dashboard: Dashboard;
  readonly #watch: ChainWatch;
  readonly #draining: Draining;
  readonly #startedMs: number;
  #starting: Promise<ReadyReport> | undefined;
  #stopped: Promise<void> | undefined;
  #state: StatusDocument['state'] = 'starting';
  #host: Host | undefined;
  #delivery: DeliveryPlane | undefined;
  #streams: DeliveryServer | undefined;
  #edge: EdgeLife | undefined;
  #peer: PeerPlane | undefined;
  #books: PeerBooks | undefined;
  #carriage: CarriagePlane | undefined;
  #presence: PresenceAnnouncer | undefined;
  #notices: NoticePlane | undefined;
  #endpoints: readonly string[] = [];
  #httpUrl = '';
  #reachability: Reachability | undefined;

  constructor(foundation: Foundation, overrides: NodeOverrides) {
    this.#foundation = foundation;
    this.#overrides = overrides;
    this.#startedMs = foundation.clock.nowMs();
    this.#trouble = new PassingTrouble(foundation.log, this.#stopping.signal);
    this.#watch = new ChainWatch(foundation, {
      onDeal: (own) => {
        this.#delivery?.absences.contentChanged(own.deal.contentRoot);
        this.#edge?.attend(own);
      },
      onRegistry: () => this.#onRegistry(),
    });
    registerNodeMetrics(foundation.metrics, {
      node: () => nodeFigures(this.#sources()),
      money: () => moneyFigures(runningEarnings(foundation, this.#books?.store)),
    });
    const settlement = () => (this.#state === 'starting' ? undefined : this.#edge?.plane.settlement);
    this.#draining = new Draining(foundation, {
      openGrants: () => this.#delivery?.ledger.liveGrants ?? 0,
      atRiskBytes: () => BigInt(bytesOf(this.#delivery).atRisk),
      settlement,
      peerStore: () => this.#books?.store,
      fillAgain: () => this.#edge?.fillAll(),
      stopFilling: async () => this.#edge?.plane.filling.pause(),
    });
    const actions = controlActions({
      foundation,
      status: () => this.status(),
      settlement,
      draining: this.#draining,
      // Before it delivers it has no other figures.
      metrics: async () => (await this.#delivery?.metrics.text()) ?? exposition(foundation.metrics),
      reachability: () => this.#reachability,
      ringMembers: () => ringOf(this.#sources())?.members ?? null,
      peerStore: () => this.#books?.store,
      fillAgain: () => this.#edge?.fillAll(),
      signal: this.#stopping.signal,
    });
    this.#control = new ControlServer(foundation.config.dataDir.controlSocket, actions);
    this.#dashboard = new Dashboard(foundation, { control: actions, delivery: () => this.#delivery });
  }

  start(): Promise<ReadyReport> {
    this.#starting ??= this.#start(this.#stopping.signal);
    return this.#starting;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  status(): Promise<StatusDocument> {
    return statusReport(this.#sources());
  }

  async #start(signal: AbortSignal): Promise<ReadyReport> {
    await this.#control.start();
    await this.#dashboard.start();
    const host = await hostOf(this.#foundation);
    this.#host = host;
    await listen(host, this.#foundation);
    const terms = await this.#trouble.waiting(() => marketTerms(this.#foundation));
    if (this.#role === 'peer') this.#books = openPeerBooks(this.#foundation);
    const notices = this.#role === 'edge' ? new NoticePlane(this.#foundation) : undefined;
    this.#notices = notices;
    if (notices !== undefined && this.#foundation.config.settings.carriage > 0)
      this.#carriage = openCarriage(this.#foundation, { terms, signal, notices });
    const delivery = this.#composeDelivery(terms);
    const { port } = await delivery.gateway.start();
    this.#streams = composeStreams(this.#foundation, { host, delivery });
    await this.#streams.start();
    this.#reachability = new Reachability(this.#foundation, host);
    await this.#reachability.start();
    this.#nameEndpoints(host, port);
    if (notices !== undefined) {
      const endpoints = this.#endpoints;
      const plane = composeEdge(this.#foundation, { host, delivery, terms, endpoints, notices });
      this.#edge = new EdgeLife(this.#foundation, {
        ...{ plane, host, notices },
        contentChanged: (root) => delivery.absences.contentChanged(root),
        waiting: (work) => this.#trouble.waiting(work),
      });
    }
    if (this.#books !== undefined) {
      this.#peer = composePeer(this.#foundation, { host, delivery, terms, books: this.#books });
    }
    this.#watch.start();
    await this.#trouble.waiting(() => this.#register(signal));
    await this.#edge?.start(signal);
    this.#peer?.start();
    this.#presence = announcePresence(this.#foundation);
    this.#draining.start();
    this.#state = 'serving';
    const { node, registry } = this.#foundation;
    return {
      operator: node,
      peerId: this.#peerId,
      nid: registry.nodeOf(node)?.nid,
      httpUrl: this.#httpUrl,
      multiaddrs: this.#endpoints,
    };
  }

  async #stop(): Promise<void> {
    this.#state = 'draining';
    this.#stopping.abort();
    // A start that is under way ends by the signal; its error has no reader any more.
    await this.#starting?.catch((error: unknown) => {
      this.#foundation.log.debug({ code: reportOf(error).code }, 'Start ended by stop');
    });
    this.#state = 'draining';
    await endInOrder(this.#foundation.log, [
      () => Promise.all([this.#delivery?.gateway.stop(DRAIN_MS), this.#streams?.stop(DRAIN_MS)]),
      () => this.#draining.stop(),
      () => this.#reachability?.stop(),
      () => this.#presence?.stop(),
      () => this.#carriage?.stop(),
      () => this.#peer?.stop(),
      () => this.#books?.store.close(),
      () => this.#notices?.stop(),
      () => this.#edge?.stop(),
      () => this.#peer?.ring.stop(),
      () => this.#watch.stop(),
      () => this.#host?.stop(),
      () => this.#dashboard.stop(),
      () => this.#control.stop(),
      () => this.#foundation.close(),
    ]);
  }

  #composeDelivery(terms: NotedTerms): DeliveryPlane {
    const lookup: FindProviders = async (key, wanted) => {
      if (this.#edge === undefined) return await requireRing(this.#peer?.ring).lookup(key);
      const { servers, lookupHops } = await this.#edge.plane.group.route(key, wanted);
      return { providers: servers, hops: lookupHops };
    };
    this.#delivery = composeDelivery(
      this.#foundation,
      { terms, overrides: this.#overrides, signal: this.#stopping.signal },
      {
        lookup,
        fill: async (cid, root, until) => {
          await this.#edge?.plane.filling.fillBlock(cid, root, until);
          await this.#carriage?.fill(cid, root, until);
          // What a viewer has a grant for is held whole or not served: fetching it would be paid for twice.
          if (root === undefined) await this.#peer?.delivery.fill(cid, until);
        },
        deals: this.#books?.deals,
        carriage: this.#carriage,
        notices: this.#notices,
        contentStored: async (root) => this.#edge?.plane.filling.announce(root),
        readiness: () => this.#readiness(),
        publicStatus: async () => publicStatus(this.#sources()),
      },
    );
    return this.#delivery;
  }

  #nameEndpoints(host: Host, httpPort: number): void {
    const { httpHost, announceHosts } = this.#foundation.config.settings;
    const libp2pAddresses = host.getMultiaddrs().map((address) => address.toString());
    const points = { httpHost, httpPort, libp2pAddresses, peerId: this.#peerId, announceHosts };
    this.#endpoints = endpointsOf(points);
    this.#httpUrl = httpUrlOf(points);
  }

  async #register(signal: AbortSignal): Promise<void> {
    const { keys, config, registry } = this.#foundation;
    const { role, region, askWeiPerGib, stakeWei } = config.settings;
    await ensureRegistered(
      this.#foundation,
      {
        role,
        region,
        stakeWei,
        askWeiPerGiB: askWeiPerGib,
        libp2pPublicKey: bytesToHex(keys.libp2p.publicKey.raw),
        endpoints: this.#endpoints,
      },
      signal,
    );
    await registry.refresh();
  }

  #onRegistry(): void {
    this.#edge?.registryRefreshed();
    this.#peer?.ring.useEdges(ringSeeds(this.#foundation));
  }

  #readiness(): readonly string[] {
    if (this.#state === 'serving') return refusesNewWork(this.#foundation);
    if (this.#trouble.report !== undefined) return [this.#trouble.report.message];
    return [`The node is ${this.#state}.`];
  }

  #sources(): StatusSources {
    return {
      foundation: this.#foundation,
      state: this.#state,
      startedMs: this.#startedMs,
      peerId: this.#peerId,
      httpUrl: this.#httpUrl,
      dashboardUrl: this.#dashboard.url,
      multiaddrs: this.#endpoints,
      trouble: this.#trouble.report,
      chain: this.#watch.condition,
      delivery: this.#delivery,
      edge: this.#edge?.plane,
      peer: this.#peer,
      peerStore: this.#books?.store,
      carriage: this.#carriage,
    };
  }

  get #role(): 'edge' | 'peer' {
    return this.#foundation.config.settings.role;
  }

  get #peerId(): string {
    return this.#host?.peerId.toString() ?? '';
  }
}

function requireRing(ring: RingClient | undefined): RingClient {
  if (ring !== undefined) return ring;
  throw new NodeError('NODE_NOT_READY', {
    message: 'The node is still starting.',
    remedy: 'Try again in a second, or ask another edge.',
  });
}
