import type { BlockConversation, BlockHolder } from '../../adapters/libp2p/block-exchange-client.ts';

/** Finds nodes that hold a content, this one left out; the best first. */
export interface HolderSearch {
  /** At least `wanted` of them if there are so many; the nearest ones may only claim it. */
  find(contentRoot: Uint8Array, wanted: number): Promise<readonly BlockHolder[]>;
  /** A holder that was named has not got the content. */
  refused(holder: BlockHolder, contentRoot: Uint8Array): void;
}

/** Streams that are opened to one holder at most. */
const STREAMS_PER_HOLDER = 2;
/** Holders that are asked at once at most. */
const MAX_HOLDERS = 3;

/** Opens streams to holders, as `BlockExchangeClient` does. */
export interface HolderExchange {
  open(holder: BlockHolder, signal: AbortSignal): Promise<Pick<BlockConversation, 'fetch' | 'close'>>;
}

/** An open stream to a holder. */
export interface BlockSource {
  readonly holder: BlockHolder;
  readonly conversation: Pick<BlockConversation, 'fetch' | 'close'>;
}

/** Opens streams to some holders; those that cannot be reached are left out. */
export async function openSources(
  client: HolderExchange,
  holders: readonly BlockHolder[],
  signal: AbortSignal,
): Promise<BlockSource[]> {
  const opening = holders.slice(0, MAX_HOLDERS).flatMap((holder) =>
    Array.from({ length: STREAMS_PER_HOLDER }, async () => ({
      holder,
      conversation: await client.open(holder, signal),
    })),
  );
  const opened = await Promise.allSettled(opening);
  return opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

export async function closeSources(sources: readonly BlockSource[]): Promise<void> {
  await Promise.all(sources.map(({ conversation }) => conversation.close()));
}
