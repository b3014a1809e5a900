import { z } from 'zod';

import type { Hex } from '../protocol/bytes.ts';
import { parseAddress, parseEpoch, type Address, type Epoch } from '../protocol/identifiers.ts';
import { AuditError } from './audit-error.ts';

/** An event of the market about one deal. Integers are decimal text, addresses and bytes lower-case hexadecimal. */
export const dealEventSchema = z
  .object({
    blockNumber: z.number().int().nonnegative(),
    logIndex: z.number().int().nonnegative(),
    transactionHash: z.string().regex(/^0x[0-9a-f]{64}$/),
    name: z.string().max(64),
    arguments: z.record(z.union([z.string().max(256), z.array(z.string().max(256)).max(64)])),
  })
  .strict();

export type DealEvent = z.output<typeof dealEventSchema>;

/** Text argument. @throws AuditError AUDIT_EVENTS_INCONSISTENT */
export function textArgument(event: DealEvent, name: string): string {
  const value = event.arguments[name];
  if (typeof value !== 'string') throw inconsistent(event, `it has no argument ${name}`);
  return value;
}

/** @throws AuditError AUDIT_EVENTS_INCONSISTENT; ProtocolError ADDRESS_INVALID */
export function addressArgument(event: DealEvent, name: string): Address {
  return parseAddress(textArgument(event, name));
}

/** An amount or a count of any size. @throws AuditError AUDIT_EVENTS_INCONSISTENT */
export function bigintArgument(event: DealEvent, name: string): bigint {
  const value = textArgument(event, name);
  if (!/^\d{1,78}$/.test(value)) throw inconsistent(event, `its argument ${name} is no number`);
  return BigInt(value);
}

/** @throws AuditError AUDIT_EVENTS_INCONSISTENT; ProtocolError EPOCH_INVALID */
export function epochArgument(event: DealEvent, name: string): Epoch {
  return parseEpoch(Number(bigintArgument(event, name)));
}

/** Where an event stands on the chain. */
export interface EventPlace {
  readonly blockNumber: number;
  readonly logIndex: number;
  readonly transactionHash: Hex;
}

export function placeOf({ blockNumber, logIndex, transactionHash }: DealEvent): EventPlace {
  return { blockNumber, logIndex, transactionHash: transactionHash as Hex };
}

/** Whether two lists say the same, whatever the order of the arguments. */
export function sameEvents(a: readonly DealEvent[], b: readonly DealEvent[]): boolean {
  return a.length === b.length && a.every((event, i) => canonical(event) === canonical(b[i]));
}

function canonical(event: DealEvent | undefined): string {
  if (event === undefined) return '';
  const { blockNumber, logIndex, transactionHash, name } = event;
  const named = Object.entries(event.arguments).sort(([x], [y]) => (x < y ? -1 : 1));
  return JSON.stringify([blockNumber, logIndex, transactionHash, name, named]);
}

export function inconsistent(event: DealEvent, reason: string): AuditError {
  const { name, blockNumber, logIndex } = event;
  return new AuditError(
    'AUDIT_EVENTS_INCONSISTENT',
    `Event ${name} in block ${blockNumber} contradicts those before it: ${reason}.`,
    {
      values: { name, blockNumber, logIndex, reason },
      remedy:
        'Audit with --rpc and the URL of a chain that you trust: events of the file are missing or changed.',
    },
  );
}
