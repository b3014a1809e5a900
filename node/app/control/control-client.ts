import { request } from 'node:http';
import type { z } from 'zod';
import { errorCode } from '../../adapters/keystore/private-file.ts';
import { NodeError } from '../node-error.ts';

/** Largest answer that is read: a status of thousands of deals fits. */
const MAX_ANSWER_BYTES = 64 * 2 ** 20;

/** Where to ask, what, and how the answer looks. */
export interface ControlCall<Schema extends z.ZodType> {
  readonly socket: string;
  readonly path: string;
  readonly body?: unknown;
  readonly answer: Schema;
  readonly timeoutMs: number;
}

/** A failure that the running node reported about itself. */
export class ControlFailure extends Error {
  readonly code: string;
  readonly values: Readonly<Record<string, string>>;
  readonly remedy: string;

  constructor(failure: { code: string; message: string; values: Record<string, string>; remedy: string }) {
    super(failure.message);
    this.name = 'ControlFailure';
    this.code = failure.code;
    this.values = failure.values;
    this.remedy = failure.remedy;
  }
}

/**
 * Asks the running node.
 *
 * @throws NodeError NODE_OFFLINE when none runs, CONTROL_FORBIDDEN to another user, CONTROL_MALFORMED for an answer of another version; ControlFailure
 */
export async function askNode<Schema extends z.ZodType>(
  call: ControlCall<Schema>,
): Promise<z.output<Schema>> {
  const { status, text } = await post(call).catch((error: unknown) => {
    throw offline(call.socket, error);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw malformed();
  }
  if (status !== 200) throw failureOf(json);
  const decoded = call.answer.safeParse(json);
  if (!decoded.success) throw malformed(decoded.error.issues[0]?.path.join('.'));
  return decoded.data as z.output<Schema>;
}

function post(call: ControlCall<z.ZodType>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { socketPath: call.socket, path: call.path, method: 'POST', timeout: call.timeoutMs },
      (incoming) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_ANSWER_BYTES) incoming.destroy(malformed());
          else chunks.push(chunk);
        });
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(malformed('it did not answer in time')));
    outgoing.on('error', reject);
    outgoing.end(call.body === undefined ? '' : JSON.stringify(call.body));
  });
}

function offline(socket: string, error: unknown): unknown {
  if (error instanceof NodeError) return error;
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') return forbidden(socket);
  // A path through a file leads to no node either.
  if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'ENOTDIR') return error;
  return new NodeError('NODE_OFFLINE', {
    message: 'The node is not running.',
    remedy: 'Run `bcdn-node start` with the same --data-dir.',
    values: { socket },
  });
}

function forbidden(socket: string): NodeError {
  return new NodeError('CONTROL_FORBIDDEN', {
    message: `This user may not speak to a node through ${socket}.`,
    remedy: 'Run the command as the user that runs the node, or as root.',
    values: { socket },
  });
}

function failureOf(json: unknown): Error {
  if (typeof json !== 'object' || json === null || !('error' in json)) return malformed();
  const { error } = json;
  if (typeof error !== 'object' || error === null) return malformed();
  const field = (name: string): string => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' ? value : '';
  };
  const values: Record<string, string> = {};
  const given: unknown = Reflect.get(error, 'values');
  if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) values[name] = String(value);
  }
  return new ControlFailure({
    code: field('code'),
    message: field('message'),
    values,
    remedy: field('remedy'),
  });
}

function malformed(where = ''): NodeError {
  return new NodeError('CONTROL_MALFORMED', {
    message: `The answer of the running node cannot be used${where === '' ? '' : ` (${where})`}.`,
    remedy: 'Use the command line and the node in the same version; restart the node if it hangs.',
  });
}
