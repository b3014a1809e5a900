import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RateLimit } from '../../../../marketplace/api/rate-limit.ts';
import type { Clock } from '../../../../sdk/pacing/clock.ts';
import { Audiences } from '../../../../marketplace/coordinator/audiences.ts';
import { Carriage } from '../../../../marketplace/coordinator/carriage.ts';
import { Collector, type Settlement } from '../../../../marketplace/coordinator/collector.ts';
import { EpochClock } from '../../../../marketplace/coordinator/epoch-clock.ts';
import { GrantIssuance, type IssuedGrants } from '../../../../marketplace/coordinator/grant-issuance.ts';
import { KeyVault } from '../../../../marketplace/coordinator/key-vault.ts';
import { NodeHealth } from '../../../../marketplace/coordinator/node-health.ts';
import { PeerHoldings } from '../../../../marketplace/coordinator/peer-holdings.ts';
import { PeerRoots, type PeerProof } from '../../../../marketplace/coordinator/peer-roots.ts';
import { ViewerChallenge } from '../../../../marketplace/coordinator/viewer-challenge.ts';
import type { Database } from '../../../../marketplace/database/database.ts';
import { openSqlite } from '../../../../marketplace/database/sqlite.ts';
import { ChainFollower } from '../../../../marketplace/indexer/chain-follower.ts';
import { JsonRpcChain } from '../../../../marketplace/indexer/json-rpc-chain.ts';
import {
  VIEWER_GRANT_REQUEST_BURST,
  VIEWER_GRANT_REQUESTS_PER_SECOND,
} from '../../../../marketplace/limits.ts';
import { postPeerRoot } from '../../../../sdk/chain/peer-pool.ts';
import { domainOf } from '../../../../sdk/chain/deployment.ts';
import type { GivenAdmission } from '../../../../sdk/client/given-admission.ts';
import type { AudienceMessage } from '../../../../sdk/client/marketplace-api.ts';
import { grantRequestDigest } from '../../../../sdk/protocol/authorisation.ts';
import { base64UrlDecode } from '../../../../sdk/protocol/bytes.ts';
import type { Epoch } from '../../../../sdk/protocol/identifiers.ts';
import { MAX_HOLDING_SECONDS, peerHoldingDigest } from '../../../../sdk/protocol/peer-holding.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { AttackWorld } from './attack-world.ts';
import { CountedKeys } from './counted-keys.ts';
import type { Party } from './party.ts';
import { keyOf, type DealKeys, type PlayedDeal } from './played-deal.ts';

const MS = 1000;

/** The real coordinator of the marketplace on the chain of an attack, without its HTTP interface. */
export class CoordinatorDesk {
  readonly #world: AttackWorld;
  readonly #folder: string;
  readonly #database: Database;
  readonly #follower: ChainFollower;
  readonly #vault: KeyVault;
  readonly #challenge: ViewerChallenge;
  readonly #audiences: Audiences;
  readonly #grants: GrantIssuance;
  readonly #collector: Collector;
  readonly #holdings: PeerHoldings;
  readonly #peerRoots: PeerRoots;

