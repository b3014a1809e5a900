import type { Logger } from 'pino';

import type { Deployment } from '../../sdk/chain/deployment.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Audiences } from '../coordinator/audiences.ts';
import type { ContentOrigins } from '../coordinator/content-origins.ts';
import type { Collector } from '../coordinator/collector.ts';
import type { ContentPresence } from '../coordinator/content-presence.ts';
import type { EpochClock } from '../coordinator/epoch-clock.ts';
import type { GrantIssuance } from '../coordinator/grant-issuance.ts';
import type { KeyVault } from '../coordinator/key-vault.ts';
import type { NodeCapacities } from '../coordinator/node-capacities.ts';
import type { NodeHealth } from '../coordinator/node-health.ts';
import type { NodePresences } from '../coordinator/node-presences.ts';
import type { PeerHoldings } from '../coordinator/peer-holdings.ts';
import type { PeerReaches } from '../coordinator/peer-reaches.ts';
import type { PeerRoots } from '../coordinator/peer-roots.ts';
import type { ViewerChallenge } from '../coordinator/viewer-challenge.ts';
import type { Database } from '../database/database.ts';
import type { IndexerState } from '../indexer/indexer.ts';
import type { Faucet } from '../development/faucet.ts';
import type { RpcDoor } from '../development/rpc-door.ts';
import type { MarketSnapshots } from '../statistics/market-snapshot.ts';
import type { Metrics } from './metrics.ts';

/** Everything the routes answer from. */
export interface ApiComponents {
  readonly database: Database;
  readonly deployment: Deployment;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly chain: () => IndexerState;
  readonly epochClock: EpochClock;
  readonly vault: KeyVault;
  readonly challenge: ViewerChallenge;
  readonly audiences: Audiences;
  readonly origins: ContentOrigins;
  readonly grants: GrantIssuance;
  readonly collector: Collector;
  readonly health: NodeHealth;
  readonly capacities: NodeCapacities;
  readonly snapshots: MarketSnapshots;
  readonly holdings: PeerHoldings;
  readonly contentPresence: ContentPresence;
  readonly presences: NodePresences;
  readonly peerReaches: PeerReaches;
  readonly peerRoots: PeerRoots;
  /** On a development chain that was said to be one. */
  readonly development: { readonly faucet: Faucet | undefined; readonly rpc: RpcDoor } | undefined;
}
