import type { ViewReport } from '../engine/view-report.ts';

const ANSWER_TIMEOUT_MS = 2_000;

const MAX_PREFIX_LENGTH = 256;

/** URLs of this page's own site that a service worker answers with verified bytes, ranges included. */
export class RangedUrls {
  readonly #install: (() => Promise<void>) | undefined;
  #prefix: Promise<string | undefined> | undefined;

  /** @param install brings a service worker to this page, where the page may do that by itself */
  constructor(install?: () => Promise<void>) {
    this.#install = install;
  }

  /** Undefined where no service worker of bcdn controls the page. */
  async urlOf(cid: string, path: string): Promise<string | undefined> {
    this.#prefix ??= this.#find();
    const prefix = await this.#prefix;
    if (prefix === undefined) return undefined;
    const names = path.split('/').filter((name) => name !== '');
    return [prefix + cid, ...names.map(encodeURIComponent)].join('/');
  }

  /** How the service worker's view of a content does; undefined while it has none. */
  async report(cid: string): Promise<ViewReport | undefined> {
    const answer = await ask(navigator.serviceWorker.controller, { bcdn: 'report', cid });
    return isObject(answer) && 'report' in answer ? (answer.report as ViewReport | undefined) : undefined;
  }

  async #find(): Promise<string | undefined> {
    // Missing on insecure pages, whatever the types say.
    const container = (navigator as { serviceWorker?: ServiceWorkerContainer }).serviceWorker;
    if (container === undefined) return undefined;
    const found = await greet(container.controller);
    if (found !== undefined || this.#install === undefined) return found;
    await this.#install();
    return greet(container.controller);
  }
}

/** Asks a service worker whether it is one of bcdn, and which URLs it answers. */
async function greet(worker: ServiceWorker | null): Promise<string | undefined> {
  const greeting = await ask(worker, { bcdn: 'hello' });
  if (!isObject(greeting) || !('bcdn' in greeting) || !('prefix' in greeting)) return undefined;
  const { prefix } = greeting;
  const valid = typeof prefix === 'string' && prefix.startsWith('/') && prefix.length <= MAX_PREFIX_LENGTH;
  return valid ? prefix : undefined;
}

/** One question and its answer; undefined from a worker that does not know the question. */
async function ask(worker: ServiceWorker | null, question: unknown): Promise<unknown> {
  if (worker === null) return undefined;
  const { port1, port2 } = new MessageChannel();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  port1.onmessage = ({ data }: MessageEvent<unknown>) => resolve(data);
  const timer = setTimeout(() => resolve(undefined), ANSWER_TIMEOUT_MS);
  worker.postMessage(question, [port2]);
  const answer = await promise;
  clearTimeout(timer);
  port1.close();
  return answer;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
