import { peerIdFromString } from '@libp2p/peer-id';
import type { CID } from 'multiformats/cid';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { systemClock as callClock } from '../../sdk/pacing/clock.ts';
import { FetchExchange } from '../../sdk/client/fetch-exchange.ts';
import { MarketplaceApi } from '../../sdk/client/marketplace-api.ts';
import { bytesToHex, hexToBytes } from '../../sdk/protocol/bytes.ts';
import { parseContentRoot, type ContentRoot, type DealId } from '../../sdk/protocol/identifiers.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { BlockExchangeClient } from '../adapters/libp2p/block-exchange-client.ts';
import { blockExchangeProtocol } from '../adapters/libp2p/block-exchange-protocol.ts';
import { BlockExchangeServer } from '../adapters/libp2p/block-exchange-server.ts';
import type { Host } from '../adapters/libp2p/host.ts';
import { peerOfRingKey, ringKeyOfPeer } from '../adapters/libp2p/ring-peer-id.ts';
import { groupProtocol, ringProtocol } from '../adapters/libp2p/ring-protocol.ts';
import { uniform } from '../adapters/randomness/system-randomness.ts';
import { MAX_SUMMARY_CONTENTS } from '../core/cooperation-group/group-limits.ts';
import { OriginClient } from '../adapters/origin/origin-client.ts';
import { OriginTurns } from '../adapters/origin/origin-turns.ts';
import { ContentFilling } from './content/content-filling.ts';
import { KnownOrigins } from './content/known-origins.ts';
import { OriginFill } from './content/origin-fill.ts';
import type { DeliveryPlane } from './delivery-plane.ts';
import type { Foundation } from './foundation.ts';
import { GroupNode } from './group/group-node.ts';
import { FULL_STANDING } from './group/serving-load.ts';
import type { NoticePlane } from './notices/notice-plane.ts';
import { reportOf } from './node-error.ts';
import { libp2pOf, refreshRing } from './ring/ring-edges.ts';
import { RingNode } from './ring/ring-node.ts';
import { ClaimSnapshots } from '../adapters/disk/claim-snapshots.ts';
import { CoordinatorClient } from './settlement/coordinator-client.ts';
import { SettlementLoop } from './settlement/settlement-loop.ts';
import type { NotedTerms } from './settlement/settlement-notes.ts';

/** What only an edge does: ring, exchange with siblings, filling, settling. */
export interface EdgePlane {
  readonly ring: RingNode;
  readonly group: GroupNode;
  readonly exchange: BlockExchangeServer;
  readonly filling: ContentFilling;
  readonly settlement: SettlementLoop;
}

export interface EdgePlaneOptions {
  readonly notices: Pick<NoticePlane, 'isWithdrawn'>;
  readonly host: Host;
  readonly delivery: DeliveryPlane;
  readonly terms: NotedTerms;
  /** Multiaddrs of this node: gateway first, then libp2p. */
  readonly endpoints: readonly string[];
}

/** Builds the edge's own parts; none is started. */
export function composeEdge(foundation: Foundation, options: EdgePlaneOptions): EdgePlane {
  const { config, keys, clock, randomness, registry, log, directory, blocks, node } = foundation;
  const { deployment, settings } = config;
  const protocol = blockExchangeProtocol(Number(deployment.chainId), deployment.market);
  const ring: RingNode = new RingNode(
    {
      host: options.host,
      privateKey: keys.libp2p,
      admission: registry,
      clock,
      randomness,
      onRegistryWanted: () => void refreshRing(foundation, ring),
      onMembership: (change) => {
        log.debug(change, 'Ring membership');
        group.membershipChanged(change.region);
      },
    },
    {
      protocol: ringProtocol(deployment.chainId, deployment.registry),
      providerAddresses: options.endpoints,
      addresses: libp2pOf(options.endpoints),
    },
  );
  const group = composeGroup(foundation, { ...options, ring });
  const filling = new ContentFilling({
    store: blocks,
    directory,
    exchange: new BlockExchangeClient({ host: options.host }, { protocol }),
    holders: {
      find: async (key, wanted) => {
        const { servers } = await group.route(key, wanted);
        const others = servers.filter(({ operator }) => operator !== node);
        return others.map(({ publicKey, addresses }) => ({
          peerId: peerOfRingKey(publicKey).toString(),
          addresses,
        }));
      },
      refused: ({ peerId }, key) => {
        const publicKey = ringKeyOfPeer(peerIdFromString(peerId));
        if (publicKey !== undefined) group.refused(publicKey, key);
      },
    },
    announcer: {
      provide: (key) => {
        options.delivery.absences.contentChanged(parseContentRoot(bytesToHex(key)));
        return ring.provide(key);
      },
      unprovide: (key) => ring.unprovide(key),
    },
    origin: composeOrigin(foundation),
    isWithdrawn: options.notices.isWithdrawn,
    isPaused: () => foundation.drain.isSet,
    log,
  });
  const exchange = new BlockExchangeServer(
    { host: options.host, source: exchangeSource(foundation, options.delivery) },
    { protocol },
  );
  const signing = { secp256k1: nativeSecp256k1, domain: domainOf(deployment) };
  const settlement = new SettlementLoop(
    {
      ...{ ...foundation, ...signing },
      clock: foundation.chainClock,
      snapshots: new ClaimSnapshots({ directory: foundation.config.dataDir.claims }),
      ledger: options.delivery.ledger,
      coordinator: new CoordinatorClient(
        { ...signing, clock, privateKey: hexToBytes(keys.operator.privateKey, 32) },
        { marketplaceUrl: settings.marketplaceUrl },
      ),
    },
    {
      epochSeconds: options.terms.epochSeconds,
      minimumDueWei: settings.settleMinimumWei,
      directClaimAfterEpochs: settings.directClaimAfterEpochs,
      gasTokenWei: settings.gasTokenWei,
      maxGasPriceWei: settings.maxGasPriceWei,
      sampledClaimFromReceipts: settings.sampledClaimFromReceipts,
    },
  );
  return { ring, group, exchange, filling, settlement };
}

