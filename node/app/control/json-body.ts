import type { IncomingMessage } from 'node:http';

import { NodeError } from '../node-error.ts';

/** Largest request of the local command line and of the operator's desk. */
const MAX_REQUEST_BYTES = 16_384;

/** Reads a bounded JSON body; an empty one is an empty object. @throws NodeError CONTROL_MALFORMED */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) throw malformed('it is too large');
    chunks.push(chunk);
  }
  if (bytes === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw malformed('it is not JSON');
  }
}

/** JSON of an answer; big integers become strings, so no reader rounds them. */
export function jsonText(body: unknown): string {
  return JSON.stringify(body, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  );
}

function malformed(reason: string): NodeError {
  return new NodeError('CONTROL_MALFORMED', {
    message: `The request to the node cannot be used: ${reason}.`,
    remedy: 'Use the command line and the node in the same version.',
  });
}
