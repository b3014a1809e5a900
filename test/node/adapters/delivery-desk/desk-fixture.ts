import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { encodeSignedGrant, grantDigest, type Grant } from '../../../../sdk/protocol/grant.ts';
import { encodeSignedReceipt, type SignedReceipt } from '../../../../sdk/protocol/receipt.ts';
import { parseContentRoot, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import {
  localDeliveryDesk,
  type LocalDeliveryDesk,
  type LocalDeskOptions,
} from '../../../../node/adapters/delivery-desk/local-delivery-desk.ts';
import { DeliveryLedger } from '../../../../node/core/delivery/delivery-ledger.ts';
import {
  addressOf,
  DEAL_ID,
  DOMAIN,
  EPOCH,
  EPOCH_SECONDS,
  keys,
  NODE,
  RATE_PER_GIB,
  signedReceipt,
} from '../http/gateway-fixture.ts';

const CONTENT_ROOT = parseContentRoot(`0x${'c0'.repeat(32)}`);

/** A desk over a real ledger and a journal that writes when it is told to. */
export class DeskFixture {
  readonly ledger = new DeliveryLedger({ node: NODE, epochSeconds: EPOCH_SECONDS, claimWindowEpochs: 1 });
  readonly local: LocalDeliveryDesk;
  readonly counted: string[] = [];
  readonly journaled: SignedReceipt[] = [];
  chainAway = false;
  /** Signatures whose signer was recovered. */
  recovered = 0;
  #writes: (() => void)[] = [];

  constructor(options: LocalDeskOptions = {}) {
    const deals = {
      deal: async () => {
        if (this.chainAway) throw new RangeError('connection refused');
        return {
          ...{ dealId: DEAL_ID, contentRoot: CONTENT_ROOT, contentCodec: 0x70 },
          ...{
            publisher: addressOf(keys.publisher),
            grantKey: addressOf(keys.grant),
            state: 'open' as const,
          },
        };
      },
      allocation: async () => ({
        ...{ state: 'active' as const, balanceWei: 1n << 40n },
        ...{ ratePerGiB: RATE_PER_GIB, throughEpoch: parseEpoch(EPOCH - 1) },
      }),
    };
    this.local = localDeliveryDesk(
      {
        ...{ ledger: this.ledger, deals, domain: DOMAIN },
        clock: { nowMs: () => (EPOCH * EPOCH_SECONDS + 10) * 1000 },
        journal: {
          appendGrant: async () => undefined,
          appendReceipt: (receipt) =>
            new Promise<void>((resolve) => {
              this.journaled.push(receipt);
              this.#writes.push(resolve);
            }),
          refusal: undefined,
        },
        secp256k1: {
          recover: (digest, signature) => {
            this.recovered += 1;
            return nativeSecp256k1.recover(digest, signature);
          },
          sign: (digest, key) => nativeSecp256k1.sign(digest, key),
          addressOf: (key) => nativeSecp256k1.addressOf(key),
        },
        metrics: {
          served: (kind, bytes) => this.counted.push(`served ${kind} ${bytes}`),
          aborted: (bytes) => this.counted.push(`aborted ${bytes}`),
          receipt: (outcome) => this.counted.push(outcome),
        },
        log: { error: (_values, message) => this.counted.push(message) },
      },
      options,
    );
  }

  /** The disk has everything that was handed to the journal. */
  async written(): Promise<void> {
    for (const write of this.#writes.splice(0)) write();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function grantOf(changes: Partial<Grant> = {}): Grant {
  return {
    ...{ dealId: DEAL_ID, node: NODE, viewerKey: addressOf(keys.viewer), epoch: EPOCH },
    ...{ capBytes: 100_000_000n, contentRoot: CONTENT_ROOT, ...changes },
  };
}

export function grantBytes(grant: Grant, key = keys.grant): Uint8Array {
  return encodeSignedGrant({ grant, signature: nativeSecp256k1.sign(grantDigest(DOMAIN, grant), key) });
}

export function receiptBytes(grant: Grant, bytes: number, key = keys.viewer): Uint8Array {
  return encodeSignedReceipt(signedReceipt(grant, bytes, key));
}

/** What a promise was refused with: code and values. */
export async function refusal(
  work: Promise<unknown>,
): Promise<{ code: string; values: object; remedy: string }> {
  try {
    await work;
  } catch (error) {
    const { code, values, remedy } = error as { code: string; values: object; remedy: string };
    return { code, values, remedy };
  }
  return { code: 'NOT_REFUSED', values: {}, remedy: '' };
}
