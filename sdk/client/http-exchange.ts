/** One HTTP request whose answer is read whole, up to a limit. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  readonly url: string;
  /** Fields that follow the query of the URL on the wire and stand in no message or error: what pays. @default none */
  readonly unshownQuery?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The answer is refused beyond this. */
  readonly maxBytes: number;
  /** Longest silence, before the headers and between two pieces of the body. */
  readonly stallTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the body should be hashed while it arrives, where the transport can and that is fast. @default false */
  readonly sha256?: boolean | undefined;
}

/** The address as it is sent. Its query is never empty where something follows it. */
export function sentUrl({ url, unshownQuery }: HttpRequest): string {
  if (unshownQuery === undefined) return url;
  return `${url}${url.includes('?') ? '&' : '?'}${unshownQuery}`;
}

/** The whole answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Header by its lower-case name. */
  header(name: string): string | undefined;
  readonly body: Uint8Array;
  /** SHA-256 of the body, if it was asked for and the transport made it. */
  readonly sha256?: Uint8Array | undefined;
  /** From the request until the headers came, milliseconds, where the transport tells it. */
  readonly waitedMs?: number | undefined;
}

/**
 * Port to HTTP over kept connections: undici in Node, fetch in a browser.
 * Answers of any status are answers; only a failure to get one is thrown.
 */
export interface HttpExchange {
  /** @throws ClientError UNREACHABLE, STALLED, ANSWER_TOO_LARGE; the signal's reason when it aborts */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Closes the kept connections; requests under way are broken off. */
  close(): Promise<void>;
}
