import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';

import { request } from 'undici';

import { sourceOfPath, type ContentSource } from '../../publish/content-source.ts';
import type { OriginRequest } from '../../publish/declare-origin.ts';
import { PublishError } from '../../publish/publish-error.ts';
import type { PublisherSession } from '../publisher-session.ts';

/** What is published, and where nodes can have it in place of being pushed it. */
export interface PublishedSource {
  readonly source: ContentSource;
  readonly origin: OriginRequest | undefined;
  /** Of a file, as far as it is known before it is read. */
  readonly totalBytes: number | undefined;
}

export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/**
 * A path of this machine, or a file behind a URL: that is read here once, to name it, and by the nodes afterwards.
 * @throws PublishError SOURCE_UNREADABLE, SOURCE_UNSUPPORTED
 */
export async function openSource(
  text: string,
  originUrl: string | undefined,
  signal: AbortSignal,
): Promise<PublishedSource> {
  const url = originUrl ?? (isUrl(text) ? text : undefined);
  const origin = url === undefined ? undefined : { url };
  if (!isUrl(text)) {
    const source = await sourceOfPath(text);
    return { source, origin, totalBytes: source.kind === 'file' ? (await stat(text)).size : undefined };
  }
  const answer = await request(text, { signal, headers: { 'accept-encoding': 'identity' } }).catch(
    (cause: unknown) => {
      signal.throwIfAborted();
      throw unreadable(text, cause instanceof Error ? cause.message : String(cause), cause);
    },
  );
  if (answer.statusCode !== 200) {
    answer.body.destroy();
    throw unreadable(text, `it answers with status ${answer.statusCode}`);
  }
  const length = Number(answer.headers['content-length']);
  const totalBytes = Number.isSafeInteger(length) ? length : undefined;
  return { source: { kind: 'stream', stream: Readable.from(answer.body) }, origin, totalBytes };
}

/** Where the journal of this publication is: the same for the same source, publisher and contracts. */
export function journalPath(
  folder: string,
  text: string,
  { sender, deployment }: Pick<PublisherSession, 'sender' | 'deployment'>,
): string {
  const source = isUrl(text) ? text : resolve(text);
  const { chainId, market } = deployment;
  const name = createHash('sha256').update([source, chainId, market, sender.address].join('\n'));
  return join(folder, 'publications', `${name.digest('hex').slice(0, 32)}.json`);
}

function unreadable(url: string, reason: string, cause?: unknown): PublishError {
  return new PublishError('SOURCE_UNREADABLE', `${url} cannot be read: ${reason}.`, {
    values: { url, reason },
    remedy: 'Check the URL: nodes must be able to read it, too.',
    cause,
  });
}
