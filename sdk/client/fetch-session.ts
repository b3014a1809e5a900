import type { CID } from 'multiformats/cid';

import { contentRootOf, type Sha256 } from '../protocol/content.ts';
import type { Domain } from '../protocol/eip712.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import type { ReceiptWithGrant } from '../protocol/receipt.ts';
import type { Secp256k1 } from '../protocol/signature.ts';
import { BlockExchange } from './block-exchange.ts';
import { candidateDeals, isOfOneDeal } from './candidate-deals.ts';
import { ClientError } from './client-error.ts';
import {
  FIRST_CAP_BYTES,
  MAX_LOOKUP_EDGES,
  MAX_SOURCE_ROUNDS,
  SOURCE_ROUND_DELAY_MS,
  STALL_TIMEOUT_MS,
} from './client-limits.ts';
import type { Clock } from '../pacing/clock.ts';
import type { BlockSource, OpenSource } from './block-source.ts';
import type { SourceProgress } from './download-progress.ts';
import { FetchReport } from './fetch-report.ts';
import { httpOriginOf } from './endpoint.ts';
import type { FetchBlock } from './file-download.ts';
import type { GivenAdmission } from './given-admission.ts';
import { GrantBook } from './grant-book.ts';
import { HttpBlockSource } from './http-block-source.ts';
import type { HttpExchange } from './http-exchange.ts';
import type { Challenge, Network, PaidContent } from './marketplace-answers.ts';
import { domainOf, MarketplaceApi } from './marketplace-api.ts';
import { lookUpAtOneOf, type Lookup } from './provider-lookup.ts';
import { ReceiptDelivery, type ReceiptOutcome } from './receipt-delivery.ts';
import { ViewerSession, type GrantAsk, type IssuedGrant } from './viewer-session.ts';

/** What a fetch needs of its surroundings: everything that differs between Node and a browser. */
export interface FetchComponents {
  readonly http: HttpExchange;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly secp256k1: Secp256k1;
  /** How nodes are reached. @default over HTTP, where they announce it */
  readonly openSource?: OpenSource | undefined;
}

export interface SessionOptions {
  readonly cid: CID;
  readonly marketplaceUrl: string;
  /** Private key of the viewer, 32 bytes. */
  readonly viewerKey: Uint8Array;
  /** Pays for the delivery. @default that of the admission, else the first open deal of the content that serves the viewer */
  readonly dealId?: DealId | undefined;
  /** Where the deal is for viewers that its publisher knows: what its log-in service gave to this viewer key. */
  readonly admission?: GivenAdmission | undefined;
  /** Where the viewer is, for example `eu-west`: the nearest nodes come first. @default unknown */
  readonly region?: string | undefined;
  /** Provider or site inside the region, for example `as3320`: peers there come first. @default none */
  readonly domainLabel?: string | undefined;
  /** Nodes to ask for blocks before others, in this order. @default the coordinator's order */
  readonly preferredNodes?: readonly Address[] | undefined;
  /** An edge to ask first who holds the content. @default one of the granted nodes */
  readonly entryUrl?: string | undefined;
  /** Silence after which a node is dropped, milliseconds. @default 8000 */
  readonly stallTimeoutMs?: number | undefined;
  /** Rounds of asking the coordinator for other nodes when none is left. @default 5 */
  readonly sourceRounds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lookups of a fetch: how many, and how many were answered within one hop of the ring. */
export interface LookupCount {
  readonly count: number;
  /** Answered by the first node of the ring that was asked. */
  readonly oneHop: number;
  /** No edge answered: the granted nodes were asked for blocks all the same. */
  readonly unanswered: number;
}

/**
 * A viewer's session with a content: finds the nodes that hold the content, holds grants for them, fetches verified
 * blocks from all of them at once, and sees to it that every receipt arrives.
 */
export class FetchSession {
  readonly report = new FetchReport();
  readonly #components: FetchComponents;
  readonly #options: SessionOptions;
  readonly #domain: Domain;
  readonly #viewer: ViewerSession;
  readonly #book: GrantBook;
  readonly #delivery: ReceiptDelivery;
  readonly #exchange: BlockExchange;
  readonly #sources = new Map<Address, BlockSource>();
  readonly #regions = new Map<Address, string>();
  /** Which deal a node's grants are of. */
  readonly #dealOf = new Map<Address, DealId>();
  /** Those that may pay for the content; the session began with the first. */
  readonly #deals: readonly [DealId, ...DealId[]];
  #lookups: LookupCount = { count: 0, oneHop: 0, unanswered: 0 };
  #rounds = 0;

