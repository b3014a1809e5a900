import { GRANT_HEADER, RECEIPT_HEADER } from '../../../sdk/protocol/http.ts';

/** What pays for a request, where it stands in the address: a page's request with other headers costs one more round trip. */
export interface AddressPayment {
  /** Text of the signed grant, not decoded. */
  readonly grant: string | undefined;
  /** Text of the newest signed receipt, not decoded. */
  readonly receipt: string | undefined;
  /** All of it as it stood in the query. */
  readonly fields: string;
}

/** A query without what pays, and that. */
export interface SplitQuery {
  readonly query: string;
  readonly payment: AddressPayment | undefined;
}

/** Both names begin with it. */
const PREFIX = 'bcdn-';
const GRANT_FIELD = `${GRANT_HEADER}=`;
const RECEIPT_FIELD = `${RECEIPT_HEADER}=`;

/**
 * Takes grant and receipt out of a query, so that nothing behind it sees, remembers or logs them. Their names and values stand
 * as they are, never percent-encoded. Of a field that is repeated the values are joined by a comma, as those of a header
 * are: no value of ours holds one, so it decodes to nothing.
 */
export function splitPayment(query: string): SplitQuery {
  if (!query.includes(PREFIX)) return { query, payment: undefined };
  const grants: string[] = [];
  const receipts: string[] = [];
  const fields: string[] = [];
  const others: string[] = [];
  for (const field of query.split('&')) {
    if (field.startsWith(GRANT_FIELD)) grants.push(field.slice(GRANT_FIELD.length));
    else if (field.startsWith(RECEIPT_FIELD)) receipts.push(field.slice(RECEIPT_FIELD.length));
    else {
      others.push(field);
      continue;
    }
    fields.push(field);
  }
  if (fields.length === 0) return { query, payment: undefined };
  const payment = { grant: joined(grants), receipt: joined(receipts), fields: fields.join('&') };
  return { query: others.join('&'), payment };
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(',');
}
