import { callMarket } from './call-market.ts';
import * as as from './decode.ts';
import { pagePath, type PageWish } from './page-path.ts';

const MAX_EVENTS = 1_000;

/** An argument as the contracts emitted it: addresses and bytes in hexadecimal, integers as decimal digits. */
const argument: as.Decoder<string> = (value, field) =>
  typeof value === 'string' ? as.text(value, field) : as.text(JSON.stringify(value) ?? '', field);

const eventFields = {
  contract: as.text,
  name: as.text,
  arguments: as.record(argument),
  logIndex: as.count,
} as const;
const transaction = as.object({
  hash: as.bytes32,
  blockNumber: as.count,
  /** Unix seconds. */
  at: as.nullable(as.seconds),
  events: as.list(as.object(eventFields), MAX_EVENTS),
});
const event = as.object({
  ...eventFields,
  transactionHash: as.bytes32,
  blockNumber: as.count,
  at: as.nullable(as.seconds),
});
const page = as.object({ total: as.count, offset: as.count, events: as.list(event) });

export type Transaction = as.Decoded<typeof transaction>;
export type ChainEvent = as.Decoded<typeof event>;
export type EventPage = as.Decoded<typeof page>;

export function fetchTransaction(hash: string, signal?: AbortSignal): Promise<Transaction> {
  return callMarket({ path: `/v1/transactions/${encodeURIComponent(hash)}`, decode: transaction, signal });
}

export interface EventWish extends PageWish {
  readonly deal?: string;
  readonly node?: string;
}

export function fetchEvents(wish: EventWish, signal?: AbortSignal): Promise<EventPage> {
  return callMarket({ path: pagePath('/v1/events', wish), decode: page, signal });
}
