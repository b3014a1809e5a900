import {
  CONTENT_PATH,
  NOTICES_PATH,
  PROVIDERS_PATH,
  RECEIPTS_PATH,
  STATUS_PATH,
} from '../../../sdk/protocol/http.ts';
import { BlockFill } from './block-fill.ts';
import type { FillsBlocks } from './fills-blocks.ts';
import { ContentRoute, IPFS_PATH, type ContentRouteParts } from './content-route.ts';
import { ContentUpload } from './content-upload-route.ts';
import type { Exchange } from './exchange.ts';
import type { DeliveryDesk } from '../delivery-desk/delivery-desk.ts';
import type { GatewayComponents, GatewayOptions, ServingComponents } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { live, metrics, ready, status } from './health-routes.ts';
import { notices } from './notices-route.ts';
import { PassingBlock } from './passing-block.ts';
import { ProviderLookups } from './provider-lookups.ts';
import { findProviders } from './providers-route.ts';
import { takeReceipts } from './receipts-route.ts';
import { parseCidCached } from './request-parsing.ts';
import { TransferDesk } from './transfer-desk.ts';

const IPNS_PATH = '/ipns/';

/** Where a request goes: the name is what metrics call it. */
export interface Route {
  readonly name: string;
  readonly methods: readonly string[];
  /** Its methods are checked, and it is counted, where the request is forwarded to. @default false */
  readonly forwarded?: boolean;
  run(exchange: Exchange): Promise<void> | void;
}

/** Finds the route of a path. */
export interface RouteTable {
  /** @throws GatewayError for what is no path here */
  find(path: string): Route;
  /** Set while the node stops: readiness says so. */
  draining: boolean;
}

/** All routes of a node. One lookup by prefix each: there are few, and blocks come first. */
export class Routes implements RouteTable {
  readonly #components: GatewayComponents;
  readonly #upload: ContentUpload;
  readonly #lookups: ProviderLookups;
  readonly #content: Route;
  readonly #byPath: ReadonlyMap<string, Route>;
  draining = false;

  constructor(components: GatewayComponents, options: GatewayOptions) {
    this.#components = components;
    const desk = new TransferDesk(components.desk);
    this.#upload = new ContentUpload(components);
    this.#lookups = new ProviderLookups(components);
    const fill = components.blockFill ?? new BlockFill(components);
    this.#content = contentRoute({ components, options, desk, fill });
    this.#byPath = new Map(this.#fixedRoutes());
  }

  /** @throws GatewayError NOT_FOUND */
  find(path: string): Route {
    if (path.startsWith(IPFS_PATH)) return this.#content;
    const fixed = this.#byPath.get(path);
    if (fixed !== undefined) return fixed;
    if (path.startsWith(PROVIDERS_PATH)) return this.#providers;
    if (path.startsWith(CONTENT_PATH)) return this.#uploads;
    if (path.startsWith(IPNS_PATH)) throw namesNotServed();
    throw new GatewayError(404, 'NOT_FOUND', {
      message: 'There is nothing at this path.',
      remedy: 'Content is at /ipfs/<cid>, the state of the node at /bcdn/v1/status.',
    });
  }

  readonly #providers: Route = {
    name: 'providers',
    methods: ['GET', 'HEAD'],
    run: (exchange) =>
      findProviders(this.#lookups, exchange, parseCidCached(exchange.path.slice(PROVIDERS_PATH.length))),
  };

  readonly #uploads: Route = {
    name: 'content',
    methods: ['GET', 'HEAD', 'PUT'],
    run: (exchange) => {
      const root = parseCidCached(exchange.path.slice(CONTENT_PATH.length));
      return exchange.request.method === 'PUT'
        ? this.#upload.take(exchange, root)
        : this.#upload.state(exchange, root);
    },
  };

  *#fixedRoutes(): Generator<[string, Route]> {
    const components = this.#components;
    const read = ['GET', 'HEAD'];
    yield [RECEIPTS_PATH, receiptsRoute(components.desk)];
    yield [
      NOTICES_PATH,
      { name: 'notices', methods: [...read, 'POST'], run: (exchange) => notices(components, exchange) },
    ];
    yield [STATUS_PATH, { name: 'status', methods: read, run: (exchange) => status(components, exchange) }];
    yield ['/livez', { name: 'livez', methods: read, run: live }];
    yield [
      '/readyz',
      { name: 'readyz', methods: read, run: (exchange) => ready(components, this.draining, exchange) },
    ];
    yield ['/metrics', { name: 'metrics', methods: read, run: (exchange) => metrics(components, exchange) }];
  }
}

/** The routes of a worker process: what is asked for often; all else goes to the process that holds the state. */
export class WorkerRoutes implements RouteTable {
  readonly #content: Route;
  readonly #receipts: Route;
  readonly #others: Route;
  draining = false;

  constructor(
    components: ServingComponents,
    options: GatewayOptions,
    parts: { readonly fill: FillsBlocks; readonly forward: Route['run'] },
  ) {
    const { fill, forward } = parts;
    const content = contentRoute({ components, options, desk: new TransferDesk(components.desk), fill });
    this.#content = { ...content, run: (exchange) => serveOrForward(content, exchange, forward) };
    this.#receipts = receiptsRoute(components.desk);
    this.#others = { name: 'others', methods: [], forwarded: true, run: forward };
  }

  find(path: string): Route {
    if (path.startsWith(IPFS_PATH)) return this.#content;
    return path === RECEIPTS_PATH ? this.#receipts : this.#others;
  }
}

/** What only passes through the other process, such as what is carried between domains, that process serves. */
async function serveOrForward(content: Route, exchange: Exchange, forward: Route['run']): Promise<void> {
  try {
    await content.run(exchange);
  } catch (error) {
    if (!(error instanceof PassingBlock) || exchange.response.headersSent) throw error;
    await forward(exchange);
  }
}

function contentRoute(parts: ContentRouteParts): Route {
  const content = new ContentRoute(parts);
  return { name: 'ipfs', methods: ['GET', 'HEAD'], run: (exchange) => content.serve(exchange) };
}

function receiptsRoute(desk: DeliveryDesk): Route {
  return { name: 'receipts', methods: ['POST'], run: (exchange) => takeReceipts(desk, exchange) };
}

/** Names that change need someone to resolve them, and answers that may not be kept. */
function namesNotServed(): GatewayError {
  return new GatewayError(404, 'NAMES_NOT_SERVED', {
    message: 'This node serves content by CID, not by names that may change.',
    remedy: 'Resolve the name first, then ask for /ipfs/<cid>.',
  });
}
