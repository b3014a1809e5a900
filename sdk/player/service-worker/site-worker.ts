import { BROWSER_COMPONENTS } from '../../client/browser-components.ts';
import { openView, type ViewSettings } from '../engine/open-view.ts';
import type { ContentView } from '../engine/content-view.ts';
import { OwedReceipts } from '../engine/owed-receipts.ts';
import { keptSessionKey } from '../engine/session-key.ts';
import { ViewUpkeep } from '../engine/view-upkeep.ts';
import { MAX_OPEN_VIEWS, OWED_INTERVAL_MS, SETTLE_AFTER_MS } from '../player-limits.ts';
import { answerContent } from './content-answer.ts';
import { contentPlaceOf, type ContentPlace } from './content-place.ts';
import type { FetchRequested, LastingEvent, MessageHeard, WorkerScope } from './worker-scope.ts';

/** How a site's contents are served. */
export interface SiteSettings extends Omit<ViewSettings, 'cid' | 'marketplaceUrl'> {
  /** Base URL of the marketplace. */
  readonly marketplace: string;
  /** Paths of the site that are contents: `<prefix><cid>[/path]`. @default /ipfs/ */
  readonly prefix?: string;
}

interface SiteView {
  readonly view: ContentView;
  readonly upkeep: ViewUpkeep;
}

const DEFAULT_PREFIX = '/ipfs/';

/**
 * Answers requests of a site's pages for contents from several nodes at once, verified. What cannot be had there is
 * asked of the site's own server, as if this were not here.
 */
export class SiteWorker {
  readonly #scope: WorkerScope;
  readonly #prefix: string;
  readonly #settings: Omit<ViewSettings, 'cid'>;
  /** Oldest first. */
  readonly #views = new Map<string, Promise<SiteView>>();

  constructor(scope: WorkerScope, { marketplace, prefix, ...settings }: SiteSettings) {
    this.#scope = scope;
    this.#prefix = prefix ?? DEFAULT_PREFIX;
    this.#settings = { ...settings, marketplaceUrl: marketplace };
  }

  /** Begins to listen. A worker has to do so before it first waits for anything. */
  start(): void {
    const scope = this.#scope;
    scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()));
    scope.addEventListener('activate', (event) => event.waitUntil(this.#activate()));
    scope.addEventListener('fetch', (event) => this.#requested(event));
    scope.addEventListener('message', (event) => this.#heard(event));
  }

  async #activate(): Promise<void> {
    await this.#scope.clients.claim();
    const owed = new OwedReceipts(BROWSER_COMPONENTS, crypto.randomUUID());
    // What cannot be handed over now is handed over when a view begins.
    await owed.deliverOthers().catch(() => 0);
  }

  #requested(event: FetchRequested): void {
    const { request } = event;
    const url = new URL(request.url);
    if (url.origin !== this.#scope.location.origin || !/^(?:GET|HEAD)$/.test(request.method)) return;
    const place = contentPlaceOf(url.pathname, this.#prefix);
    if (place === undefined) return;
    const answered = this.#answer(place, request, event);
    event.respondWith(answered);
  }

  async #answer(place: ContentPlace, request: Request, event: LastingEvent): Promise<Response> {
    try {
      const { view, upkeep } = await this.#viewOf(place.cid);
      const asked = { method: request.method, header: (name: string) => request.headers.get(name) };
      const { response, ended } = await answerContent(view, place, asked);
      event.waitUntil(this.#afterwards(upkeep, ended));
      return response;
    } catch {
      // The site's own server is the last resort, and says itself what is wrong if it does not have it either.
      return fetch(request);
    }
  }

  /** While bytes flow, and until their receipts are delivered, the worker is kept running; its books are written down. */
  async #afterwards(upkeep: ViewUpkeep, ended: Promise<void>): Promise<void> {
    const { clock } = BROWSER_COMPONENTS;
    let flowing = true;
    void ended.then(() => (flowing = false));
    while (flowing) {
      await Promise.race([ended, clock.sleep(OWED_INTERVAL_MS)]);
      await upkeep.tend().catch(() => undefined);
    }
    await clock.sleep(SETTLE_AFTER_MS);
    await upkeep.tend().catch(() => undefined);
  }

  #viewOf(cid: string): Promise<SiteView> {
    const known = this.#views.get(cid);
    if (known !== undefined) return known;
    const opened = this.#open(cid);
    this.#views.set(cid, opened);
    opened.catch(() => this.#views.delete(cid));
    for (const [oldest, view] of this.#views) {
      if (this.#views.size <= MAX_OPEN_VIEWS) break;
      this.#views.delete(oldest);
      void view.then(({ upkeep }) => upkeep.close()).catch(() => undefined);
    }
    return opened;
  }

  async #open(cid: string): Promise<SiteView> {
    const { clock } = BROWSER_COMPONENTS;
    const view = openView({ ...this.#settings, cid }, await keptSessionKey(clock.nowMs()));
    const owed = new OwedReceipts(BROWSER_COMPONENTS, crypto.randomUUID());
    await owed.start();
    void owed.deliverOthers().catch(() => 0);
    return { view, upkeep: new ViewUpkeep({ clock, owed }, view, this.#settings.marketplaceUrl) };
  }

  /** Pages ask which URLs are answered here, and how a view does. */
  #heard(event: MessageHeard): void {
    const [port] = event.ports;
    if (port === undefined || typeof event.data !== 'object' || event.data === null) return;
    const { bcdn, cid } = event.data as { readonly bcdn?: unknown; readonly cid?: unknown };
    if (bcdn === 'hello') port.postMessage({ bcdn: 1, prefix: this.#prefix });
    if (bcdn === 'report' && typeof cid === 'string') event.waitUntil(this.#tell(cid, port));
  }

  async #tell(cid: string, port: MessagePort): Promise<void> {
    const site = await this.#views.get(cid)?.catch(() => undefined);
    port.postMessage({ bcdn: 1, report: site?.view.report() });
  }
}
