import type { z } from 'zod';

import { DeskError } from './desk-error.ts';
import { refusalAnswer } from './documents.ts';
import { tokenOfTab } from './token.ts';

/** Longest answer that is read: a page of thousands of deals. */
const MAX_ANSWER_CHARACTERS = 16 * 1_024 * 1_024;
/** Longest wait for figures; the node has them at hand. */
const ANSWER_TIMEOUT_MS = 15_000;

/** One question to the node. */
export interface NodeCall<Schema extends z.ZodTypeAny> {
  /** Such as `/status`. */
  readonly action: string;
  readonly question?: unknown;
  readonly answer: Schema;
  readonly signal?: AbortSignal | undefined;
  /** @default 15 s */
  readonly timeoutMs?: number;
}

/** Asks the node that served this page and checks what it answers. @throws DeskError, or the reason of the signal */
export async function callNode<Schema extends z.ZodTypeAny>(
  call: NodeCall<Schema>,
): Promise<z.output<Schema>> {
  const { action, question = {}, answer, signal, timeoutMs = ANSWER_TIMEOUT_MS } = call;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(`/v1${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokenOfTab()}` },
      body: JSON.stringify(question),
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const text = await response.text();
    if (text.length > MAX_ANSWER_CHARACTERS) throw tooLarge();
    const body = parsed(text);
    if (!response.ok) throw refusalOf(response.status, body);
    const decoded = answer.safeParse(body);
    if (decoded.success) return decoded.data as z.output<Schema>;
    throw invalid(`${action}: ${decoded.error.issues[0]?.path.join('.') ?? ''}`);
  } catch (failure) {
    signal?.throwIfAborted();
    if (failure instanceof DeskError) throw failure;
    throw timeout.aborted ? slow(action) : unreachable(failure);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON has no fields; status or schema say so to the caller.
    return undefined;
  }
}

function refusalOf(status: number, body: unknown): DeskError {
  const decoded = refusalAnswer.safeParse(body);
  if (!decoded.success) {
    return new DeskError('NODE_REFUSED', `The node answered with status ${status}.`, {
      remedy: 'Look at its log, or run `bcdn-node doctor`.',
    });
  }
  const { code, message, remedy } = decoded.data.error;
  return new DeskError('NODE_REFUSED', message, { remedy, refusal: code });
}

function invalid(where: string): DeskError {
  return new DeskError('ANSWER_INVALID', `The node’s answer is not as described (${where}).`, {
    remedy: 'Reload the page: it may be of another version than the node.',
  });
}

function tooLarge(): DeskError {
  return new DeskError('ANSWER_TOO_LARGE', 'The node answers with more than a page can show.', {
    remedy: 'Use `bcdn-node earnings --json`.',
  });
}

function slow(action: string): DeskError {
  return new DeskError('NODE_SLOW', `The node did not answer in time (${action}).`, {
    remedy: 'It is asked again by itself; if it stays so, run `bcdn-node doctor`.',
  });
}

function unreachable(cause: unknown): DeskError {
  return new DeskError(
    'NODE_UNREACHABLE',
    'The node does not answer: it is stopped, or its port has changed.',
    {
      remedy:
        'Run `bcdn-node start`; then `bcdn-node dashboard` prints the address. This page goes on by itself if it is the same.',
      cause,
    },
  );
}
