import { setImmediate } from 'node:timers/promises';

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

import { domainOf, type Deployment } from '../../sdk/chain/deployment.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import { RememberedSigners } from '../../sdk/signing/remembered-signers.ts';
import { createApi } from '../api/api.ts';
import type { ConnectionLimits } from '../api/connection-limits.ts';
import { Metrics } from '../api/metrics.ts';
import type { CallClass } from '../api/route-access.ts';
import { RateLimit, type Rate } from '../api/rate-limit.ts';
import { systemClock, type Clock } from '../../sdk/pacing/clock.ts';
import { Audiences } from '../coordinator/audiences.ts';
import { Carriage } from '../coordinator/carriage.ts';
import { Collector } from '../coordinator/collector.ts';
import { ContentOrigins } from '../coordinator/content-origins.ts';
import { ContentPresence, httpHoldingProbe } from '../coordinator/content-presence.ts';
import { EpochClock } from '../coordinator/epoch-clock.ts';
import { GrantIssuance } from '../coordinator/grant-issuance.ts';
import { KeyVault } from '../coordinator/key-vault.ts';
import { httpCapacityProbe, NodeCapacities } from '../coordinator/node-capacities.ts';
import { httpReadinessProbe, NodeHealth } from '../coordinator/node-health.ts';
import { NodePresences } from '../coordinator/node-presences.ts';
import { PeerHoldings } from '../coordinator/peer-holdings.ts';
import { PeerReaches } from '../coordinator/peer-reaches.ts';
import { PeerRoots, type PeerRootPolicy } from '../coordinator/peer-roots.ts';
import { ViewerChallenge } from '../coordinator/viewer-challenge.ts';
import { readChainIdentity } from '../database/chain-index.ts';
import { sumBalances } from '../database/domain-ledger.ts';
import { openDatabase, type DatabaseChoice } from '../database/open-database.ts';
import { describeFailure, MarketplaceError } from '../errors.ts';
import { ChainFollower } from '../indexer/chain-follower.ts';
import { Indexer, type IndexerState } from '../indexer/indexer.ts';
import { JsonRpcChain } from '../indexer/json-rpc-chain.ts';
import {
  MAX_CLOCK_DRIFT_SECONDS,
  VIEWER_GRANT_REQUEST_BURST,
  VIEWER_GRANT_REQUESTS_PER_SECOND,
} from '../limits.ts';
import { DEVELOPMENT_CHAIN_ID, openDevelopment, openPosting } from './own-accounts.ts';
import { MarketSampler } from '../statistics/market-sampler.ts';
import { MarketSnapshots } from '../statistics/market-snapshot.ts';
import { readSecretFile } from './secret-file.ts';

export interface MarketplaceOptions extends DatabaseChoice {
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** 0 for any free port. @default 0 */
  readonly port?: number;
  /** Time between looks at the chain, ms. @default 500 */
  readonly pollIntervalMs?: number;
  /** Time between probes of the nodes, ms. @default 2000 */
  readonly probeIntervalMs?: number;
  /** Time between questions to the nodes for their capacity, ms. @default 30 000 */
  readonly capacityIntervalMs?: number;
  /** What to do when the chain has another genesis than the index. @default refuse */
  readonly onReplacedChain?: 'refuse' | 'reset';
  readonly addressRate?: Rate;
  /** Of one class of calls (api/route-access.ts). @default CALL_RATES of limits.ts */
  readonly callRates?: Partial<Readonly<Record<CallClass, Rate>>>;
  /** How long, and how many at a time, clients may hold connections. @default CONNECTION_LIMITS */
  readonly connections?: ConnectionLimits;
  readonly viewerRate?: Rate;
  /** When peer roots are signed. @default from 10^18 wei on, or anything after a day */
  readonly peerRoots?: PeerRootPolicy;
  /** Private key of an account with gas that posts peer roots. @default none: peers post what is signed */
  readonly posterKey?: string;
  /** Chain 31337 only: pages may reach the chain, and a faucet gives ether and tokens away. @default neither */
  readonly development?: { readonly faucetKey?: string };
  /** Addresses of proxies whose X-Forwarded-* headers count. @default nobody */
  readonly trustedProxies?: readonly string[];
  readonly clock?: Clock;
}

export interface Marketplace {
  /** e.g. `http://127.0.0.1:8080` */
  readonly url: string;
  /** State of the index, as `/readyz` shows it. */
  chain(): IndexerState;
  stop(): Promise<void>;
}

/**
 * Starts indexer, coordinator and API. Serves at once, from what was indexed before, also while the chain is away.
 * @throws MarketplaceError PORT_IN_USE, SECRET_UNREADABLE, SECRET_EXPOSED, and as `openDatabase`
 */
