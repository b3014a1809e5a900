import type { CID } from 'multiformats/cid';
import { Registry } from 'prom-client';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { ringKeyOf, contentRootOf } from '../../sdk/protocol/content.ts';
import type { ContentRoot } from '../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import type { DeliveryAccounts } from '../adapters/delivery-desk/delivery-accounts.ts';
import type { DeliveryDesk } from '../adapters/delivery-desk/delivery-desk.ts';
import { localDeliveryDesk } from '../adapters/delivery-desk/local-delivery-desk.ts';
import { BlockFill } from '../adapters/http/block-fill.ts';
import { createGateway, type Gateway } from '../adapters/http/gateway.ts';
import type { ContentRouter, ContentStore, GatewayComponents } from '../adapters/http/gateway-components.ts';
import { createGatewayMetrics, type GatewayMetrics } from '../adapters/http/gateway-metrics.ts';
import { peerOfRingKey } from '../adapters/libp2p/ring-peer-id.ts';
import type { DealDirectory } from '../core/delivery/deal-directory.ts';
import { DeliveryLedger } from '../core/delivery/delivery-ledger.ts';
import type { ContentServer, RouteReason } from '../core/cooperation-group/group-ports.ts';
import { Absences } from '../core/storage/absences.ts';
import type { BlockReader } from '../core/storage/block-ports.ts';
import { ClosedIntake, draining } from './draining/closed-intake.ts';
import type { CarriagePlane } from './carriage/carriage-plane.ts';
import type { NoticePlane } from './notices/notice-plane.ts';
import type { Foundation, NodeOverrides } from './foundation.ts';
import type { NotedTerms } from './settlement/settlement-notes.ts';
import { ServingLoad } from './group/serving-load.ts';
import { MeteredAccounts } from './traffic/metered-accounts.ts';
import { ServedTraffic } from './traffic/served-traffic.ts';
import { pacedReader, uploadPace } from './upload-cap.ts';
import { BusyShares } from './group/busy-shares.ts';
import { composeWorkers } from './worker-pool.ts';
import { workersOf } from './config/memory-share.ts';
import type { StatusDocument } from './control/documents.ts';

/** A provider, and how it was found if a cooperation group found it. */
export interface FoundProvider extends ContentServer {
  readonly reason?: RouteReason;
}

export type FindProviders = (
  key: Uint8Array,
  wanted: number,
) => Promise<{ readonly providers: readonly FoundProvider[]; readonly hops: number }>;

/** What the delivery plane asks of the rest of the node. */
export interface DeliveryTies {
  /** Where grants find their deal. @default the deals that allocate something to this node */
  deals?: DealDirectory | undefined;
  /** What is lent between domains. @default nothing */
  carriage?: Pick<CarriagePlane, 'accounts' | 'reader' | 'contents'> | undefined;
  /** Finds at least `wanted` providers, if there are so many; undefined where there is no ring. */
  lookup?: FindProviders | undefined;
  fill(cid: CID, contentRoot: ContentRoot | undefined, signal: AbortSignal): Promise<void>;
  contentStored(root: ContentRoot): Promise<void>;
  /** What publishers took down, and where they say so; undefined where no notices are taken. */
  notices?: Pick<NoticePlane, 'dealsOf' | 'withheld' | 'door'> | undefined;
  readiness(): readonly string[];
  publicStatus(): Promise<Readonly<Record<string, unknown>>>;
}

/** Serving content: the ledger that counts, and the gateway that sends. */
export interface DeliveryPlane {
  readonly ledger: DeliveryLedger;
  /** What every transport asks before it serves. */
  readonly desk: DeliveryDesk;
  readonly gateway: Gateway;
  /** What is served, capped and decorated as configured. */
  readonly blocks: BlockReader;
  /** Which blocks are part of which content, those in transit between domains included. */
  readonly contents: ContentStore;
  /** What nobody had a moment ago: to be told when a content may be had now. */
  readonly absences: Absences;
  /** What was done for viewers since the start. */
  readonly traffic: Pick<ServedTraffic, 'figures'>;
  /** How busy serving makes this node. */
  readonly load: ServingLoad;
  /** Who fetches missing blocks, for every plane. */
  readonly blockFill: BlockFill;
  /** All figures of the node as they are exported, those of its worker processes included. */
  readonly metrics: Pick<GatewayMetrics, 'text'>;
  /** The worker processes; undefined where this process serves itself. */
  workers(): StatusDocument['workers'] | undefined;
  /**
   * Drops blocks from the memory of every worker process. The store's own removals do so by themselves, a moment later;
   * this tells when it is done. @param digests in hexadecimal
   */
  forget(digests: readonly string[]): Promise<void>;
}

