import type { AllocationView, DealView } from '../../../../node/core/delivery/deal-directory.ts';
import { refused, type Outcome } from '../../../../node/core/delivery/delivery-error.ts';
import {
  DeliveryLedger,
  type GrantState,
  type LedgerOptions,
  type ReceiptEffect,
} from '../../../../node/core/delivery/delivery-ledger.ts';
import type { Reservation } from '../../../../node/core/delivery/reservation.ts';
import type { Domain } from '../../../../sdk/protocol/eip712.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import { grantDigest, grantHashOf, type SignedGrant } from '../../../../sdk/protocol/grant.ts';
import type { Address } from '../../../../sdk/protocol/identifiers.ts';
import { receiptDigest, type SignedReceipt } from '../../../../sdk/protocol/receipt.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { AttackWorld } from './attack-world.ts';
import type { Party } from './party.ts';
import type { PlayedDeal } from './played-deal.ts';

/** The credit ledger that a real node has, for one deal, fed with what the chain says and signers recovered. */
export class DeliveryDesk {
  readonly ledger: DeliveryLedger;
  readonly #world: AttackWorld;
  readonly #domain: Domain;
  readonly #deal: DealView;
  readonly #allocation: AllocationView;

  private constructor(world: AttackWorld, of: { node: Party; domain: Domain }, views: Views) {
    this.#world = world;
    this.#domain = of.domain;
    this.#deal = views.deal;
    this.#allocation = views.allocation;
    this.ledger = new DeliveryLedger({ ...views.rules, node: of.node.address });
  }

  static async open(world: AttackWorld, deal: PlayedDeal, node: Party): Promise<DeliveryDesk> {
    const record = await deal.record();
    const { previousKeys } = record;
    const previousGrantKey =
      previousKeys === undefined
        ? undefined
        : { address: previousKeys.grantKey, lastEpoch: previousKeys.keyLastEpoch };
    const { epochSeconds, claimWindowEpochs } = world.chain.parameters;
    const { domain } = deal;
    return new DeliveryDesk(
      world,
      { node, domain },
      {
        deal: { ...record, previousGrantKey },
        allocation: await deal.allocationOf(node),
        rules: { epochSeconds, claimWindowEpochs },
      },
    );
  }

  /** Presents a grant, as with a request. */
  open(signedGrant: SignedGrant): Outcome<GrantState> {
    const { grant, signature } = signedGrant;
    const signer = this.#signerOf(grantDigest(this.#domain, grant), signature);
    if (signer === undefined) return unsigned('GRANT_BAD_SIGNATURE');
    return this.ledger.open({
      grantHash: grantHashOf(this.#domain, grant),
      ...{ grant, signer, deal: this.#deal, allocation: this.#allocation },
      nowSeconds: this.#world.chain.timeSeconds,
    });
  }

  /** Asks for bytes under a grant that is open. */
  reserve(signedGrant: SignedGrant, bytes: number): Outcome<Reservation> {
    return this.ledger.reserve({
      grantHash: grantHashOf(this.#domain, signedGrant.grant),
      bytes,
      allocation: this.#allocation,
      nowSeconds: this.#world.chain.timeSeconds,
    });
  }

  /** Is served as many blocks of `blockBytes` as the node gives. @returns bytes */
  serveUntilRefused(signedGrant: SignedGrant, blockBytes: number, refused: (code: string) => void): number {
    for (let served = 0; ; served += blockBytes) {
      const outcome = this.reserve(signedGrant, blockBytes);
      if (!outcome.ok) {
        refused(outcome.error.code);
        return served;
      }
      outcome.value.commit();
    }
  }

  /** Presents a receipt. */
  receipt({ receipt, signature }: SignedReceipt): Outcome<ReceiptEffect> {
    const signer = this.#signerOf(receiptDigest(this.#domain, receipt), signature);
    if (signer === undefined) return unsigned('RECEIPT_BAD_SIGNATURE');
    return this.ledger.applyReceipt({ ...receipt, signer });
  }

  #signerOf(digest: Uint8Array, signature: Uint8Array): Address | undefined {
    try {
      return secp256k1.recover(digest, signature);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }
}

interface Views {
  readonly deal: DealView;
  readonly allocation: AllocationView;
  readonly rules: Omit<LedgerOptions, 'node'>;
}

/** The gateway refuses what nobody can have signed before it asks the ledger. */
const unsigned = (code: 'GRANT_BAD_SIGNATURE' | 'RECEIPT_BAD_SIGNATURE'): ReturnType<typeof refused> =>
  refused(code, 'Nobody can have signed this.', { remedy: 'Sign it with the key that the grant names.' });
