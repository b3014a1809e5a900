import type { OutgoingHttpHeaders } from 'node:http';

import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { ProtocolError } from '../../../sdk/protocol/errors.ts';
import {
  ACKNOWLEDGED_HEADER,
  CREDIT_HEADER,
  GRANT_HEADER,
  RECEIPT_HEADER,
  SERVED_HEADER,
} from '../../../sdk/protocol/http.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import type { DeliveryDesk, OpenGrant, TransferLeave } from '../delivery-desk/delivery-desk.ts';
import { grantMalformed, receiptMalformed } from '../delivery-desk/front-desk.ts';
import type { Exchange } from './exchange.ts';
import { GatewayError } from './gateway-error.ts';
import { headerOf } from './request-parsing.ts';

/**
 * Who pays for a transfer over HTTP: the grant in the headers or in the address of the request, or the free allowance of the
 * client's address.
 */
export class TransferDesk {
  readonly #desk: DeliveryDesk;

  constructor(desk: DeliveryDesk) {
    this.#desk = desk;
  }

  /** The open grant of a request, its receipt credited; undefined for a client without one. @throws as `admit` */
  async grantOf({ request, payment }: Exchange): Promise<OpenGrant | undefined> {
    const grantText = agreed(headerOf(request, GRANT_HEADER), payment?.grant, 'GRANT_AMBIGUOUS');
    const receiptText = agreed(headerOf(request, RECEIPT_HEADER), payment?.receipt, 'RECEIPT_AMBIGUOUS');
    if (grantText === undefined) {
      if (receiptText === undefined) return undefined;
      throw new GatewayError(400, 'RECEIPT_WITHOUT_GRANT', {
        message: 'A receipt came without the grant that it belongs to.',
        remedy: 'Send bcdn-grant with bcdn-receipt, or post the receipt to /bcdn/v1/receipts.',
      });
    }
    const grant = decoded(grantText, grantMalformed);
    const receipt = receiptText === undefined ? undefined : decoded(receiptText, receiptMalformed);
    return this.#desk.admit({ grant, receipt });
  }

  /** More than this cannot be set aside for one transfer; Infinity where bytes are not rationed. */
  roomFor({ client }: Exchange, open: OpenGrant | undefined): number {
    return open === undefined ? this.#desk.freeRoomBytes(client) : MAX_SERVED_BLOCK_BYTES;
  }

  /** Sets `bytes` aside before they are sent. @throws DeliveryError, with 402 and how to obtain a grant */
  take({ client }: Exchange, open: OpenGrant | undefined, bytes: number): Promise<TransferLeave> {
    return open === undefined ? this.#desk.takeFree(client, bytes) : this.#desk.reserve(open, bytes);
  }

  /** What the client of a grant learns with every response. */
  headersOf(open: OpenGrant | undefined): OutgoingHttpHeaders {
    if (open === undefined) return {};
    const { durableBytes, windowBytes, servedBytes } = open.standing;
    return {
      [ACKNOWLEDGED_HEADER]: durableBytes,
      [CREDIT_HEADER]: windowBytes,
      [SERVED_HEADER]: servedBytes,
    };
  }
}

/** @throws GatewayError where header and address say different things: neither is taken for the other */
function agreed(
  header: string | undefined,
  parameter: string | undefined,
  code: 'GRANT_AMBIGUOUS' | 'RECEIPT_AMBIGUOUS',
): string | undefined {
  if (header === undefined || parameter === undefined || header === parameter) return header ?? parameter;
  const name = code === 'GRANT_AMBIGUOUS' ? GRANT_HEADER : RECEIPT_HEADER;
  throw new GatewayError(400, code, {
    message: `The header ${name} and the parameter ${name} differ.`,
    values: { name },
    remedy: 'Send it once: as a header, or as a parameter of the address.',
  });
}

function decoded(text: string, malformed: (cause: ProtocolError) => Error): Uint8Array {
  try {
    return base64UrlDecode(text);
  } catch (cause) {
    throw cause instanceof ProtocolError ? malformed(cause) : cause;
  }
}
