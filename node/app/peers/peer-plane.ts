import { domainOf } from '../../../sdk/chain/deployment.ts';
import { peerPoolOf } from '../../../sdk/chain/peer-pool.ts';
import type { DealId } from '../../../sdk/protocol/identifiers.ts';
import { systemClock } from '../../../sdk/pacing/clock.ts';
import { UndiciExchange } from '../../../sdk/client/undici-exchange.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';
import type { Host } from '../../adapters/libp2p/host.ts';
import { ringProtocol } from '../../adapters/libp2p/ring-protocol.ts';
import type { DeliveryPlane } from '../delivery-plane.ts';
import type { Foundation } from '../foundation.ts';
import { PeerDelivery } from '../peer-delivery.ts';
import { RingClient } from '../ring/ring-client.ts';
import type { NotedTerms } from '../settlement/settlement-notes.ts';
import { HoldingAnnouncer, type OfferedContents } from './holding-announcer.ts';
import { PeerCoordinator } from './peer-coordinator.ts';
import { PeerDealDirectory } from './peer-deal-directory.ts';
import { PeerSettlement } from './peer-settlement.ts';
import { PeerStore } from './peer-store.ts';

/** What a peer keeps and asks before it serves: its accounts, and the deals that could pay it. */
export interface PeerBooks {
  readonly store: PeerStore;
  readonly deals: PeerDealDirectory;
}

/** What only a peer does: fetching for its player, saying what it holds, and being paid for serving it. */
export interface PeerPlane {
  readonly delivery: PeerDelivery;
  readonly ring: RingClient;
  /** What it holds, and for how much of it somebody pays peers. */
  offered(): OfferedContents;
  /** Says what it holds and collects its pay, once it is registered. */
  start(): void;
  stop(): Promise<void>;
}

/** Opens the accounts of a peer. @throws StorageError STORE_VERSION_UNKNOWN */
export function openPeerBooks(foundation: Foundation): PeerBooks {
  const { config, reader, provider, clock, registry, node } = foundation;
  const chain = {
    deal: (dealId: DealId) => reader.deal(dealId),
    pool: (dealId: DealId) => peerPoolOf(provider, config.deployment, dealId),
  };
  const store = PeerStore.open(config.dataDir.peerAccounts);
  const deals = new PeerDealDirectory(
    { chain, store, clock },
    // The price may change while the node runs.
    { askWeiPerGiB: () => registry.nodeOf(node)?.askWeiPerGiB ?? config.settings.askWeiPerGib },
  );
  return { store, deals };
}

/** Builds the peer's own parts; none is started. */
export function composePeer(
  foundation: Foundation,
  options: {
    readonly host: Host;
    readonly delivery: DeliveryPlane;
    readonly terms: NotedTerms;
    readonly books: PeerBooks;
  },
): PeerPlane {
  const { blocks, log, config, keys, registry, clock, node } = foundation;
  const { settings, deployment } = config;
  const { marketplaceUrl, region } = settings;
  const http = new UndiciExchange();
  const privateKey = hexToBytes(keys.operator.privateKey, 32);
  const crypto = { secp256k1: nativeSecp256k1, domain: domainOf(deployment) };
  const coordinator = new PeerCoordinator(
    { http, clock: systemClock, ...crypto, privateKey },
    { marketplaceUrl, peer: node },
  );
  const announcer = new HoldingAnnouncer(
    {
      ...{ coordinator, log, ...crypto },
      // A peer that drains offers nothing.
      blocks: { completeRoots: (limit) => (foundation.drain.isSet ? [] : blocks.completeRoots(limit)) },
    },
    { peer: node, privateKey },
  );
  const delivery = new PeerDelivery(
    {
      ...{ store: blocks, log },
      fetched: (root) => {
        // Only a content of which nothing is missing is offered to others.
        blocks.complete({ root: contentRootOf(root), codec: root.code }).then(
          () => announcer.announceSoon(),
          (error: unknown) => log.debug({ cid: root.toString(), error }, 'A content is not held whole'),
        );
      },
    },
    { marketplaceUrl, viewerKey: privateKey, region },
  );
  const protocol = ringProtocol(deployment.chainId, deployment.registry);
  const ring = new RingClient({ host: options.host, admission: registry, clock }, { protocol, region });
  const { store, deals } = options.books;
  const settlement = new PeerSettlement(
    {
      ...{ ...foundation, ...crypto, coordinator, store, deals, peer: node, settlements: foundation.store },
      clock: foundation.chainClock,
      ledger: options.delivery.ledger,
    },
    {
      epochSeconds: options.terms.epochSeconds,
      minimumDueWei: settings.settleMinimumWei,
      gasTokenWei: settings.gasTokenWei,
    },
  );
  return {
    delivery,
    ring,
    offered: () => announcer.offered,
    start: () => {
      announcer.start();
      settlement.start();
    },
    stop: async () => {
      await delivery.stop();
      await Promise.all([announcer.stop(), settlement.stop()]);
      await http.close();
    },
  };
}
