import type { OutgoingHttpHeaders } from 'node:http';

import {
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  GRANT_HEADER,
  RECEIPT_HEADER,
  SERVED_HEADER,
} from '../../../sdk/protocol/http.ts';
import { DEFAULT_FREE_BYTES_PER_MINUTE, MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import { FreeAllowance } from '../../core/delivery/free-allowance.ts';
import type { SentBody } from './body-writer.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayComponents, GatewayOptions } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import { GrantIntake, type OpenGrant } from './grant-intake.ts';
import { ReceiptIntake } from './receipt-intake.ts';
import { headerOf } from './request-parsing.ts';

/** Leave to send some bytes. Settled once, with what was sent. */
export interface TransferLeave {
  settle(sent: SentBody): void;
}

/** Decides who pays for a transfer: the grant of the request, or the free allowance of its address. */
export class TransferDesk {
  readonly receipts: ReceiptIntake;
  readonly #components: GatewayComponents;
  readonly #grants: GrantIntake;
  readonly #free: FreeAllowance;
  readonly #freeBytesPerMinute: number;
  readonly #ownUserIsFree: boolean;
  readonly #coordinatorUrl: string | undefined;

  constructor(components: GatewayComponents, options: GatewayOptions) {
    this.#components = components;
    this.#grants = new GrantIntake(components);
    this.receipts = new ReceiptIntake(components);
    this.#freeBytesPerMinute = options.freeBytesPerMinute ?? DEFAULT_FREE_BYTES_PER_MINUTE;
    this.#free = new FreeAllowance({ bytesPerMinute: this.#freeBytesPerMinute });
    this.#ownUserIsFree = options.ownUserIsFree ?? false;
    this.#coordinatorUrl = options.coordinatorUrl;
  }

  /** The open grant of a request, its receipt credited; undefined for a client without one. */
  async grantOf({ request }: Exchange): Promise<OpenGrant | undefined> {
    const grantHeader = headerOf(request, GRANT_HEADER);
    const receiptHeader = headerOf(request, RECEIPT_HEADER);
    if (grantHeader === undefined) {
      if (receiptHeader === undefined) return undefined;
      throw new GatewayError(400, 'RECEIPT_WITHOUT_GRANT', {
        message: 'A receipt came without the grant that it belongs to.',
        remedy: 'Send bcdn-grant with bcdn-receipt, or post the receipt to /bcdn/v1/receipts.',
      });
    }
    const open = await this.#grants.open(grantHeader);
    if (receiptHeader !== undefined) this.receipts.creditHeader(receiptHeader, open.grantHash);
    return open;
  }

  /** More than this cannot be set aside for one transfer; Infinity where bytes are not rationed. */
  roomFor({ client }: Exchange, open: OpenGrant | undefined): number {
    if (open !== undefined) return MAX_SERVED_BLOCK_BYTES;
    return this.#isOwnUser(client) ? Infinity : this.#freeBytesPerMinute;
  }

  /** Sets `bytes` aside before they are sent. @throws DeliveryError, with 402 and how to obtain a grant */
  async take(exchange: Exchange, open: OpenGrant | undefined, bytes: number): Promise<TransferLeave> {
    const { metrics, clock } = this.#components;
    if (open !== undefined) {
      const reservation = await this.#grants.reserve(open, bytes);
      return {
        settle: (sent) => {
          if (sent.complete) reservation.commit();
          else reservation.abort(sent.sentBytes);
          count(metrics, 'paid', sent);
        },
      };
    }
    const rationed = this.#isOwnUser(exchange.client) ? UNRATIONED : this.#free;
    const outcome = rationed.take(exchange.client, bytes, clock.nowMs());
    if (!outcome.ok) throw this.#paymentRequired(outcome.error);
    return {
      settle: (sent) => {
        if (!sent.complete) outcome.value.giveBack(bytes - sent.sentBytes);
        count(metrics, 'free', sent);
      },
    };
  }

  #isOwnUser(client: string): boolean {
    return this.#ownUserIsFree && LOOPBACK.test(client);
  }

  /** What the client of a grant learns with every response. */
  headersOf(open: OpenGrant | undefined): OutgoingHttpHeaders {
    const state = open === undefined ? undefined : this.#components.ledger.state(open.grantHash);
    if (state === undefined) return {};
    return {
      [ACKNOWLEDGED_HEADER]: state.durableBytes,
      [CREDIT_HEADER]: state.windowBytes,
      [SERVED_HEADER]: state.servedBytes,
    };
  }

  #paymentRequired(error: unknown): GatewayError {
    const known = asGatewayError(error);
    if (known === undefined) throw error;
    const { status, code, message, values, remedy } = known;
    if (this.#coordinatorUrl === undefined) return known;
    return new GatewayError(status, code as 'FREE_ALLOWANCE_EXHAUSTED', {
      message,
      values: { ...values, coordinator: this.#coordinatorUrl },
      remedy,
      cause: error,
    });
  }
}

/** The node's own user, on its own machine. */
const UNRATIONED = new FreeAllowance({ bytesPerMinute: Infinity });
const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

function count(metrics: GatewayComponents['metrics'], kind: 'paid' | 'free', sent: SentBody): void {
  if (sent.complete) metrics.served(kind, sent.sentBytes);
  else metrics.aborted(sent.sentBytes);
}
