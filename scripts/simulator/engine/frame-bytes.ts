import { encodeMessage } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';

/** Bytes of a message's frame on the wire, its length prefix included. */
export function frameBytes(message: RingMessage): number {
  const { length } = encodeMessage(message);
  let prefix = 1;
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) prefix += 1;
  return prefix + length;
}