  /**
   * Finds the deal, asks for grants and looks the providers up.
   * @throws ClientError CONTENT_NOT_PAID, NO_SOURCES, MARKETPLACE_REFUSED, UNREACHABLE, STALLED, ANSWER_INVALID
   */
  static async open(components: FetchComponents, options: SessionOptions): Promise<FetchSession> {
    const api = new MarketplaceApi(components, options.marketplaceUrl);
    const named = options.dealId ?? options.admission?.dealId;
    const { signal, viewerKey } = options;
    const reading = Promise.all([
      api.network(signal),
      named === undefined ? api.content(options.cid, signal) : undefined,
    ]);
    // Nothing of what is being read is needed to be challenged, and the address is computed while that is on its way.
    const address = components.secp256k1.addressOf(viewerKey);
    const challenge = api.challenge(address, signal);
    for (const each of [reading, challenge]) each.catch(() => undefined);
    const [network, content] = await reading;
    // Who holds the content is asked while the grants are on their way, where edges of it are known already.
    const looking = lookUpAtOneOf(components, edgesToAsk(content?.nodes ?? [], options), options);
    looking.catch(() => undefined);
    const candidates = named === undefined ? candidateDeals(options.cid, content?.deals ?? []) : [named];
    let refusal: unknown;
    for (const [place, dealId] of candidates.entries()) {
      const deals = [dealId, ...candidates.slice(place + 1)] as const;
      const session = new FetchSession({ ...components, api }, options, { network, deals });
      try {
        await session.#begin(refusal === undefined ? challenge : api.challenge(address, signal), looking);
        return session;
      } catch (failure) {
        if (!isOfOneDeal(failure)) throw failure;
        refusal ??= failure;
      }
    }
    throw refusal;
  }

  private constructor(
    components: FetchComponents & { readonly api: MarketplaceApi },
    options: SessionOptions,
    at: { readonly network: Network; readonly deals: readonly [DealId, ...DealId[]] },
  ) {
    const { api, secp256k1, clock, sha256 } = components;
    this.#components = components;
    this.#options = options;
    this.#deals = at.deals;
    this.#domain = domainOf(at.network);
    this.#viewer = new ViewerSession(
      { api, secp256k1, clock },
      {
        domain: this.#domain,
        dealId: at.deals[0],
        contentRoot: contentRootOf(options.cid),
        privateKey: options.viewerKey,
        admission: options.admission,
        region: options.region,
        domainLabel: options.domainLabel,
      },
    );
    const sign = this.#viewer.signReceipt.bind(this.#viewer);
    this.#book = new GrantBook(
      { clock, issue: (ask) => this.#issue(ask) },
      { epochSeconds: at.network.epochSeconds },
    );
    this.#delivery = new ReceiptDelivery({ api, sign, sourceOf: (node) => this.#sources.get(node) });
    this.#exchange = new BlockExchange(
      { clock, sha256, sign, book: this.#book, delivery: this.#delivery, report: this.report },
      {
        stallTimeoutMs: options.stallTimeoutMs ?? STALL_TIMEOUT_MS,
        findSources: () => this.#findSources(),
        moreSources: () => this.#askOtherDeal(),
      },
    );
  }

  /** The deal that nodes were asked of last. */
  get dealId(): DealId {
    return this.#deals[this.#rounds % this.#deals.length] ?? this.#deals[0];
  }

  get lookups(): LookupCount {
    return this.#lookups;
  }

  /** One verified block. @throws ClientError NO_SOURCES, BLOCK_UNAVAILABLE */
  readonly fetchBlock: FetchBlock = (cid, maxBytes) => this.#exchange.fetch(cid, maxBytes);