/** Builds the delivery plane and gives the ledger back what the journal kept. */
export function composeDelivery(
  foundation: Foundation,
  options: { terms: NotedTerms; overrides: NodeOverrides; signal: AbortSignal },
  ties: DeliveryTies,
): DeliveryPlane {
  const { config, node, clock, chainClock, journal, blocks: store, log, metrics, directory } = foundation;
  const { settings, deployment } = config;
  const ledger = new DeliveryLedger({ node, ...options.terms });
  restoreLedger(ledger, journal);
  const decorate = options.overrides.decorateBlocks ?? ((reader: BlockReader) => reader);
  const { signal } = options;
  const { lookup, carriage, notices } = ties;
  const drains = (): boolean => foundation.drain.isSet;
  // What is decorated to misbehave stays in this process.
  const workers = options.overrides.decorateBlocks === undefined ? workersOf(settings) : 1;
  const busy = new BusyShares(eventLoopShare());
  const load = new ServingLoad({ clock, busyShare: () => busy.take() }, { uploadCap: settings.uploadCap });
  const pace = uploadPace({ bytesPerSecond: settings.uploadCap, clock, signal });
  const contents: ContentStore = carriage?.contents(store) ?? store;
  const held: BlockReader = carriage?.reader(store) ?? store;
  const blocks = load.metered(pacedReader(decorate(held), pace));
  const absences = new Absences();
  const gatewayRegistry = workers === 1 ? metrics : new Registry();
  const traffic = new ServedTraffic();
  const gatewayMetrics = traffic.metrics(createGatewayMetrics(gatewayRegistry));
  const deals = notices?.dealsOf(directory) ?? ties.deals ?? directory;
  const domain = domainOf(deployment);
  const { desk, accounts } = localDeliveryDesk(
    {
      ...{ ledger, journal, deals, clock: chainClock, metrics: gatewayMetrics, log },
      ...{ domain, secp256k1: nativeSecp256k1 },
    },
    {
      freeBytesPerMinute: settings.freeAllowance,
      ownUserIsFree: settings.role === 'peer',
      coordinatorUrl: settings.marketplaceUrl,
      around: (own) =>
        traffic.accounts(
          new ClosedIntake({ inner: underCap(foundation, carriage?.accounts(own) ?? own), drains }),
        ),
    },
  );
  const blockFill = new BlockFill({
    ...{ blocks, absences, log, clock: chainClock, metrics: gatewayMetrics },
    fill: (cid, root, until) => ties.fill(cid, root, until),
    ...(notices !== undefined && { withheld: notices.withheld }),
  });
  const components: GatewayComponents = {
    node,
    domain,
    blocks,
    contents,
    desk,
    journal,
    deals,
    secp256k1: nativeSecp256k1,
    clock: chainClock,
    metrics: gatewayMetrics,
    log,
    ...(lookup === undefined ? {} : { router: routerOf(lookup) }),
    blockFill,
    absences,
    ...(notices !== undefined && { notices: notices.door }),
    contentStored: (root) => ties.contentStored(contentRootOf(root)),
    readiness: () => ties.readiness(),
    refusesUploads: () => (drains() ? draining() : undefined),
    status: () => ties.publicStatus(),
  };
  const plane = { ledger, desk, blocks, contents, load, absences, blockFill, traffic };
  if (workers === 1) {
    const gateway = createGateway(components, { host: settings.httpHost, port: settings.httpPort });
    const { metrics: exported } = components;
    return { ...plane, gateway, metrics: exported, workers: () => undefined, forget: async () => undefined };
  }
  const { pool, metrics: summed } = composeWorkers(foundation, {
    components,
    accounts,
    blockFill,
    registry: gatewayRegistry,
    workers,
    pace,
    load,
    busy,
  });
  return {
    ...plane,
    gateway: pool,
    metrics: summed,
    workers: () => pool.standing(),
    forget: (digests) => pool.forget(digests),
  };
}

/** The accounts under the monthly cap, if there is one. */
function underCap({ traffic: meter }: Foundation, inner: DeliveryAccounts): DeliveryAccounts {
  return meter === undefined ? inner : new MeteredAccounts({ inner, meter });
}

function restoreLedger(ledger: DeliveryLedger, journal: Foundation['journal']): void {
  ledger.restore(journal.restorable());
  for (const dealId of journal.deals()) {
    const closedThrough = journal.totals(dealId)?.closedThrough;
    if (closedThrough !== undefined) ledger.closeEpochs(dealId, closedThrough);
  }
}

/** The share of time since its last call that this process was busy. */
function eventLoopShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

function routerOf(lookup: FindProviders): ContentRouter {
  return {
    lookup: async (cid, { servers }) => {
      const { providers, hops } = await lookup(ringKeyOf(contentRootOf(cid)), servers);
      return {
        hops,
        providers: providers.map(({ publicKey, addresses, operator, region, reason }) => ({
          peerId: peerOfRingKey(publicKey).toString(),
          addresses,
          operator,
          region,
          reason,
        })),
      };
    },
  };
}
