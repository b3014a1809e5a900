import { bytesToHex } from '../../sdk/protocol/bytes.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import { grantDigest, type Grant } from '../../sdk/protocol/grant.ts';
import { parseGrantHash, type Address, type Epoch } from '../../sdk/protocol/identifiers.ts';
import type { NetworkDomain } from '../../sdk/protocol/network-domain.ts';
import type { Clock } from '../../sdk/pacing/clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { DealRecord } from '../database/deal-records.ts';
import {
  findBalance,
  insertCarriage,
  readCarriageCaps,
  readCarriers,
  readSourceRoom,
} from '../database/domain-ledger.ts';
import type { IssuedGrant } from '../database/grant-ledger.ts';
import { readCarryingEdges } from '../database/node-presence.ts';
import { findNode, type NodeRecord } from '../database/node-records.ts';
import { MarketplaceError } from '../errors.ts';
import {
  CARRIAGE_FAN_OUT,
  MAX_CARRIER_CANDIDATES,
  MAX_GRANTS_PER_VIEWER_NODE_EPOCH,
  MAX_PROBED_CARRIERS,
  MAX_TREE_EDGES,
} from '../limits.ts';
import type { DigestSigner, KeyVault } from './key-vault.ts';
import type { NodeHealth } from './node-health.ts';
import { grantCap, regionDistance } from './node-selection.ts';
import type { Asker } from './viewer-domain.ts';

interface CarriageComponents {
  readonly database: Database;
  readonly clock: Clock;
  readonly domain: Domain;
  readonly vault: KeyVault;
  readonly health: NodeHealth;
}

/** Edges that could carry for who asks, and who signs the grants. */
export interface CarriagePlan {
  readonly sign: DigestSigner;
  /** The domain that is charged; undefined if an edge asks, whose viewers' domains are charged. */
  readonly domain: NetworkDomain | undefined;
  /** The first is asked; those after it stand in for it. */
  readonly carriers: readonly NodeRecord[];
}

/** What is asked for, with whom and when. */
export interface CarriageAsk {
  readonly deal: DealRecord;
  readonly epoch: Epoch;
  readonly asker: Asker;
  readonly viewerKey: Address;
  readonly capBytes: bigint | undefined;
  /** Only these edges, if given. */
  readonly nodes: readonly Address[] | undefined;
}

/**
 * Carries contents of peers between domains through edges (SPEC.md, domains): chooses edges that lend their uplink, and
 * grants no more than the peers of the asking domain contributed before.
 */
export class Carriage {
  readonly #components: CarriageComponents;

  constructor(components: CarriageComponents) {
    this.#components = components;
  }

  /** Edges near the viewer that carry and answer; for an edge that carries, its ancestors in the tree of the deal. */
  async plan(ask: CarriageAsk): Promise<CarriagePlan> {
    const { vault, health } = this.#components;
    const { deal, epoch, asker, nodes } = ask;
    // Signed by the collector's key: the chain pays for grants of the grant key only.
    const { sign } = await vault.collectorSigner(deal, epoch);
    const wanted = nodes === undefined ? undefined : new Set(nodes);
    const found =
      asker.edge === undefined ? await this.#lenders(asker) : await this.#ancestors(ask, asker.edge);
    const asked = found.filter(({ address }) => wanted === undefined || wanted.has(address));
    const up = new Set(await health.upAmong(asked.slice(0, MAX_PROBED_CARRIERS)));
    return {
      sign,
      domain: asker.edge === undefined ? asker.domain : undefined,
      carriers: asked.filter((node) => up.has(node)),
    };
  }

  /**
   * Issues one carriage grant of a viewer, in the transaction that charges its domain.
   * @throws MarketplaceError CARRIAGE_UNAVAILABLE, CARRIAGE_EXHAUSTED
   */
  async issueFor(sql: Sql, plan: CarriagePlan, ask: CarriageAsk): Promise<Issued[]> {
    const { deal, asker, capBytes } = ask;
    if (asker.domain === undefined) return [];
    const account = { dealId: deal.dealId, domain: asker.domain };
    const { contributedBytes, carriedBytes } = await findBalance(sql, account);
    const leftBytes = contributedBytes - carriedBytes;
    const values = {
      ...account,
      contributedBytes: Number(contributedBytes),
      carriedBytes: Number(carriedBytes),
    };
    if (leftBytes <= 0n) {
      throw new MarketplaceError(
        'CARRIAGE_EXHAUSTED',
        'Only peers of other domains hold the content, and as much was carried for this domain as its peers have given.',
        values,
      );
    }
    for (const carrier of plan.carriers) {
      const issued = await this.#issue(sql, plan, { ask, carrier, capBytes: grantCap(leftBytes, capBytes) });
      if (issued !== undefined) return [issued];
    }
    throw new MarketplaceError(
      'CARRIAGE_UNAVAILABLE',
      'No edge that carries between domains answers.',
      values,
    );
  }