  /** Nobody waits for the block any more. @param reason what those who waited are told */
  abandonBlock(cid: CID, reason: unknown): void {
    this.#exchange.abandon(cid, reason);
  }

  /** Region of a node that grants were had for. */
  regionOf(node: Address): string | undefined {
    return this.#regions.get(node);
  }

  /** Receipts that no node is known to have recorded: what would be lost if this session ended without `close`. */
  owedReceipts(): readonly ReceiptWithGrant[] {
    return this.#delivery.owed(this.#book.all());
  }

  /**
   * Delivers the receipts of what was fetched so far, between two fetches.
   * @returns undefined while requests are under way: these carry the receipts
   */
  async settle(): Promise<readonly ReceiptOutcome[] | undefined> {
    return this.#exchange.busy ? undefined : this.#delivery.finish(this.#book.all());
  }

  /** Each node that has given something or is in use, the fastest first. */
  sources(): readonly SourceProgress[] {
    const rates = this.#exchange.rates();
    const nodes = new Set([...this.#exchange.nodes, ...this.report.bytesByNode.keys()]);
    return [...nodes]
      .map((node) => ({
        node,
        bytes: this.report.bytesByNode.get(node) ?? 0,
        bytesPerSecond: rates.get(node),
      }))
      .sort((a, b) => (b.bytesPerSecond ?? 0) - (a.bytesPerSecond ?? 0));
  }

  /** Stops fetching and delivers the last receipts, also after a failure. */
  async close(): Promise<readonly ReceiptOutcome[]> {
    await this.#exchange.stop();
    const receipts = await this.#delivery.finish(this.#book.all());
    for (const source of this.#sources.values()) source.close?.();
    return receipts;
  }

  async #begin(challenge: Promise<Challenge>, looking: Promise<Lookup | undefined>): Promise<void> {
    const { signal } = this.#options;
    const issued = await this.#viewer.requestGrants({ capBytes: FIRST_CAP_BYTES, challenge, signal });
    const found = (await looking) ?? (await this.#lookUpAtGranted(issued));
    this.#countLookup(found === undefined ? 'unanswered' : found.hops <= 1 ? 'one hop' : 'more hops');
    // Without any answer the granted nodes themselves are the providers.
    const providers = found?.providers ?? [];
    const holders = new Set(providers.map(({ operator }) => operator));
    // The ring's index names no peers: that they hold the content whole is the coordinator's word.
    const holding = issued.filter(({ node, role }) => role === 'peer' || holders.has(node));
    // An index that knows none of the edges is behind: they are asked all the same, and say so if they lack a block.
    this.#take(holding.some(({ role }) => role !== 'peer') ? holding : issued);
    if (this.#exchange.nodes.length === 0) throw noNodes(this.#options.cid);
    this.#exchange.start();
  }

  #lookUpAtGranted(issued: readonly IssuedGrant[]): Promise<Lookup | undefined> {
    const edges = issued.filter(({ role }) => role !== 'peer');
    const { entryUrl } = this.#options;
    const origins = [entryUrl, ...(edges.length > 0 ? edges : issued).map(({ origin }) => origin)].filter(
      (origin) => origin !== undefined,
    );
    return lookUpAtOneOf(this.#components, origins.slice(0, MAX_LOOKUP_EDGES), this.#options);
  }

  #countLookup(outcome: 'one hop' | 'more hops' | 'unanswered'): void {
    const { count, oneHop, unanswered } = this.#lookups;
    this.#lookups = {
      count: count + 1,
      oneHop: oneHop + (outcome === 'one hop' ? 1 : 0),
      unanswered: unanswered + (outcome === 'unanswered' ? 1 : 0),
    };
  }

  #take(issued: readonly IssuedGrant[]): number {
    let taken = 0;
    for (const grant of this.#inOrder(issued)) {
      if (this.report.isCorrupt(grant.node)) continue;
      const source = this.#sources.get(grant.node) ?? this.#sourceOf(grant);
      if (source === undefined) continue;
      this.#book.add([grant]);
      this.#sources.set(grant.node, source);
      this.#regions.set(grant.node, grant.region);
      this.#dealOf.set(grant.node, grant.account.signedGrant.grant.dealId);
      // A viewer that says where it is is granted peers of its own domain, and others only where the publisher says so.
      const near = grant.role === 'peer' && grant.region === this.#options.region;
      this.#exchange.addSource(grant.node, source, { near });
      taken += 1;
    }
    return taken;
  }

  #sourceOf(grant: IssuedGrant): BlockSource | undefined {
    const { openSource, http } = this.#components;
    if (openSource !== undefined) return openSource(grant, this.#domain);
    return grant.origin === undefined ? undefined : new HttpBlockSource(http, grant.origin);
  }

  /** Preferred nodes first; the others stay as the coordinator ranked them. */
  #inOrder(issued: readonly IssuedGrant[]): readonly IssuedGrant[] {
    const preferred = this.#options.preferredNodes ?? [];
    const rank = ({ node }: IssuedGrant): number => {
      const place = preferred.indexOf(node);
      return place === -1 ? preferred.length : place;
    };
    return issued.toSorted((a, b) => rank(a) - rank(b));
  }

