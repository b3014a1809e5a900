import { errorBody, type ErrorBody } from '../../../sdk/protocol/http.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import { SIGNED_RECEIPT_BYTES } from '../../../sdk/protocol/receipt.ts';
import type { DeliveryDesk } from '../delivery-desk/delivery-desk.ts';
import { sendJson, type Exchange } from './exchange.ts';
import { asGatewayError, type GatewayError } from './gateway-error.ts';
import { readBody } from './request-body.ts';

interface Acknowledged {
  readonly grantHash: GrantHash;
  /** Bytes that are durably recorded as earned. */
  readonly bytes: number;
}

interface Refused extends ErrorBody {
  readonly grantHash: GrantHash;
}

/**
 * POST /bcdn/v1/receipts: final receipts, concatenated. Answers after they are on disk. One bad receipt
 * does not hold up the others: it is listed under `refused`, and its status is the answer's only when none
 * was good.
 */
export async function takeReceipts(desk: DeliveryDesk, exchange: Exchange): Promise<void> {
  const body = await readBody(exchange.request, MAX_RECEIPTS_PER_REQUEST * SIGNED_RECEIPT_BYTES);
  const acknowledged: Acknowledged[] = [];
  const refusals: { refused: Refused; error: GatewayError }[] = [];
  for (const answer of await desk.takeReceipts(body)) {
    const { grantHash } = answer;
    if ('durableBytes' in answer) {
      acknowledged.push({ grantHash, bytes: answer.durableBytes });
      continue;
    }
    const error = asGatewayError(answer.error);
    if (error === undefined) throw answer.error;
    refusals.push({ refused: { grantHash, ...errorBody(error) }, error });
  }
  const [first] = refusals;
  if (first !== undefined && acknowledged.length === 0) throw first.error;
  sendJson(exchange, 200, {
    acknowledged,
    ...(refusals.length === 0 ? {} : { refused: refusals.map(({ refused }) => refused) }),
  });
}