  /** A grant for an edge at its parent in the tree; empty for the root, which asks the peers themselves. */
  async issueForEdge(sql: Sql, plan: CarriagePlan, ask: CarriageAsk): Promise<Issued[]> {
    const roomBytes = await this.sourceRoom(sql, ask);
    for (const carrier of plan.carriers) {
      const capBytes = grantCap(roomBytes, ask.capBytes);
      const issued = await this.#issue(sql, plan, { ask, carrier, capBytes });
      if (issued !== undefined) return [issued];
    }
    return [];
  }

  /** What an edge may still ask others for. @throws MarketplaceError CARRIAGE_EXHAUSTED */
  async sourceRoom(sql: Sql, { deal: { dealId }, epoch, viewerKey: edge }: CarriageAsk): Promise<bigint> {
    const roomBytes = await readSourceRoom(sql, { dealId, edge, epoch });
    if (roomBytes > 0n) return roomBytes;
    throw new MarketplaceError(
      'CARRIAGE_EXHAUSTED',
      'This edge is allocated nothing by the deal, and has been granted what it was told to carry.',
      { dealId, edge, epoch },
    );
  }

  /** Nearest to the viewer first; in one region by address, so that viewers of a domain share one edge's transit buffer. */
  async #lenders({ region }: Asker): Promise<NodeRecord[]> {
    const { database, clock } = this.#components;
    const range = { nowSeconds: Math.floor(clock.nowMs() / 1000), limit: MAX_CARRIER_CANDIDATES };
    const lenders: NodeRecord[] = [];
    for (const { node } of await readCarryingEdges(database.read, range)) {
      const record = await findNode(database.read, node);
      if (record !== undefined) lenders.push(record);
    }
    return lenders.sort((a, b) => regionDistance(region, a.region) - regionDistance(region, b.region));
  }

  /** From the parent up to the root: an edge that is away is stood in for by the one above it. */
  async #ancestors({ deal, epoch }: CarriageAsk, edge: NodeRecord): Promise<NodeRecord[]> {
    const { read } = this.#components.database;
    const tree = await readCarriers(read, deal.dealId, epoch, MAX_TREE_EDGES);
    const ancestors: NodeRecord[] = [];
    for (const place of ancestorsOf(tree.indexOf(edge.address), CARRIAGE_FAN_OUT)) {
      const address = tree[place];
      const node = address === undefined ? undefined : await findNode(read, address);
      if (node?.active === true) ancestors.push(node);
    }
    return ancestors;
  }

  async #issue(
    sql: Sql,
    plan: CarriagePlan,
    one: { readonly ask: CarriageAsk; readonly carrier: NodeRecord; readonly capBytes: bigint },
  ): Promise<Issued | undefined> {
    const { domain, clock } = this.#components;
    const { ask, carrier } = one;
    const { dealId, contentRoot } = ask.deal;
    const subject = { dealId, viewerKey: ask.viewerKey, epoch: ask.epoch };
    const taken = new Set(await readCarriageCaps(sql, { ...subject, edge: carrier.address }));
    if (taken.size >= MAX_GRANTS_PER_VIEWER_NODE_EPOCH) return undefined;
    let { capBytes } = one;
    while (taken.has(Number(capBytes))) capBytes -= 1n;
    if (capBytes <= 0n) return undefined;
    const grant: Grant = { ...subject, node: carrier.address, capBytes, contentRoot };
    const digest = grantDigest(domain, grant);
    const grantHash = parseGrantHash(bytesToHex(digest));
    const issuedAtMs = clock.nowMs();
    await insertCarriage(sql, {
      ...{ ...subject, grantHash, edge: carrier.address, capBytes, domain: plan.domain, issuedAtMs },
    });
    const issued = { grant, grantHash, signature: plan.sign(digest), issuedAtMs, peerRatePerGiB: undefined };
    return { issued, node: carrier, carried: true };
  }
}

/** A carriage grant with the edge that it is for. */
interface Issued {
  readonly issued: IssuedGrant;
  readonly node: NodeRecord;
  readonly carried: true;
}

/**
 * Places above a place in a tree in which each has at most `fanOut` children, filled level by level: parent first, root
 * last. A place is above another only if it is before it, so no two ask each other.
 */
export function ancestorsOf(place: number, fanOut: number): number[] {
  const ancestors: number[] = [];
  for (let at = place; at > 0;) {
    at = Math.floor((at - 1) / fanOut);
    ancestors.push(at);
  }
  return ancestors;
}
