import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A page of the site. */
export interface SitePage {
  readonly html: string;
  /** Content security policy. */
  readonly policy?: string;
}

/** A web site of its own, beside the marketplace: pages that embed the player, scripts, and files as an origin has them. */
export class ForeignSite {
  readonly #server: Server;
  readonly #pages = new Map<string, SitePage>();
  readonly #scripts = new Map<string, string>();
  readonly #files = new Map<string, string>();
  /** Paths of files that were asked for, in order. */
  readonly asked: string[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  page(path: string, page: SitePage): string {
    this.#pages.set(path, page);
    return this.url + path;
  }

  script(path: string, code: string): void {
    this.#scripts.set(path, code);
  }

  /** Serves a file with ranges to pages of any origin. */
  file(path: string, file: string): string {
    this.#files.set(path, file);
    return this.url + path;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://site');
    const page = this.#pages.get(pathname);
    if (page !== undefined) {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (page.policy !== undefined) response.setHeader('content-security-policy', page.policy);
      response.end(page.html);
      return;
    }
    const script = this.#scripts.get(pathname);
    if (script !== undefined) {
      response.setHeader('content-type', 'text/javascript');
      response.end(script);
      return;
    }
    const file = this.#files.get(pathname);
    if (file !== undefined) return this.#sendFile(pathname, file, { request, response });
    response.statusCode = pathname === '/favicon.ico' ? 204 : 404;
    response.end();
  }

  async #sendFile(
    pathname: string,
    file: string,
    { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  ): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('access-control-allow-headers', 'range');
    response.setHeader('access-control-expose-headers', 'content-range, content-length');
    if (request.method === 'OPTIONS') return void response.end();
    this.asked.push(pathname);
    const { size } = await stat(file);
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(first ?? 0);
    const end = Math.min(last === undefined || last === '' ? size - 1 : Number(last), size - 1);
    if (first !== undefined) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${start}-${end}/${size}`);
    }
    response.setHeader('content-length', end - start + 1);
    await pipeline(createReadStream(file, { start, end }), response);
  }
}
