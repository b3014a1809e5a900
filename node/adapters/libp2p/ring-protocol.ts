import type { Address } from '../../../sdk/protocol/identifiers.ts';

/** Protocol name of the ring: chain and registry are in it, so two networks never merge (RING.md, identity). */
export function ringProtocol(chainId: bigint, registry: Address): string {
  return `/bcdn/${chainId.toString()}/${registry}/ring/2`;
}

/** Protocol name of the cooperation groups, bound to the same network. */
export function groupProtocol(chainId: bigint, registry: Address): string {
  return `/bcdn/${chainId.toString()}/${registry}/group/1`;
}

/** Streams that one connection may open to us; one is enough, two when both sides open at once. */
export const MAX_STREAMS_PER_CONNECTION = 8;
/** Messages waiting for one peer's stream; more are dropped, which the ring survives like any loss. */
export const MAX_QUEUED_MESSAGES = 1_024;
/** Until a dial, with its negotiation, counts as failed. */
export const DIAL_TIMEOUT_MS = 3_000;
/** A peer that could not be dialled is not dialled again for this long. */
export const REDIAL_PAUSE_MS = 500;
/** Peers whose stream is kept open; the least used is closed. */
export const MAX_KEPT_STREAMS = 512;
/** A peer that takes nothing for so long is cut off: its stream counts as broken. */
export const STUCK_STREAM_MS = 30_000;