  /** Further grants of nodes, each of the deal that it serves for. */
  async #issue(ask: GrantAsk): Promise<IssuedGrant[]> {
    const deals = Map.groupBy(ask.nodes ?? [], (node) => this.#dealOf.get(node) ?? this.#deals[0]);
    const issued = await Promise.all(
      [...deals].map(([dealId, nodes]) => this.#viewer.requestGrants({ ...ask, dealId, nodes })),
    );
    return issued.flat();
  }

  /**
   * Every node was dropped: other deals of the content have others, which are asked at once; of those that were asked
   * before some may have come back, or have been allocated, meanwhile.
   */
  async #findSources(): Promise<number> {
    const others = this.#deals.length - 1;
    while (this.#rounds < others) {
      const taken = await this.#askOtherDeal();
      if (taken > 0) return taken;
    }
    while (this.#rounds < others + (this.#options.sourceRounds ?? MAX_SOURCE_ROUNDS)) {
      const delayMs = SOURCE_ROUND_DELAY_MS * 2 ** (this.#rounds++ - others);
      await this.#components.clock.sleep(delayMs, this.#options.signal);
      const taken = await this.#takeOfDeal();
      if (taken > 0) return taken;
    }
    return 0;
  }

  /** Takes nodes of a deal that was not asked yet beside those that there are. @returns how many; 0 if no deal is left */
  async #askOtherDeal(): Promise<number> {
    if (this.#rounds >= this.#deals.length - 1) return 0;
    this.#rounds += 1;
    return this.#takeOfDeal();
  }

  async #takeOfDeal(): Promise<number> {
    const { signal } = this.#options;
    const { dealId } = this;
    try {
      return this.#take(await this.#viewer.requestGrants({ dealId, capBytes: FIRST_CAP_BYTES, signal }));
    } catch (failure) {
      if (this.#deals.length === 1 || !isOfOneDeal(failure)) throw failure;
      return 0;
    }
  }
}

function noNodes(cid: CID): ClientError {
  return new ClientError(
    'NO_SOURCES',
    `The coordinator named no node that can be reached for ${cid.toString()}.`,
    {
      values: { cid: cid.toString() },
      remedy: 'Try again shortly, or fetch from the origin of the publisher.',
    },
  );
}

/** Edges of a content, those of the viewer's region first; one that is known to be down is asked nothing. */
function edgesToAsk(
  nodes: PaidContent['nodes'],
  { entryUrl, region }: Pick<SessionOptions, 'entryUrl' | 'region'>,
): readonly string[] {
  const edges = nodes
    .filter(({ role, health }) => role === 'edge' && health !== 'down')
    .toSorted((a, b) => Number(b.region === region) - Number(a.region === region))
    .flatMap(({ endpoints }) => httpOriginOf(endpoints) ?? []);
  const origins = entryUrl === undefined || edges.length === 0 ? edges : [entryUrl, ...edges];
  return origins.slice(0, MAX_LOOKUP_EDGES);
}