export async function startMarketplace(options: MarketplaceOptions, logger: Logger): Promise<Marketplace> {
  const secret = await readSecretFile(options.dataDir);
  const database = await openDatabase(options);
  try {
    const { deployment, clock = systemClock } = options;
    const follower = new ChainFollower(
      { source: new JsonRpcChain(options.rpcUrl), database, deployment },
      { onReplacedChain: options.onReplacedChain ?? 'refuse' },
    );
    const indexer = new Indexer(
      { follower, clock, notice: ({ level, message, values }) => logger[level](values, message) },
      options,
    );
    const chain = (): IndexerState => indexer.state;
    const epochClock = new EpochClock(
      { clock, chain, epochSeconds: async () => (await readChainIdentity(database.read))?.epochSeconds },
      { maxDriftSeconds: deployment.chainId === DEVELOPMENT_CHAIN_ID ? undefined : MAX_CLOCK_DRIFT_SECONDS },
    );
    const crypto = { secp256k1: new RememberedSigners(nativeSecp256k1), domain: domainOf(deployment) };
    const chainHead = (): number | undefined => chain().head?.number;
    const vault = new KeyVault({ database, clock, secp256k1: nativeSecp256k1, chainHead }, secret);
    const challenge = new ViewerChallenge({ clock }, secret);
    const health = new NodeHealth(
      {
        ...{ database, clock, probe: httpReadinessProbe },
        onFailure: (failure) => logger.error({ err: failure }, 'Nodes could not be probed.'),
      },
      { ...(options.probeIntervalMs !== undefined && { intervalMs: options.probeIntervalMs }) },
    );
    const capacities = new NodeCapacities(
      {
        ...{ database, clock, probe: httpCapacityProbe },
        onFailure: (failure) =>
          logger.error({ err: failure }, 'Nodes could not be asked for their capacity.'),
      },
      { ...(options.capacityIntervalMs !== undefined && { intervalMs: options.capacityIntervalMs }) },
    );
    const snapshots = new MarketSnapshots({ database, clock, health });
    const sampler = new MarketSampler({
      ...{ database, clock, snapshots },
      isLevel: () => chain().status === 'following',
      onFailure: (failure) => logger.error({ err: failure }, 'The market was not sampled.'),
    });
    const viewerRate = new RateLimit(
      { clock },
      options.viewerRate ?? {
        perSecond: VIEWER_GRANT_REQUESTS_PER_SECOND,
        burst: VIEWER_GRANT_REQUEST_BURST,
      },
    );
    const signing = { database, clock, ...crypto, epochClock, vault };
    const audiences = new Audiences(signing);
    const peerRoots = new PeerRoots(signing, options.peerRoots);
    const posting = openPosting({ database, clock, roots: peerRoots, options, logger });
    const api = await createApi(
      {
        ...{ database, deployment, clock, logger, chain, epochClock, vault, challenge, health },
        capacities,
        metrics: new Metrics({
          chain,
          carriage: () => sumBalances(database.read),
          market: () => snapshots.now(),
        }),
        ...{ audiences, snapshots },
        origins: new ContentOrigins({ database, clock, ...crypto }),
        grants: new GrantIssuance({
          ...signing,
          ...{ challenge, health, audiences },
          carriage: new Carriage({ ...signing, health }),
          takeViewerRequest: (viewerKey) => viewerRate.take(viewerKey),
        }),
        collector: new Collector({ ...signing, yieldTurn: () => setImmediate() }),
        contentPresence: new ContentPresence({ clock, probe: httpHoldingProbe }),
        holdings: new PeerHoldings({ database, clock, ...crypto }),
        presences: new NodePresences({ database, clock, ...crypto }),
        development: openDevelopment(options),
        peerReaches: new PeerReaches({ database, clock, ...crypto }),
        peerRoots,
      },
      {
        ...(options.addressRate !== undefined && { addressRate: options.addressRate }),
        ...(options.connections !== undefined && { connections: options.connections }),
        ...(options.callRates !== undefined && { callRates: options.callRates }),
        ...(options.trustedProxies !== undefined && { trustedProxies: options.trustedProxies }),
      },
    );
    const url = await listen(api, options);
    indexer.start();
    health.start();
    capacities.start();
    sampler.start();
    posting?.start();
    const stop = async (): Promise<void> => {
      await api.close();
      await Promise.all([indexer.stop(), health.stop(), capacities.stop(), sampler.stop(), posting?.stop()]);
      await database.close();
    };
    return { url, chain, stop };
  } catch (failure) {
    await database.close();
    throw failure;
  }
}

async function listen(api: FastifyInstance, options: MarketplaceOptions): Promise<string> {
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? 0;
  try {
    return await api.listen({ host, port });
  } catch (failure) {
    if (!(failure instanceof Error && 'code' in failure && failure.code === 'EADDRINUSE')) throw failure;
    throw new MarketplaceError(
      'PORT_IN_USE',
      `Port ${port} of ${host} is taken: ${describeFailure(failure)}.`,
      { host, port },
      failure,
    );
  }
}
