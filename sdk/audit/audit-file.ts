import { z } from 'zod';

import { parseAddress, parseDealId, type Address, type DealId } from '../protocol/identifiers.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { RECEIPT_WITH_GRANT_BYTES } from '../protocol/receipt.ts';
import { SIGNED_VOUCHER_BYTES } from '../protocol/voucher.ts';
import { AuditError } from './audit-error.ts';
import { MAX_EVENTS_PER_PAGE, MAX_LINE_BYTES, MAX_PEERS_PER_PAGE } from './audit-limits.ts';
import { dealEventSchema, type DealEvent } from './deal-event.ts';
import { jsonOfMeter, peerMeterSchema, type PeerMeter } from './peer-meter.ts';

/** Version of the format (SPEC.md, file). */
export const AUDIT_FILE_VERSION = 1;

/** What every audit file begins with. */
export const FILE_START = `{"audit":${AUDIT_FILE_VERSION},`;

/** Who said what the chain holds. */
export type EventSource = 'marketplace' | 'chain';

/** First line: which deal, and the state of which chain. */
export interface AuditHeader {
  readonly dealId: DealId;
  readonly chainId: bigint;
  readonly market: Address;
  readonly epochSeconds: number;
  readonly source: EventSource;
  /** Events up to this block are in the file. */
  readonly block: { readonly number: number; readonly hash: string; readonly timestampSeconds: number };
}

/** How many of each there are: the last line. */
export interface AuditTotals {
  readonly events: number;
  readonly vouchers: number;
  readonly receipts: number;
}

/** One line of an audit file. */
export type AuditLine =
  | { readonly kind: 'header'; readonly header: AuditHeader }
  | { readonly kind: 'events'; readonly events: readonly DealEvent[] }
  /** Signed vouchers, one after the other. */
  | { readonly kind: 'vouchers'; readonly records: Uint8Array }
  /** What the coordinator counts for peers. */
  | { readonly kind: 'peers'; readonly meters: readonly PeerMeter[] }
  /** Signed grants, each followed by its best signed receipt, in the order of their grant hashes. */
  | { readonly kind: 'receipts'; readonly records: Uint8Array }
  | { readonly kind: 'end'; readonly totals: AuditTotals };

const count = z.number().int().nonnegative();
const headerSchema = z
  .object({
    audit: z.literal(AUDIT_FILE_VERSION),
    dealId: z.string().transform(parseDealId),
    chainId: z
      .string()
      .regex(/^\d{1,18}$/)
      .transform(BigInt),
    market: z.string().transform(parseAddress),
    epochSeconds: z.number().int().positive(),
    source: z.enum(['marketplace', 'chain']),
    block: z
      .object({ number: count, hash: z.string().regex(/^0x[0-9a-f]{64}$/), timestampSeconds: count })
      .strict(),
  })
  .strict()
  .transform(({ audit: _, ...header }) => ({ kind: 'header' as const, header }));
const eventsSchema = z
  .object({ events: z.array(dealEventSchema).max(MAX_EVENTS_PER_PAGE) })
  .strict()
  .transform(({ events }) => ({ kind: 'events' as const, events }));
const vouchersSchema = z
  .object({ vouchers: recordsOf(SIGNED_VOUCHER_BYTES) })
  .strict()
  .transform(({ vouchers }) => ({ kind: 'vouchers' as const, records: vouchers }));
const peersSchema = z
  .object({ peers: z.array(peerMeterSchema).max(MAX_PEERS_PER_PAGE) })
  .strict()
  .transform(({ peers }) => ({ kind: 'peers' as const, meters: peers }));
const receiptsSchema = z
  .object({ receipts: recordsOf(RECEIPT_WITH_GRANT_BYTES) })
  .strict()
  .transform(({ receipts }) => ({ kind: 'receipts' as const, records: receipts }));
const endSchema = z
  .object({ end: z.object({ events: count, vouchers: count, receipts: count }).strict() })
  .strict()
  .transform(({ end }) => ({ kind: 'end' as const, totals: end }));

/** The first field of a line says what it is. */
const SCHEMAS = {
  audit: headerSchema,
  events: eventsSchema,
  vouchers: vouchersSchema,
  peers: peersSchema,
  receipts: receiptsSchema,
  end: endSchema,
} as const;

/** One line, with its end. */
export function encodeLine(line: AuditLine): string {
  const text = JSON.stringify(jsonOf(line));
  return `${text}\n`;
}

function jsonOf(line: AuditLine): object {
  switch (line.kind) {
    case 'header': {
      const { chainId, ...header } = line.header;
      return { audit: AUDIT_FILE_VERSION, chainId: chainId.toString(), ...header };
    }
    case 'events':
      return { events: line.events };
    case 'vouchers':
      return { vouchers: Buffer.from(line.records).toString('base64url') };
    case 'peers':
      return { peers: line.meters.map(jsonOfMeter) };
    case 'receipts':
      return { receipts: Buffer.from(line.records).toString('base64url') };
    case 'end':
      return { end: line.totals };
  }
}

/**
 * @param number of the line, from 1, for the failure
 * @throws AuditError AUDIT_FILE_MALFORMED for anything that `encodeLine` does not write
 */
export function decodeLine(text: string, number: number): AuditLine {
  const json = parsed(text, number);
  const kind = Object.keys(SCHEMAS).find((name) => Object.hasOwn(json, name));
  if (kind === undefined) throw malformed(number, 'it is of no known kind');
  try {
    const result = SCHEMAS[kind as keyof typeof SCHEMAS].safeParse(json);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw malformed(number, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'unexpected'}`);
  } catch (failure) {
    if (failure instanceof ProtocolError) throw malformed(number, failure.message);
    throw failure;
  }
}

/** Splits a file into its lines. @throws AuditError AUDIT_FILE_MALFORMED for one that is too long */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<AuditLine> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let number = 1;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pending.push(chunk.subarray(start, end));
      yield decodeLine(Buffer.concat(pending).toString('utf8'), number++);
      pending = [];
      pendingBytes = 0;
      start = end + 1;
    }
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > MAX_LINE_BYTES) throw malformed(number, `it is longer than ${MAX_LINE_BYTES} bytes`);
  }
  // A line without an end is what an interrupted download leaves; whoever asks for the end finds it missing.
}

const NEWLINE = 0x0a;

function recordsOf(recordBytes: number) {
  return z
    .string()
    .max(MAX_LINE_BYTES)
    .regex(/^[A-Za-z0-9_-]*$/)
    .transform((text, context) => {
      const bytes = new Uint8Array(Buffer.from(text, 'base64url'));
      if (bytes.length % recordBytes !== 0)
        context.addIssue({ code: 'custom', message: `not whole records of ${recordBytes} bytes` });
      return bytes;
    });
}

function parsed(text: string, number: number): object {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
  }
  throw malformed(number, 'it is not a JSON object');
}

function malformed(line: number, reason: string): AuditError {
  return new AuditError('AUDIT_FILE_MALFORMED', `Line ${line} cannot be used: ${reason}.`, {
    values: { line, reason },
    remedy: 'Download the file again with bcdn audit download.',
  });
}
