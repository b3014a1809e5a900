import { bytesToHex, type Hex } from '../../sdk/protocol/bytes.ts';
import { grantRequestDigest } from '../../sdk/protocol/authorisation.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import { grantDigest, type Grant } from '../../sdk/protocol/grant.ts';
import {
  parseDealId,
  parseEpoch,
  parseGrantHash,
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
} from '../../sdk/protocol/identifiers.ts';
import { MAX_UINT64 } from '../../sdk/protocol/limits.ts';
import { signerOf, type Secp256k1 } from '../../sdk/protocol/signature.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database, Sql } from '../database/database.ts';
import {
  findDeal,
  readAllocationsOfDeal,
  readDealsOfContent,
  type AllocationRecord,
  type DealRecord,
} from '../database/deal-records.ts';
import {
  hasUsedChallenge,
  insertGrant,
  readCapsOf,
  useChallenge,
  type IssuedGrant,
} from '../database/grant-ledger.ts';
import { findNode, type NodeRecord } from '../database/node-records.ts';
import { noteOffered } from '../database/peer-ledger.ts';
import { MarketplaceError } from '../errors.ts';
import {
  DEFAULT_NODES_PER_REQUEST,
  MAX_CANDIDATE_DEALS,
  DEFAULT_PEERS_PER_REQUEST,
  MAX_GRANTS_PER_VIEWER_NODE_EPOCH,
  MAX_NODES_PER_REQUEST,
} from '../limits.ts';
import { roomOf } from './allocation-room.ts';
import type { Audiences, ShownAdmission } from './audiences.ts';
import type { Carriage, CarriagePlan } from './carriage.ts';
import type { EpochClock, EpochMoment } from './epoch-clock.ts';
import type { DigestSigner, KeyVault } from './key-vault.ts';
import type { NodeHealth } from './node-health.ts';
import { grantCap, rankNodes } from './node-selection.ts';
import { peersFor, PoolRoom, type PeerOffer, type PeerOffers, type PeerWish } from './peer-offers.ts';
import { askerOf, type Asker } from './viewer-domain.ts';
import type { ViewerChallenge } from './viewer-challenge.ts';

/** A viewer that names content rather than a deal signs this in place of the deal id (SPEC.md, grants). */
export const ANY_DEAL = parseDealId(`0x${'00'.repeat(32)}`);

export interface GrantsRequest {
  /** What is wanted: a deal, or a content that the coordinator finds a deal for. */
  readonly wanted: { readonly dealId: DealId } | { readonly root: ContentRoot; readonly codec: number };
  readonly viewerKey: Address;
  readonly nonce: Hex;
  /** Unix seconds, as in the challenge. */
  readonly expiresAt: number;
  readonly signature: Uint8Array;
  readonly epoch: 'current' | 'next';
  readonly capBytes: bigint | undefined;
  /** Only these nodes, if given. */
  readonly nodes: readonly Address[] | undefined;
  readonly maxNodes: number | undefined;
  /** Peers beside the nodes with an allocation. @default 2 */
  readonly maxPeers?: number | undefined;
  readonly region: string | undefined;
  /** Label of its domain inside the region. @default none */
  readonly domain?: string | undefined;
  /** By the audience key of a deal that has one. @default none */
  readonly admission?: ShownAdmission | undefined;
}

export interface IssuedGrants {
  readonly dealId: DealId;
  readonly epoch: Epoch;
  readonly moment: EpochMoment;
  readonly grants: readonly Issued[];
}

interface GrantComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly epochClock: EpochClock;
  readonly vault: KeyVault;
  readonly challenge: ViewerChallenge;
  readonly audiences: Audiences;
  readonly health: NodeHealth;
  readonly carriage: Carriage;
  /** Takes one request of a viewer from its rate. @throws MarketplaceError RATE_LIMITED */
  readonly takeViewerRequest: (viewerKey: Address) => void;
}

/** One grant to be issued, if there is room for it. */
interface Offer {
  readonly node: NodeRecord;
  readonly remainingBytes: bigint;
  readonly peer: PeerOffer | undefined;
}

interface Issue {
  readonly request: GrantsRequest;
  readonly epoch: Epoch;
  readonly moment: EpochMoment;
  readonly choice: Choice;
}

interface Issued {
  readonly issued: IssuedGrant;
  readonly node: NodeRecord;
  /** By an edge that is lent to the viewer's domain and paid by nobody. */
  readonly carried: boolean;
}

