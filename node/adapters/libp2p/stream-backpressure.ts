import type { Stream } from '@libp2p/interface';

/** Why a stream took no more bytes. */
export class StreamStuckError extends Error {
  readonly code: 'STREAM_CLOSED' | 'STREAM_STUCK';

  constructor(code: StreamStuckError['code'], message: string) {
    super(message);
    this.name = 'StreamStuckError';
    this.code = code;
  }
}

/**
 * Resolves when all that was sent has left the stream's queue and the connection takes more.
 *
 * libp2p's own `onDrain` holds a writer back only once: its promise is never renewed (`@libp2p/utils` 7.4), so that later
 * calls resolve at once and the queue grows by all that is written (README.md, backpressure).
 *
 * @throws StreamStuckError STREAM_CLOSED; STREAM_STUCK after `timeoutMs` in which the other side took nothing
 */
export function untilTaken(stream: Stream, timeoutMs: number): Promise<void> {
  if (stream.status !== 'open') return Promise.reject(closed());
  if (isTaken(stream)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let queuedBytes = stream.writeBufferLength;
    const stop = (): void => {
      clearTimeout(timer);
      stream.removeEventListener('drain', look);
      stream.removeEventListener('idle', look);
      stream.removeEventListener('close', onClose);
    };
    const stuck = (): void => {
      stop();
      reject(new StreamStuckError('STREAM_STUCK', `The other side took nothing for ${timeoutMs} ms.`));
    };
    let timer = setTimeout(stuck, timeoutMs);
    const look = (): void => {
      if (isTaken(stream)) {
        stop();
        resolve();
      } else if (stream.writeBufferLength < queuedBytes) {
        queuedBytes = stream.writeBufferLength;
        clearTimeout(timer);
        timer = setTimeout(stuck, timeoutMs);
      }
    };
    const onClose = (): void => {
      stop();
      reject(closed());
    };
    stream.addEventListener('drain', look);
    stream.addEventListener('idle', look);
    stream.addEventListener('close', onClose);
  });
}

function isTaken(stream: Stream): boolean {
  return stream.writeBufferLength === 0 && !stream.writableNeedsDrain;
}

function closed(): StreamStuckError {
  return new StreamStuckError('STREAM_CLOSED', 'The stream is closed.');
}
