import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { DEFAULT_FREE_BYTES_PER_MINUTE } from '../../../sdk/protocol/limits.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import type { DeliveryAccounts } from './delivery-accounts.ts';
import type { DeliveryDesk } from './delivery-desk.ts';
import { FrontDesk, type DeskMetrics } from './front-desk.ts';
import { LedgerAccounts, type LedgerAccountsComponents } from './ledger-accounts.ts';

export interface LocalDeskComponents extends LedgerAccountsComponents {
  readonly domain: Domain;
  readonly secp256k1: Secp256k1;
  readonly metrics: DeskMetrics;
}

export interface LocalDeskOptions {
  /** For each client address; Infinity for no ration. @default 1 MiB */
  readonly freeBytesPerMinute?: number | undefined;
  /** Clients on this machine are the node's own user: nothing is rationed to them. @default false */
  readonly ownUserIsFree?: boolean | undefined;
  /** Where clients without a grant are sent. */
  readonly coordinatorUrl?: string | undefined;
  /** Accounts in which more grants are good than in those over the ledger. @default none */
  readonly around?: ((own: DeliveryAccounts) => DeliveryAccounts) | undefined;
}

/** The desk of a process that holds ledger and journal itself. What it asks costs microtasks only. */
export interface LocalDeliveryDesk {
  readonly desk: DeliveryDesk;
  /** What desks of other processes of this node ask (delivery-accounts.ts). */
  readonly accounts: DeliveryAccounts;
}

/**
 * Builds the desk over the node's own ledger and journal.
 * @example
 *   const { desk } = localDeliveryDesk({ ledger, journal, deals, clock, domain, secp256k1, metrics, log });
 *   const open = await desk.admit({ grant, receipt });
 *   const leave = await desk.reserve(open, block.length);
 *   leave.settle({ sentBytes: block.length, complete: true });
 */
export function localDeliveryDesk(
  components: LocalDeskComponents,
  options: LocalDeskOptions = {},
): LocalDeliveryDesk {
  const { freeBytesPerMinute = DEFAULT_FREE_BYTES_PER_MINUTE, ownUserIsFree = false } = options;
  const own = new LedgerAccounts(components, { freeBytesPerMinute, coordinatorUrl: options.coordinatorUrl });
  const accounts = options.around?.(own) ?? own;
  const desk = new FrontDesk({ ...components, accounts }, { freeBytesPerMinute, ownUserIsFree });
  return { desk, accounts };
}
