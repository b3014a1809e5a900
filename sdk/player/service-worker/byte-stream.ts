/** Writes bytes in order, each when it is asked for, until it is done or the signal aborts. */
export type WriteBytes = (take: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<void>;

/**
 * A body that is fetched as it is read: a browser that pauses holds the fetch, one that leaves ends it.
 * @returns the stream, and a promise of its end, which never fails
 */
export function byteStream(write: WriteBytes): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly ended: Promise<void>;
} {
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  let wanted = Promise.withResolvers<void>();
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const take = async (bytes: Uint8Array) => {
          await wanted.promise;
          stop.signal.throwIfAborted();
          wanted = Promise.withResolvers<void>();
          // A copy: what is kept for the next reader cannot be given away.
          controller.enqueue(bytes.slice());
        };
        write(take, stop.signal).then(
          () => {
            controller.close();
            ended.resolve();
          },
          (error: unknown) => {
            if (!stop.signal.aborted) controller.error(error);
            ended.resolve();
          },
        );
      },
      pull: () => wanted.resolve(),
      cancel: () => {
        stop.abort();
        wanted.resolve();
      },
    },
    { highWaterMark: 1 },
  );
  return { stream, ended: ended.promise };
}
