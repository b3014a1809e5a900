import { z } from 'zod';
import { base64UrlDecode, base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import type { Address, DealId, Epoch } from '../../../sdk/protocol/identifiers.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { decodeSignedVoucher, type SignedVoucher } from '../../../sdk/protocol/voucher.ts';
import { NodeError } from '../node-error.ts';
import { settlementAuthorisation, type SettlementSigning } from './settlement-authorisation.ts';

/** The coordinator verifies every receipt of a page before it answers. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Largest answer: a page of better receipts in base64url. */
const MAX_ANSWER_BYTES = 2 * 2 ** 20;

/** One page of a deal's receipts; the last page asks for the voucher. */
export interface SettlementPage {
  readonly dealId: DealId;
  readonly node: Address;
  readonly throughEpoch: Epoch;
  readonly receipts: readonly ReceiptWithGrant[];
  readonly final: boolean;
}

/** What the coordinator gave back. */
export interface SettlementAnswer {
  readonly voucher: SignedVoucher | undefined;
  /** Receipts that viewers handed to the coordinator and that beat this node's. */
  readonly better: readonly ReceiptWithGrant[];
  /** Receipts that it will not pay for, and why. */
  readonly refused: readonly { readonly grantHash: string; readonly code: string }[];
}

const answerSchema = z.object({
  voucher: z.string().max(1_024).nullish(),
  better: z.string().nullish(),
  refused: z.array(z.object({ grantHash: z.string(), code: z.string() })).nullish(),
});

const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
});

/** Asks the marketplace's coordinator for vouchers (PAYMENT.md, parties and flow). */
export class CoordinatorClient {
  readonly #signing: SettlementSigning;
  readonly #url: string;

  constructor(signing: SettlementSigning, options: { marketplaceUrl: string }) {
    this.#signing = signing;
    this.#url = options.marketplaceUrl;
  }

  /** @throws NodeError COORDINATOR_UNREACHABLE, COORDINATOR_REFUSED, COORDINATOR_MALFORMED */
  async settle(page: SettlementPage, signal: AbortSignal): Promise<SettlementAnswer> {
    const { status, text } = await this.#post(page, signal);
    const json = parseJson(text);
    if (status !== 200) throw this.#refusal(status, json);
    const answer = answerSchema.safeParse(json);
    if (!answer.success) throw this.#malformed(answer.error);
    try {
      const { voucher, better, refused } = answer.data;
      return {
        voucher: voucher == null ? undefined : decodeSignedVoucher(base64UrlDecode(voucher)),
        better: better == null ? [] : decodeReceiptsWithGrants(base64UrlDecode(better)),
        refused: refused ?? [],
      };
    } catch (cause) {
      throw this.#malformed(cause);
    }
  }

  async #post(page: SettlementPage, signal: AbortSignal): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.#url}/v1/settlements`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          dealId: page.dealId,
          node: page.node,
          throughEpoch: page.throughEpoch,
          receipts: base64UrlEncode(encodeReceiptsWithGrants(page.receipts)),
          final: page.final,
          ...settlementAuthorisation(this.#signing, page),
        }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
      });
      return { status: response.status, text: await readBounded(response) };
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof NodeError) throw cause;
      throw new NodeError('COORDINATOR_UNREACHABLE', {
        message: `The coordinator at ${this.#url} does not answer.`,
        remedy:
          'Receipts are kept and sent again. If it stays away, the node claims them on chain by itself.',
        values: { url: this.#url },
        cause,
      });
    }
  }

  #refusal(status: number, json: unknown): NodeError {
    const parsed = errorSchema.safeParse(json);
    const reason = parsed.success
      ? `${parsed.data.error.code}: ${parsed.data.error.message}`
      : 'no reason given';
    return new NodeError('COORDINATOR_REFUSED', {
      message: `The coordinator refused to settle (${reason}).`,
      remedy: (parsed.success ? parsed.data.error.remedy : undefined) ?? 'Receipts are kept and sent again.',
      values: { status, ...(parsed.success ? { code: parsed.data.error.code } : {}) },
    });
  }

  #malformed(cause: unknown): NodeError {
    return new NodeError('COORDINATOR_MALFORMED', {
      message: `The answer of the coordinator at ${this.#url} cannot be used.`,
      remedy: 'Check --marketplace-url, and that both sides run the same version.',
      values: { url: this.#url },
      cause,
    });
  }
}

/** Reads a body up to the limit. */
async function readBounded(response: Response): Promise<string> {
  if (response.body === null) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new NodeError('COORDINATOR_MALFORMED', {
        message: `The coordinator's answer exceeds ${MAX_ANSWER_BYTES} bytes.`,
        remedy: 'Check --marketplace-url.',
        values: { maxBytes: MAX_ANSWER_BYTES },
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
