import type { IncomingMessage } from 'node:http';

import { GatewayError } from './gateway-error.ts';
import { SMALL_BODY_TIMEOUT_MS, UPLOAD_IDLE_TIMEOUT_MS } from './gateway-limits.ts';

/** The whole body of a request, at most `maxBytes`. @throws GatewayError BODY_TOO_LARGE, BODY_INCOMPLETE */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  requireDeclaredLength(request, maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Bodies that are read as a whole are small: a sender that lets them trickle is cut off.
  const timer = setTimeout(() => request.destroy(), SMALL_BODY_TIMEOUT_MS);
  try {
    for await (const chunk of bodyOf(request)) {
      length += chunk.length;
      if (length > maxBytes) throw bodyTooLarge(length, maxBytes);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks);
}

/** Refuses by the declared length before a byte of the body is read. @throws GatewayError BODY_TOO_LARGE */
export function requireDeclaredLength(request: IncomingMessage, maxBytes: number): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) throw bodyTooLarge(declared, maxBytes);
}

/** The chunks of a body as they come, with backpressure. A sender that falls silent is cut off. */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => request.destroy(), UPLOAD_IDLE_TIMEOUT_MS);
  try {
    for await (const chunk of request) {
      timer.refresh();
      yield chunk as Buffer;
      timer.refresh();
    }
  } catch (cause) {
    throw new GatewayError(400, 'BODY_INCOMPLETE', {
      message: 'The body ended before it was complete.',
      remedy: 'Send the request again.',
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

function bodyTooLarge(bytes: number, maxBytes: number): GatewayError {
  return new GatewayError(413, 'BODY_TOO_LARGE', {
    message: 'The body is larger than may be sent.',
    values: { bytes, maxBytes },
    remedy: `Send at most ${maxBytes} bytes in one request.`,
  });
}
