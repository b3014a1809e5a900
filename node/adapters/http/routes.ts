import { CONTENT_PATH, PROVIDERS_PATH, RECEIPTS_PATH, STATUS_PATH } from '../../../sdk/protocol/http.ts';
import { BlockFill } from './block-fill.ts';
import { ContentRoute, IPFS_PATH } from './content-route.ts';
import { ContentUpload } from './content-upload-route.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayComponents, GatewayOptions } from './gateway-components.ts';
import { GatewayError } from './gateway-error.ts';
import { live, metrics, ready, status } from './health-routes.ts';
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
  run(exchange: Exchange): Promise<void> | void;
}

/** The gateway's routes. One lookup by prefix each: there are few, and blocks come first. */
export class Routes {
  readonly #components: GatewayComponents;
  readonly #upload: ContentUpload;
  readonly #lookups: ProviderLookups;
  readonly #content: Route;
  readonly #byPath: ReadonlyMap<string, Route>;
  /** Set while the node stops: readiness says so. */
  draining = false;

  constructor(components: GatewayComponents, options: GatewayOptions) {
    this.#components = components;
    const desk = new TransferDesk(components.desk);
    this.#upload = new ContentUpload(components);
    this.#lookups = new ProviderLookups(components);
    const content = new ContentRoute({
      components,
      options,
      desk,
      fill: components.blockFill ?? new BlockFill(components),
    });
    this.#content = { name: 'ipfs', methods: ['GET', 'HEAD'], run: (exchange) => content.serve(exchange) };
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
    methods: ['PUT'],
    run: (exchange) => this.#upload.take(exchange, parseCidCached(exchange.path.slice(CONTENT_PATH.length))),
  };

  *#fixedRoutes(): Generator<[string, Route]> {
    const components = this.#components;
    const read = ['GET', 'HEAD'];
    yield [
      RECEIPTS_PATH,
      {
        name: 'receipts',
        methods: ['POST'],
        run: (exchange) => takeReceipts(components.desk, exchange),
      },
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

/** Names that change need someone to resolve them, and answers that may not be kept. */
function namesNotServed(): GatewayError {
  return new GatewayError(404, 'NAMES_NOT_SERVED', {
    message: 'This node serves content by CID, not by names that may change.',
    remedy: 'Resolve the name first, then ask for /ipfs/<cid>.',
  });
}