interface AllocatedNode {
  readonly node: NodeRecord;
  readonly allocation: AllocationRecord;
}

interface Choice {
  readonly deal: DealRecord;
  readonly nodes: readonly AllocatedNode[];
  readonly peers: PeerOffers;
  readonly sign: DigestSigner;
  readonly asker: Asker;
  /** Where only peers of other domains hold the content, or an edge asks for what it carries. */
  readonly carriage: CarriagePlan | undefined;
}

/** Gives viewers leave to fetch: authenticates, chooses nodes, bounds what is granted, signs and remembers. */
export class GrantIssuance {
  readonly #components: GrantComponents;

  constructor(components: GrantComponents) {
    this.#components = components;
  }

  /**
   * @throws MarketplaceError CHALLENGE_*, SIGNATURE_INVALID, RATE_LIMITED, DEAL_NOT_FOUND, CONTENT_NOT_FOUND,
   *   DEAL_NOT_OPEN, VIEWER_NOT_ADMITTED, DEAL_NOT_SERVED, EPOCH_TOO_EARLY, NO_NODE_AVAILABLE, ALLOCATION_EXHAUSTED,
   *   CARRIAGE_EXHAUSTED, CARRIAGE_UNAVAILABLE, NOT_INDEXED_YET, CHAIN_STALE, CLOCK_DRIFT
   */
  async issue(request: GrantsRequest): Promise<IssuedGrants> {
    const { challenge, database } = this.#components;
    challenge.check(request, request.viewerKey);
    this.#authenticate(request);
    this.#components.takeViewerRequest(request.viewerKey);
    const moment = await this.#components.epochClock.now();
    if (request.epoch === 'next' && !moment.nextIsOpen) {
      throw new MarketplaceError('EPOCH_TOO_EARLY', 'Grants of the next epoch are not issued yet.', {
        epoch: moment.epoch,
        endsInMs: moment.endsInMs,
      });
    }
    const epoch = parseEpoch(request.epoch === 'next' ? moment.epoch + 1 : moment.epoch);
    let refusal: MarketplaceError | undefined;
    for (const deal of await this.#wantedDeals(request)) {
      try {
        const choice = await this.#chooseNodes(deal, request, epoch);
        const grants = await database.write((sql) => this.#issueAll(sql, { request, epoch, moment, choice }));
        return { dealId: deal.dealId, epoch, moment, grants };
      } catch (failure) {
        // Another deal of the content may serve; a refused transaction has used nothing up.
        if (!(failure instanceof MarketplaceError)) throw failure;
        refusal ??= failure;
      }
    }
    throw refusal ?? new MarketplaceError('CONTENT_NOT_FOUND', 'No deal pays for this content.', {});
  }

  #authenticate(request: GrantsRequest): void {
    const { domain, secp256k1 } = this.#components;
    const { viewerKey, nonce } = request;
    const dealId = 'dealId' in request.wanted ? request.wanted.dealId : ANY_DEAL;
    const digest = grantRequestDigest(domain, {
      viewerKey,
      dealId,
      nonce,
      expiresAt: BigInt(request.expiresAt),
    });
    const signer = signerOf(secp256k1, digest, request.signature);
    if (signer !== viewerKey) {
      throw new MarketplaceError(
        'SIGNATURE_INVALID',
        'The request is not signed by the viewer key it names.',
        {
          viewerKey,
          signer: signer ?? 'nobody',
          dealId,
        },
      );
    }
  }

