import {
  decodeSignedReceipts,
  SIGNED_RECEIPT_BYTES,
  type SignedReceipt,
} from '../../../sdk/protocol/receipt.ts';
import type { GrantHash } from '../../../sdk/protocol/identifiers.ts';
import { MAX_RECEIPTS_PER_REQUEST } from '../../../sdk/protocol/limits.ts';
import { errorBody, type ErrorBody } from '../../../sdk/protocol/http.ts';
import { sendJson, type Exchange } from './exchange.ts';
import type { GatewayComponents } from './gateway-components.ts';
import { asGatewayError, GatewayError } from './gateway-error.ts';
import type { ReceiptIntake } from './receipt-intake.ts';
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
export async function takeReceipts(
  components: Pick<GatewayComponents, 'ledger'>,
  receipts: ReceiptIntake,
  exchange: Exchange,
): Promise<void> {
  const body = await readBody(exchange.request, MAX_RECEIPTS_PER_REQUEST * SIGNED_RECEIPT_BYTES);
  const acknowledged: Promise<Acknowledged>[] = [];
  const refusals: { refused: Refused; error: GatewayError }[] = [];
  for (const signed of decodeBody(body)) {
    const { grantHash } = signed.receipt;
    try {
      const { durable } = receipts.credit(signed);
      acknowledged.push(
        durable.then(() => ({ grantHash, bytes: components.ledger.state(grantHash)?.durableBytes ?? 0 })),
      );
    } catch (cause) {
      const error = asGatewayError(cause);
      if (error === undefined) throw cause;
      refusals.push({ refused: { grantHash, ...errorBody(error) }, error });
    }
  }
  const [first] = refusals;
  if (first !== undefined && acknowledged.length === 0) throw first.error;
  sendJson(exchange, 200, {
    acknowledged: await Promise.all(acknowledged),
    ...(refusals.length === 0 ? {} : { refused: refusals.map(({ refused }) => refused) }),
  });
}

function decodeBody(body: Uint8Array): SignedReceipt[] {
  try {
    return decodeSignedReceipts(body);
  } catch (cause) {
    throw new GatewayError(400, 'RECEIPT_MALFORMED', {
      message: 'The body is not a sequence of signed receipts.',
      values: {
        bytes: body.length,
        receiptBytes: SIGNED_RECEIPT_BYTES,
        maxReceipts: MAX_RECEIPTS_PER_REQUEST,
      },
      remedy: 'Send signed receipts in their binary form, one after the other.',
      cause,
    });
  }
}
