import { join } from 'node:path';

import { z } from 'zod';

import { ClientCheckError } from './client-error.ts';
import { DevtoolsPipe } from './devtools-pipe.ts';

/** Nothing that talks to strangers or needs a screen; names other than this machine's do not resolve. */
const FLAGS = [
  ...['--headless', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--mute-audio'],
  ...['--autoplay-policy=no-user-gesture-required', '--disable-default-apps', '--disable-extensions'],
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

const targetSchema = z.object({ targetId: z.string() });
const sessionSchema = z.object({ sessionId: z.string() });
const evaluatedSchema = z.object({
  result: z.object({ value: z.unknown() }),
  exceptionDetails: z
    .object({ text: z.string(), exception: z.object({ description: z.string().optional() }).optional() })
    .optional(),
});
const responseSchema = z.object({
  response: z.object({ url: z.string(), status: z.number(), headers: z.record(z.string()) }),
});

/** An answer that the page got. Names of headers in lower case. */
export interface PageResponse {
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One page of a browser of its own. */
export class BrowserPage {
  readonly #pipe: DevtoolsPipe;
  readonly #sessionId: string;
  readonly #responses: PageResponse[];

  /** @param directory for the profile. @throws ClientCheckError CLIENT_FAILED, CLIENT_TIMEOUT */
  static async open(program: string, directory: string): Promise<BrowserPage> {
    const responses: PageResponse[] = [];
    // Chromium refuses its sandbox to root.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const flags = [...FLAGS, ...sandbox, `--user-data-dir=${join(directory, 'profile')}`];
    const pipe = DevtoolsPipe.start(program, flags, (method, params) => {
      if (method === 'Network.responseReceived') responses.push(responseOf(params));
    });
    try {
      const { targetId } = targetSchema.parse(await pipe.send('Target.createTarget', { url: 'about:blank' }));
      const attached = await pipe.send('Target.attachToTarget', { targetId, flatten: true });
      const { sessionId } = sessionSchema.parse(attached);
      await pipe.send('Network.enable', {}, sessionId);
      return new BrowserPage(pipe, sessionId, responses);
    } catch (error) {
      await pipe.end();
      throw error;
    }
  }

  private constructor(pipe: DevtoolsPipe, sessionId: string, responses: PageResponse[]) {
    this.#pipe = pipe;
    this.#sessionId = sessionId;
    this.#responses = responses;
  }

  /** Everything the page was answered so far. */
  get responses(): readonly PageResponse[] {
    return this.#responses;
  }

  /** Goes to an address and waits for the document. */
  async go(url: string): Promise<void> {
    await this.#pipe.send('Page.navigate', { url }, this.#sessionId);
    await this.run(`new Promise((done) => {
      const look = () => (document.readyState === 'complete' && location.href !== 'about:blank' ? done() : setTimeout(look, 20));
      look();
    })`);
  }

  /** Runs an expression in the page and waits for its promise. @throws ClientCheckError CLIENT_FAILED with the page's error */
  async run(expression: string): Promise<unknown> {
    const evaluated = await this.#pipe.send(
      'Runtime.evaluate',
      { expression, awaitPromise: true, returnByValue: true },
      this.#sessionId,
    );
    const { result, exceptionDetails } = evaluatedSchema.parse(evaluated);
    if (exceptionDetails === undefined) return result.value;
    const { exception, text } = exceptionDetails;
    throw new ClientCheckError('CLIENT_FAILED', `The page failed: ${exception?.description ?? text}`);
  }

  async close(): Promise<void> {
    await this.#pipe.end();
  }
}

function responseOf(params: unknown): PageResponse {
  const { url, status, headers } = responseSchema.parse(params).response;
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { url, status, headers: Object.fromEntries(lower) };
}
