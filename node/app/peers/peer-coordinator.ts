import { z } from 'zod';

import { callJson, type CallComponents } from '../../../sdk/client/json-call.ts';
import { base64UrlDecode, base64UrlEncode } from '../../../sdk/protocol/bytes.ts';
import {
  parseBytes32,
  parseContentRoot,
  type Address,
  type ContentRoot,
  type DealId,
  type Epoch,
} from '../../../sdk/protocol/identifiers.ts';
import type { PeerRoot } from '../../../sdk/protocol/peer-root.ts';
import {
  decodeReceiptsWithGrants,
  encodeReceiptsWithGrants,
  type ReceiptWithGrant,
} from '../../../sdk/protocol/receipt.ts';
import { settlementAuthorisation, type SettlementSigning } from '../settlement/settlement-authorisation.ts';

/** The coordinator verifies every receipt of a page before it answers. */
const SETTLE_TIMEOUT_MS = 30_000;
/** Siblings that the contract takes. */
const MAX_PROOF_SIBLINGS = 64;
const MAX_RATES = 10_000;

const wei = z
  .string()
  .regex(/^\d{1,39}$/)
  .transform(BigInt);
const word = z.string().transform((text) => parseBytes32(text, 'word of a root'));
const sequence = z.number().int().positive();

const holdingsSchema = z.object({
  accepted: z.array(z.string().transform(parseContentRoot)),
  refused: z.array(z.object({ contentRoot: z.string(), code: z.string() })),
});

const settlementSchema = z.object({
  refused: z.array(z.object({ grantHash: z.string(), code: z.string() })),
  peer: z
    .object({
      earnedWei: wei,
      byRate: z
        .array(z.object({ ratePerGiB: wei, bytes: z.number().int().nonnegative().transform(BigInt) }))
        .max(MAX_RATES),
    })
    .nullish(),
  better: z.string().transform((text) => decodeReceiptsWithGrants(base64UrlDecode(text))),
});

const rootSchema = z.object({
  pending: z
    .object({ sequence, root: word, totalWei: wei, signature: z.string().transform(base64UrlDecode) })
    .nullable(),
});

const proofsSchema = z.object({
  earnedWei: wei,
  proofs: z
    .array(
      z.object({
        sequence,
        root: word,
        cumulativeWei: wei,
        proof: z.array(word).max(MAX_PROOF_SIBLINGS),
        posted: z.boolean(),
      }),
    )
    .max(16),
});

/** A peer's word that it holds a content. */
export interface SignedHolding {
  readonly contentRoot: ContentRoot;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly signature: Uint8Array;
}

/** One page of a peer's receipts of a deal. */
export interface PeerPage {
  readonly dealId: DealId;
  readonly throughEpoch: Epoch;
  readonly receipts: readonly ReceiptWithGrant[];
  readonly final: boolean;
}

export type PeerSettlementAnswer = z.output<typeof settlementSchema>;
export type PeerProofAnswer = z.output<typeof proofsSchema>['proofs'][number];

/** The coordinator as a peer needs it (marketplace/coordinator/SPEC.md, peers). Throws ClientError. */
export class PeerCoordinator {
  readonly #components: CallComponents & SettlementSigning;
  readonly #url: string;
  readonly #peer: Address;

  constructor(
    components: CallComponents & SettlementSigning,
    options: { readonly marketplaceUrl: string; readonly peer: Address },
  ) {
    this.#components = components;
    this.#url = options.marketplaceUrl;
    this.#peer = options.peer;
  }

  announce(
    holdings: readonly SignedHolding[],
    signal: AbortSignal,
  ): Promise<z.output<typeof holdingsSchema>> {
    const body = {
      peer: this.#peer,
      holdings: holdings.map((one) => ({ ...one, signature: base64UrlEncode(one.signature) })),
    };
    const call = { method: 'POST', url: `${this.#url}/v1/peers/holdings`, body, signal } as const;
    return callJson(this.#components, { ...call, repeatable: true }, holdingsSchema);
  }

  /** Hands receipts in; with the last page it learns what they are worth. */
  settle(page: PeerPage, signal: AbortSignal): Promise<PeerSettlementAnswer> {
    const body = {
      ...{ dealId: page.dealId, node: this.#peer, throughEpoch: page.throughEpoch, final: page.final },
      receipts: base64UrlEncode(encodeReceiptsWithGrants(page.receipts)),
      ...settlementAuthorisation(this.#components, { dealId: page.dealId, node: this.#peer }),
    };
    const call = { method: 'POST', url: `${this.#url}/v1/settlements`, body, signal } as const;
    const options = { repeatable: true, timeoutMs: SETTLE_TIMEOUT_MS };
    return callJson(this.#components, { ...call, ...options }, settlementSchema);
  }

  /** The root of a deal that waits to be posted, if there is one. */
  async pendingRoot(
    dealId: DealId,
    signal: AbortSignal,
  ): Promise<{ readonly statement: PeerRoot; readonly signature: Uint8Array } | undefined> {
    const url = `${this.#url}/v1/deals/${dealId}/peer-root`;
    const { pending } = await callJson(this.#components, { method: 'GET', url, signal }, rootSchema);
    if (pending === null) return undefined;
    const { signature, ...rest } = pending;
    return { statement: { dealId, ...rest }, signature };
  }

  /** What it has earned by all receipts that the coordinator has, and the proofs of it. */
  proofs(dealId: DealId, signal: AbortSignal): Promise<z.output<typeof proofsSchema>> {
    const url = `${this.#url}/v1/peers/${this.#peer}/proofs?dealId=${dealId}`;
    return callJson(this.#components, { method: 'GET', url, signal }, proofsSchema);
  }
}
