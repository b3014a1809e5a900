import { MarketplaceError } from '../errors.ts';

export type ContractName = 'registry' | 'market';
/** Arguments by name: integers as decimal text, addresses and bytes as lower-case hexadecimal. */
export type EventArguments = Readonly<Record<string, string | readonly string[]>>;

/** A decoded event of one of our contracts with its place in the chain. */
export interface ChainEvent {
  readonly contract: ContractName;
  readonly name: string;
  readonly arguments: EventArguments;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly blockTimestampSeconds: number;
  readonly transactionHash: string;
  readonly logIndex: number;
}

/** Text argument of an event. @throws MarketplaceError CHAIN_RESPONSE_INVALID */
export function argument(event: ChainEvent, name: string): string {
  const value = event.arguments[name];
  if (typeof value !== 'string') throw missing(event, name);
  return value;
}

/** Integer argument of any size. @throws MarketplaceError CHAIN_RESPONSE_INVALID */
export function bigintArgument(event: ChainEvent, name: string): bigint {
  const value = argument(event, name);
  if (!/^\d+$/.test(value)) throw missing(event, name);
  return BigInt(value);
}

/** Integer argument that fits a JavaScript number. @throws MarketplaceError CHAIN_RESPONSE_INVALID */
export function integerArgument(event: ChainEvent, name: string): number {
  const value = Number(argument(event, name));
  if (!Number.isSafeInteger(value)) throw missing(event, name);
  return value;
}

/** List argument. @throws MarketplaceError CHAIN_RESPONSE_INVALID */
export function listArgument(event: ChainEvent, name: string): readonly string[] {
  const value = event.arguments[name];
  if (value === undefined || typeof value === 'string') throw missing(event, name);
  return value;
}

function missing(event: ChainEvent, name: string): MarketplaceError {
  return new MarketplaceError(
    'CHAIN_RESPONSE_INVALID',
    `Event ${event.name} in block ${event.blockNumber} has no usable argument ${name}.`,
    { event: event.name, argument: name, block: event.blockNumber },
  );
}