/** What the edge may ask of publishers' origins. */
function composeOrigin({ config, blocks, clock, randomness, log }: Foundation): OriginFill {
  const { settings, deployment } = config;
  const calls = { http: new FetchExchange(), clock: callClock };
  const api = new MarketplaceApi(calls, settings.marketplaceUrl);
  return new OriginFill({
    store: blocks,
    origins: new KnownOrigins({
      ask: (dealId, signal) => api.contentOrigin(dealId, signal),
      secp256k1: nativeSecp256k1,
      domain: domainOf(deployment),
      ...{ clock, log },
    }),
    client: new OriginClient({ allowPrivate: settings.allowPrivateOrigins }),
    turns: new OriginTurns({ clock, random: () => uniform(randomness) }),
  });
}

/** The edge's place in its cooperation group: what it tells of itself, and where it looks before the ring. */
function composeGroup(
  foundation: Foundation,
  options: EdgePlaneOptions & { readonly ring: RingNode },
): GroupNode {
  const { config, keys, clock, randomness, registry, blocks } = foundation;
  const { deployment } = config;
  return new GroupNode(
    {
      host: options.host,
      ring: options.ring,
      admission: registry,
      clock,
      random: () => uniform(randomness),
      held: {
        keys: () => blocks.completeRoots(MAX_SUMMARY_CONTENTS),
        has: (key) => blocks.isComplete(parseContentRoot(key)),
      },
      // Who drains is passed by.
      standing: () => (foundation.drain.isSet ? FULL_STANDING : options.delivery.load.standing()),
      serviceAddressesOf: (publicKey) => registry.nodeOfKey(publicKey)?.endpoints,
    },
    {
      protocol: groupProtocol(deployment.chainId, deployment.registry),
      publicKey: keys.libp2p.publicKey.raw,
      addresses: options.endpoints,
    },
  );
}

/** Blocks of shared deals for the other nodes that are allocated in them. */
function exchangeSource(foundation: Foundation, delivery: DeliveryPlane) {
  const { registry, directory, blocks, log, traffic } = foundation;
  return {
    mayFetch: async (libp2pPublicKey: Uint8Array, dealId: DealId): Promise<boolean> => {
      const owner = registry.nodeOfKey(libp2pPublicKey);
      return owner !== undefined && (await directory.isSibling(dealId, owner.operator));
    },
    blockOf: async (dealId: DealId, cid: CID): Promise<Uint8Array | undefined> => {
      const root: ContentRoot | undefined = directory.known(dealId)?.deal.contentRoot;
      if (root === undefined || !blocks.contains(root, cid)) return undefined;
      const bytes = await blocks.sizeOf(cid);
      if (bytes === undefined) return undefined;
      await traffic?.take(bytes);
      return delivery.blocks.get(cid);
    },
    onFailure: (error: unknown): void => {
      const { code, message } = reportOf(error);
      log.debug({ code, reason: message }, 'A stream of the block exchange failed');
    },
  };
}
