import { SiteWorker, type SiteSettings } from './service-worker/site-worker.ts';
import type { WorkerScope } from './service-worker/worker-scope.ts';

/**
 * Serves a site's contents from a service worker of the site, which holds two lines:
 *
 * @example
 * importScripts('https://market.example/player/service-worker.js');
 * bcdn.serve({ marketplace: 'https://market.example' });
 */
export function serve(settings: SiteSettings): void {
  new SiteWorker(workerScope(), settings).start();
}

/** Types of pages and of service workers exclude each other: what is used is named in worker-scope.ts. */
function workerScope(): WorkerScope {
  const scope: unknown = globalThis;
  return scope as WorkerScope;
}

/** Below the path of the page that asked, so that the marketplace's own pages have them too. */
const OWN_PREFIX = 'ipfs/';

// Registered by itself, it is the marketplace's own.
const { href, origin } = workerScope().location;
if (new URL(href).pathname.endsWith('/player/service-worker.js'))
  serve({
    marketplace: origin,
    prefix: `${new URL(href).searchParams.get('scope') ?? '/watch/'}${OWN_PREFIX}`,
  });
