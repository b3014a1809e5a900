import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';

/** A message on its way out of a node. */
export interface Parcel {
  /** Public key of the receiver. */
  readonly to: Uint8Array;
  readonly message: RingMessage;
  /** Held back by the sender this long. */
  readonly delayMs: number;
}

/** A message that reaches a node over a connection of this key. */
export interface Delivery {
  readonly from: Uint8Array;
  readonly message: RingMessage;
}

/**
 * What a hostile node does instead of what its machine decides. Each hook gets one message and gives those that pass
 * in its place: none drops it, another message tampers, several replay. A hook that is absent changes nothing.
 * A behaviour can sign only with its own node's key.
 */
export interface NodeBehaviour {
  send?(parcel: Parcel, nowMs: number): readonly Parcel[];
  receive?(delivery: Delivery, nowMs: number): readonly Delivery[];
}
