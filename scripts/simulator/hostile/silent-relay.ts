import type { NodeBehaviour } from '../engine/node-behaviour.ts';

/** Takes part in everything, acknowledges every duty of the tree, and passes nothing on. */
export function silentRelay(): NodeBehaviour {
  return { send: (parcel) => (parcel.message.kind === 'spread' ? [] : [parcel]) };
}
