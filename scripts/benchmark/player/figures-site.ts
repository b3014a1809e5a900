import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { z } from 'zod';

import { BenchError } from '../bench-error.ts';

const milliseconds = z.number().nonnegative();

const figuresSchema = z.object({
  throughput: z.array(z.object({ ms: milliseconds, verifiedBytes: z.number().int().nonnegative() })),
  first: z.object({ player: z.array(milliseconds), plain: z.array(milliseconds) }),
});

/** What the page measured, in milliseconds. */
export type PageFigures = z.output<typeof figuresSchema>;

/** A content, and the file in it that is measured. */
export interface PlannedContent {
  readonly cid: string;
  readonly path: string;
}

/** What the page is told to measure. */
export interface PagePlan {
  readonly market: string;
  /** Fetched whole. */
  readonly file: PlannedContent;
  /** Played by the player … */
  readonly film: PlannedContent;
  /** … and by a bare media element from this URL. */
  readonly plain: string;
  readonly rounds: number;
}

const TYPES: Readonly<Record<string, string>> = { '/': 'text/html', '/page.js': 'text/javascript' };
const FILES: Readonly<Record<string, string>> = { '/': 'page.html', '/page.js': 'page.js' };

/** The site that the browser opens: a page that measures and sends back what it found. */
export class FiguresSite {
  readonly #server: Server;
  readonly #plan: PagePlan;
  readonly #figures = Promise.withResolvers<PageFigures>();

  constructor(plan: PagePlan) {
    this.#plan = plan;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => this.#figures.reject(error));
    });
  }

  /** @returns where the page is */
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @throws BenchError BENCH_MESSAGE_INVALID */
  get figures(): Promise<PageFigures> {
    return this.#figures.promise;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    if (pathname === '/plan') return void response.end(JSON.stringify(this.#plan));
    if (pathname === '/figures' && request.method === 'POST') {
      this.#heard(await text(request));
      return void response.end();
    }
    const file = FILES[pathname];
    response.statusCode = file === undefined ? 404 : 200;
    response.setHeader('content-type', TYPES[pathname] ?? 'text/plain');
    response.end(file === undefined ? '' : await readFile(join(import.meta.dirname, file)));
  }

  #heard(body: string): void {
    const parsed = figuresSchema.safeParse(JSON.parse(body));
    if (parsed.success) return this.#figures.resolve(parsed.data);
    this.#figures.reject(
      new BenchError('BENCH_MESSAGE_INVALID', {
        message: `The page sent figures of another form: ${body.slice(0, 200)}`,
        remedy: 'Run it again; report it if it persists.',
      }),
    );
  }
}