  private constructor(world: AttackWorld, folder: string, database: Database) {
    const { chain } = world;
    const clock: Clock = { nowMs: () => chain.timeSeconds * MS, sleep: () => Promise.resolve() };
    const secret = keyOf('coordinator');
    const domain = domainOf(chain.deployment);
    this.#world = world;
    this.#folder = folder;
    this.#database = database;
    this.#follower = new ChainFollower(
      { source: new JsonRpcChain(chain.url), database, deployment: chain.deployment },
      { onReplacedChain: 'refuse' },
    );
    this.#vault = new KeyVault({ database, clock, secp256k1: new CountedKeys('coordinator') }, secret);
    this.#challenge = new ViewerChallenge({ clock }, secret);
    const head = () => ({ number: 0, timestampSeconds: chain.timeSeconds, seenAtMs: clock.nowMs() });
    const epochClock = new EpochClock(
      {
        clock,
        chain: () => ({ head: head(), lastContactMs: clock.nowMs() }),
        epochSeconds: () => Promise.resolve(chain.parameters.epochSeconds),
      },
      { maxDriftSeconds: undefined },
    );
    const health = new NodeHealth({
      ...{ database, clock, probe: () => Promise.resolve('ready' as const) },
      onFailure: (failure) => {
        throw failure;
      },
    });
    const rate = new RateLimit(
      { clock },
      { perSecond: VIEWER_GRANT_REQUESTS_PER_SECOND, burst: VIEWER_GRANT_REQUEST_BURST },
    );
    const signing = { database, clock, secp256k1, domain, epochClock, vault: this.#vault };
    this.#audiences = new Audiences(signing);
    this.#grants = new GrantIssuance({
      ...signing,
      ...{ challenge: this.#challenge, health, audiences: this.#audiences },
      carriage: new Carriage({ ...signing, health }),
      takeViewerRequest: (viewerKey) => rate.take(viewerKey),
    });
    this.#collector = new Collector({ ...signing, yieldTurn: () => Promise.resolve() });
    this.#holdings = new PeerHoldings(signing);
    this.#peerRoots = new PeerRoots(signing);
  }

  /** Runs `work` with a coordinator of its own, whose files are removed afterwards. */
  static async with<T>(world: AttackWorld, work: (desk: CoordinatorDesk) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'bcdn-attack-'));
    const desk = new CoordinatorDesk(world, folder, await openSqlite(join(folder, 'coordinator.sqlite')));
    try {
      return await work(desk);
    } finally {
      await desk.#close();
    }
  }

  /** Keys for a deal that it will serve. */
  createKeys(publisher: Party): Promise<DealKeys> {
    return this.#vault.createPair(publisher.address);
  }

  /** Reads the chain up to its last block. */
  async index(): Promise<void> {
    const { signal } = new AbortController();
    for (;;) {
      const { head, tip } = await this.#follower.step(signal);
      if (tip?.number === head.number) return;
    }
  }

  /** A publisher, or who plays it, says whom a deal is for. @throws MarketplaceError */
  declareAudience({ signature, ...audience }: AudienceMessage): Promise<void> {
    return this.#audiences.declare({ ...audience, signature: base64UrlDecode(signature) });
  }

  /** A viewer proves its key and asks for a grant at one node. @throws MarketplaceError */
  requestGrants(
    viewer: Uint8Array,
    wanted: { readonly deal: PlayedDeal; readonly node: Party; readonly capBytes: bigint },
    admission?: GivenAdmission,
  ): Promise<IssuedGrants> {
    const { dealId, domain } = wanted.deal;
    const viewerKey = secp256k1.addressOf(viewer);
    const { nonce, expiresAt } = this.#challenge.create(viewerKey);
    const digest = grantRequestDigest(domain, { viewerKey, dealId, nonce, expiresAt: BigInt(expiresAt) });
    return this.#grants.issue({
      wanted: { dealId },
      ...{ viewerKey, nonce, expiresAt, signature: secp256k1.sign(digest, viewer) },
      ...{ epoch: 'current', capBytes: wanted.capBytes, nodes: [wanted.node.address] },
      ...{ maxNodes: 1, region: undefined },
      admission: admission && { ...admission, signature: base64UrlDecode(admission.signature) },
    });
  }

  /** A node hands in receipts for a voucher. @throws MarketplaceError */
  settle(
    deal: PlayedDeal,
    node: Party,
    throughEpoch: Epoch,
    pairs: readonly ReceiptWithGrant[],
  ): Promise<Settlement> {
    const { dealId } = deal;
    return this.#collector.settle({ dealId, node: node.address, throughEpoch, pairs, final: true });
  }

  /** A peer says that it holds the content of a deal. @throws MarketplaceError */
  async announce(peer: Party, { contentRoot, domain }: PlayedDeal): Promise<void> {
    const expiresAt = this.#world.chain.timeSeconds + MAX_HOLDING_SECONDS;
    const holding = { peer: peer.address, contentRoot, expiresAt: BigInt(expiresAt) };
    const signature = secp256k1.sign(peerHoldingDigest(domain, holding), peer.privateKey);
    await this.#holdings.announce(peer.address, [{ contentRoot, expiresAt, signature }]);
  }

  /** Signs what peers have earned, and `by` posts it. @returns the proofs of a peer */
  async postRoot({ dealId }: PlayedDeal, by: Party, peer: Party): Promise<PeerProof[]> {
    const { pending } = await this.#peerRoots.standing(dealId);
    if (pending !== undefined) await postPeerRoot(by, pending);
    return this.#peerRoots.proofsOf(dealId, peer.address);
  }

  async #close(): Promise<void> {
    await this.#database.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