  /** Those that are tried, in their order: the first that has a node to offer grants. */
  async #wantedDeals({ wanted }: GrantsRequest): Promise<DealRecord[]> {
    const { read } = this.#components.database;
    if (!('dealId' in wanted)) return readDealsOfContent(read, wanted, MAX_CANDIDATE_DEALS);
    const deal = await findDeal(read, wanted.dealId);
    if (deal === undefined) {
      throw new MarketplaceError('DEAL_NOT_FOUND', 'The index has no such deal.', { dealId: wanted.dealId });
    }
    return [deal];
  }

  async #chooseNodes(deal: DealRecord, request: GrantsRequest, epoch: Epoch): Promise<Choice> {
    const { vault, database, audiences } = this.#components;
    if (deal.state !== 'open') {
      throw new MarketplaceError('DEAL_NOT_OPEN', 'The deal takes no new viewers.', {
        dealId: deal.dealId,
        state: deal.state,
      });
    }
    const sign = await vault.grantSigner(deal, epoch);
    const allocations = await readAllocationsOfDeal(database.read, deal.dealId);
    const asker = paidLikeViewers(await askerOf(database.read, request), allocations);
    // An edge that carries is bounded by what its viewers were granted, who had to be admitted.
    if (asker.edge === undefined) await audiences.requireAdmitted(deal, request);
    const offered = asker.edge === undefined ? await this.#allocatedNodes(request, allocations) : NOTHING;
    const { nodes } = offered;
    const peers = await peersFor(this.#components, deal, { wish: peerWishOf(request, asker), allocations });
    const isCarried = asker.edge !== undefined || (peers.direct.length === 0 && peers.elsewhere > 0);
    const plan = isCarried
      ? await this.#components.carriage.plan({ ...request, deal, epoch, asker })
      : undefined;
    if (nodes.length === 0 && peers.direct.length === 0 && plan === undefined) {
      throw new MarketplaceError('NO_NODE_AVAILABLE', 'No node of the deal can serve now.', {
        dealId: deal.dealId,
        allocated: allocations.length,
        ...offered.counts,
        healthy: 0,
      });
    }
    return { deal, nodes, peers, sign, asker, carriage: plan };
  }

  /** Nodes that the deal pays for storing and serving its content, that were asked for and that answer. */
  async #allocatedNodes(
    request: GrantsRequest,
    allocations: readonly AllocationRecord[],
  ): Promise<typeof NOTHING> {
    const { database, health } = this.#components;
    const wanted = request.nodes === undefined ? undefined : new Set(request.nodes);
    const funded = allocations.filter(({ state, balanceWei }) => state === 'active' && balanceWei > 0n);
    const asked = funded.filter(({ node }) => wanted === undefined || wanted.has(node));
    const active: AllocatedNode[] = [];
    for (const allocation of asked) {
      const node = await findNode(database.read, allocation.node);
      if (node?.active) active.push({ node, allocation });
    }
    const up = new Set((await health.upAmong(active.map(({ node }) => node))).map((node) => node.address));
    return {
      nodes: active.filter(({ node }) => up.has(node.address)),
      counts: { funded: funded.length, asked: asked.length, active: active.length },
    };
  }

  /** In one transaction: the challenge is used up, caps are reserved and grants remembered, or nothing happens. */
  async #issueAll(sql: Sql, issue: Issue): Promise<Issued[]> {
    const { request, choice } = issue;
    const nowSeconds = Math.floor(this.#components.clock.nowMs() / 1000);
    // Nodes were asked for their health since: nothing is granted once the publisher has been told that the door is closed.
    if (choice.asker.edge === undefined)
      await this.#components.audiences.requireAdmitted(choice.deal, request, sql);
    if (await hasUsedChallenge(sql, request.nonce)) {
      throw new MarketplaceError('CHALLENGE_USED', 'This challenge has been answered before.', {});
    }
    await useChallenge(sql, { nonce: request.nonce, expiresAtSeconds: request.expiresAt }, nowSeconds);
    const candidates = [];
    for (const { node, allocation } of choice.nodes) {
      const room = await roomOf(sql, allocation);
      candidates.push({ address: node.address, region: node.region, node, ...room });
    }
    const ranked = rankNodes(candidates, choice.asker.region).filter(
      ({ remainingBytes }) => remainingBytes > 0n,
    );
    const grants: Issued[] = [];
    for (const { node, remainingBytes } of ranked.slice(0, request.maxNodes ?? DEFAULT_NODES_PER_REQUEST)) {
      const issued = await this.#issueOne(sql, issue, { node, remainingBytes, peer: undefined });
      if (issued !== undefined) grants.push({ issued, node, carried: false });
    }
    const carried = await this.#issueCarried(sql, issue, grants.length);
    grants.push(...carried);
    // An edge with a parent in the tree asks no peer: they are asked once for all domains.
    const peers = carried.length === 0 ? await this.#issueForPeers(sql, issue) : [];
    if (choice.asker.domain === undefined) grants.push(...peers);
    else grants.unshift(...peers);
    if (grants.length === 0) {
      throw new MarketplaceError(
        'ALLOCATION_EXHAUSTED',
        'All that the deal has allocated is granted already.',
        {
          dealId: choice.deal.dealId,
          nodes: candidates.length,
        },
      );
    }
    return grants;
  }

  /** The last resort of a viewer, and how an edge that carries is fed. */
  async #issueCarried(sql: Sql, { choice, request, epoch }: Issue, paid: number): Promise<Issued[]> {
    const { carriage } = this.#components;
    const { carriage: plan, asker, deal } = choice;
    if (plan === undefined || paid > 0) return [];
    const ask = { ...request, deal, epoch, asker };
    return asker.edge === undefined
      ? carriage.issueFor(sql, plan, ask)
      : carriage.issueForEdge(sql, plan, ask);
  }

  /** All peers of a deal are paid from one pool: what one grant takes the next does not find. */
  async #issueForPeers(sql: Sql, issue: Issue): Promise<Issued[]> {
    const { choice, moment } = issue;
    const { direct } = choice.peers;
    if (direct.length === 0) return [];
    const { dealId, contentRoot } = choice.deal;
    const now = { epoch: moment.epoch, epochSeconds: moment.epochSeconds };
    const room = await PoolRoom.read(sql, dealId, now);
    let leftBytes = await this.#carriedRoom(sql, issue);
    const grants: Issued[] = [];
    for (const [position, peer] of direct.entries()) {
      const { node, ratePerGiB } = peer;
      // In a small pool the first grant would leave nothing to the others of the same answer.
      const share = BigInt(direct.length - position);
      const remainingBytes = least(room.bytesFor(peer), leftBytes) / share;
      const issued = await this.#issueOne(sql, issue, { node, remainingBytes, peer });
      if (issued === undefined) continue;
      room.take(issued.grant.capBytes, ratePerGiB);
      leftBytes -= issued.grant.capBytes;
      await noteOffered(sql, { peer: node.address, contentRoot, atMs: issued.issuedAtMs });
      grants.push({ issued, node, carried: false });
    }
    return grants;
  }

  /** An edge that carries is granted no more by peers than it was told to carry; viewers have no such bound. */
  async #carriedRoom(sql: Sql, { choice, request, epoch }: Issue): Promise<bigint> {
    const { asker, deal } = choice;
    if (asker.edge === undefined) return MAX_UINT64;
    return this.#components.carriage.sourceRoom(sql, { ...request, deal, epoch, asker });
  }

  async #issueOne(sql: Sql, issue: Issue, offer: Offer): Promise<IssuedGrant | undefined> {
    const { request, epoch, choice } = issue;
    const { node, remainingBytes, peer } = offer;
    const { deal } = choice;
    const subject = { dealId: deal.dealId, node: node.address, viewerKey: request.viewerKey, epoch };
    const taken = new Set(await readCapsOf(sql, subject));
    if (taken.size >= MAX_GRANTS_PER_VIEWER_NODE_EPOCH) return undefined;
    let capBytes = grantCap(remainingBytes, request.capBytes);
    // Grants carry no serial number: another one for the same viewer, node and epoch differs in its cap.
    while (taken.has(Number(capBytes))) capBytes -= 1n;
    if (capBytes <= 0n) return undefined;
    const grant: Grant = { ...subject, capBytes, contentRoot: deal.contentRoot };
    const digest = grantDigest(this.#components.domain, grant);
    const issued: IssuedGrant = {
      grant,
      signature: choice.sign(digest),
      grantHash: parseGrantHash(bytesToHex(digest)),
      issuedAtMs: this.#components.clock.nowMs(),
      peerRatePerGiB: peer?.ratePerGiB,
      peerDomain: peer?.domain,
      viewerRegion: choice.asker.region,
    };
    await insertGrant(sql, issued);
    return issued;
  }
}

const NOTHING: {
  readonly nodes: readonly AllocatedNode[];
  readonly counts: { readonly funded: number; readonly asked: number; readonly active: number };
} = { nodes: [], counts: { funded: 0, asked: 0, active: 0 } };

/** An edge that the deal pays asks as any viewer does: it carries nothing of that deal. */
function paidLikeViewers(asker: Asker, allocations: readonly AllocationRecord[]): Asker {
  const isPaid = allocations.some(({ node, state }) => node === asker.edge?.address && state !== 'released');
  return isPaid ? { ...asker, edge: undefined } : asker;
}

function peerWishOf({ viewerKey, nodes, maxPeers }: GrantsRequest, asker: Asker): PeerWish {
  const most = nodes === undefined ? DEFAULT_PEERS_PER_REQUEST : MAX_NODES_PER_REQUEST;
  return { viewerKey, asker, nodes, maxPeers: maxPeers ?? most };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
