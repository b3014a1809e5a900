import { BcdnPlayer } from './element/bcdn-player.ts';
import { RangedUrls } from './playback/ranged-urls.ts';

/** The marketplace's own service worker, for pages of the marketplace itself. */
const SERVICE_WORKER = 'service-worker.js';

BcdnPlayer.scriptUrl = import.meta.url;
const own = new URL(import.meta.url).origin === location.origin;
BcdnPlayer.urls = new RangedUrls(own ? installOwn : undefined);
if (customElements.get('bcdn-player') === undefined) customElements.define('bcdn-player', BcdnPlayer);

/** Takes this page over, so that its media elements get their ranges. Other sites install theirs by themselves. */
async function installOwn(): Promise<void> {
  const folder = new URL('.', location.href).pathname.split('/')[1] ?? '';
  const url = new URL(SERVICE_WORKER, import.meta.url);
  const scope = folder === '' ? '/player/' : `/${folder}/`;
  await navigator.serviceWorker.register(url, { scope });
  const { promise, resolve } = Promise.withResolvers<void>();
  navigator.serviceWorker.addEventListener('controllerchange', () => resolve(), { once: true });
  if (navigator.serviceWorker.controller !== null) return;
  await promise;
}

export { BcdnPlayer };
