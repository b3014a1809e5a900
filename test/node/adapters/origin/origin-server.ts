import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A way in which an origin fails or lies. */
export type Misbehaviour =
  | 'whole in place of a part'
  | 'another range'
  | 'another total'
  | 'another etag'
  | 'precondition failed'
  | 'not satisfiable'
  | 'not modified'
  | 'not found'
  | 'too many requests'
  | 'unavailable'
  | 'too long'
  | 'too short'
  | 'announced shorter'
  | 'endless'
  | 'silent headers'
  | 'silent body'
  | 'dripping'
  | 'broken'
  | 'compressed'
  | 'wrong bytes'
  | 'redirect'
  | 'redirect for ever'
  | 'redirect to a file'
  | 'several ranges'
  | 'huge headers';

const PIECE_BYTES = 64 * 1024;

/** A real HTTP server with one file, which counts what it sends and misbehaves on demand. */
export class OriginServer {
  readonly file: Uint8Array;
  readonly etag = '"v1"';
  /** How often each byte of the file was sent, by pieces of 1 KiB; looks at a single byte are not counted. */
  readonly sent: Uint32Array;
  requests = 0;
  /** Requests under way, and the most there were at once. */
  open = 0;
  mostOpen = 0;
  misbehaviour: Misbehaviour | undefined;
  /** Sent with every answer, e.g. those that let pages of other hosts read it (CORS). */
  headers: Readonly<Record<string, string>> = {};
  /** Methods that it was asked with. */
  readonly methods = new Set<string>();
  /** Misbehaves so often, then is good. */
  misbehavesTimes = Infinity;
  /** Sends nothing from this byte on until it is let go. */
  hold: { readonly fromByte: number; readonly released: Promise<void> } | undefined;
  readonly #server: Server;
  #port = 0;

  constructor(file: Uint8Array) {
    this.file = file;
    this.sent = new Uint32Array(Math.ceil(file.length / 1024));
    this.#server = createServer((request, response) => {
      this.requests += 1;
      this.open += 1;
      this.methods.add(request.method ?? '');
      for (const [name, value] of Object.entries(this.headers)) response.setHeader(name, value);
      this.mostOpen = Math.max(this.mostOpen, this.open);
      response.on('close', () => (this.open -= 1));
      response.on('error', () => undefined);
      void this.#answer(request, response);
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/film.mp4?token=secret`;
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const wrong = this.misbehavesTimes > 0 ? this.misbehaviour : undefined;
    if (wrong !== undefined) this.misbehavesTimes -= 1;
    const redirected = request.url?.startsWith('/moved') === true;
    const [start, end] = rangeOf(request.headers.range, this.file.length);
    if (start > 0 && start >= this.file.length) {
      response.writeHead(416, { 'content-range': `bytes */${this.file.length}` }).end();
    } else if (wrong === 'redirect' && redirected) {
      this.misbehavesTimes += 1;
      await this.#send(response, start, end);
    } else if (wrong === undefined || !(await this.#misbehave(wrong, response, { start, end }))) {
      if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== this.etag) {
        response.writeHead(412).end();
      } else await this.#send(response, start, end);
    }
  }

  #partHeaders(start: number, end: number): Record<string, string> {
    return {
      'content-range': `bytes ${start}-${end - 1}/${this.file.length}`,
      'content-length': String(end - start),
      'accept-ranges': 'bytes',
      etag: this.etag,
    };
  }

  async #send(response: ServerResponse, start: number, end: number): Promise<void> {
    response.writeHead(206, this.#partHeaders(start, end));
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    for (let at = start; at < end && !response.destroyed; at += PIECE_BYTES) {
      if (this.hold !== undefined && at + PIECE_BYTES > this.hold.fromByte) await this.hold.released;
      const piece = this.file.subarray(at, Math.min(end, at + PIECE_BYTES));
      for (let kib = at; end - start > 1 && kib < at + piece.length; kib += 1024) {
        this.sent[kib / 1024] = (this.sent[Math.floor(kib / 1024)] ?? 0) + 1;
      }
      if (!response.write(piece)) {
        await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
      }
    }
    response.end();
  }

  /** @returns false where the answer is to be right after all */
  async #misbehave(
    how: Misbehaviour,
    response: ServerResponse,
    { start, end }: { readonly start: number; readonly end: number },
  ): Promise<boolean> {
    const part = this.file.subarray(start, end);
    const headers = this.#partHeaders(start, end);
    const total = this.file.length;
    switch (how) {
      case 'whole in place of a part':
        response.writeHead(200, { 'content-length': total, etag: this.etag }).end(this.file);
        break;
      case 'another range':
        response
          .writeHead(206, { ...headers, 'content-range': `bytes ${start + 1}-${end}/${total}` })
          .end(part);
        break;
      case 'another total':
        response
          .writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end - 1}/${total + 1}` })
          .end(part);
        break;
      case 'another etag':
        response.writeHead(206, { ...headers, etag: '"v2"' }).end(part);
        break;
      case 'precondition failed':
        response.writeHead(412).end();
        break;
      case 'not satisfiable':
        response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
        break;
      case 'not modified':
        response.writeHead(304, { etag: this.etag }).end();
        break;
      case 'not found':
        response.writeHead(404).end('no such file');
        break;
      case 'too many requests':
        response.writeHead(429, { 'retry-after': '7' }).end();
        break;
      case 'unavailable':
        response.writeHead(503).end('out of order');
        break;
      case 'several ranges':
        response.writeHead(206, { 'content-type': 'multipart/byteranges; boundary=x' }).end(part);
        break;
      case 'compressed':
        response.writeHead(206, { ...headers, 'content-encoding': 'gzip' }).end(part);
        break;
      case 'wrong bytes': {
        const other = Uint8Array.from(part);
        other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
        response.writeHead(206, headers).end(other);
        break;
      }
      case 'announced shorter':
        response.writeHead(206, { ...headers, 'content-length': part.length - 1 }).end(part.subarray(1));
        break;
      case 'huge headers':
        response.writeHead(206, { ...headers, 'x-filler': 'x'.repeat(100_000) }).end(part);
        break;
      default:
        return this.#misbehaveSlowly(how, response, { part, headers });
    }
    return true;
  }

  #misbehaveSlowly(
    how: Misbehaviour,
    response: ServerResponse,
    { part, headers }: { readonly part: Uint8Array; readonly headers: Record<string, string> },
  ): boolean {
    const chunked = { ...headers };
    delete chunked['content-length'];
    switch (how) {
      case 'too long':
        response.writeHead(206, chunked).end(Buffer.concat([part, Buffer.alloc(10)]));
        return true;
      case 'too short':
        response.writeHead(206, chunked).end(part.subarray(0, part.length - 1));
        return true;
      case 'endless': {
        response.writeHead(206, chunked);
        const pour = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(PIECE_BYTES)));
          if (!response.destroyed) response.once('drain', pour);
        };
        pour();
        return true;
      }
      case 'silent headers':
        return true;
      case 'silent body':
        response.writeHead(206, headers).write(part.subarray(0, 10));
        return true;
      case 'dripping': {
        response.writeHead(206, headers);
        let at = 0;
        const drip = setInterval(() => response.write(part.subarray(at, ++at)), 10);
        response.on('close', () => clearInterval(drip));
        return true;
      }
      case 'broken':
        response
          .writeHead(206, headers)
          .write(part.subarray(0, Math.floor(part.length / 2)), () => response.destroy());
        return true;
      case 'redirect':
        response.writeHead(302, { location: '/moved?x=y' }).end();
        return true;
      case 'redirect for ever':
        response.writeHead(307, { location: '/again' }).end();
        return true;
      case 'redirect to a file':
        response.writeHead(301, { location: 'file:///etc/passwd' }).end();
        return true;
      default:
        return false;
    }
  }
}

function rangeOf(header: string | undefined, size: number): [start: number, end: number] {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header ?? '');
  return match === null ? [0, size] : [Number(match[1]), Math.min(size, Number(match[2]) + 1)];
}
