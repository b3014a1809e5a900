import { MAX_ADMISSION_SECONDS } from '../../../../sdk/protocol/authorisation.ts';
import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { parseDealId, type DealId } from '../../../../sdk/protocol/identifiers.ts';
import type { GivenAdmission } from '../../../../sdk/client/given-admission.ts';
import { signAdmission, signAudience } from '../../../../sdk/publish/audience.ts';
import { nativeSecp256k1 as secp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { SignedGrant } from '../../../../sdk/protocol/grant.ts';
import type { ReceiptWithGrant } from '../../../../sdk/protocol/receipt.ts';
import type { AttackWorld } from './attack-world.ts';
import type { CoordinatorDesk } from './coordinator-desk.ts';
import { viewerKey } from './honest-work.ts';
import type { Party } from './party.ts';
import { keyOf, type PlayedDeal } from './played-deal.ts';

/** What a fake viewer asks for, of a deal whose publisher admits viewers. */
const CAP_BYTES = 1n << 30n;
/** The number of the one viewer whom the publisher knows: far from those that attackers make up. */
const KNOWN_VIEWER = 1_000_000;
/** How long the publisher's log-in service lets a viewer in. */
const ADMITTED_SECONDS = 3_600;
/** A deal for which the same log-in service signs. */
const OTHER_DEAL = parseDealId(bytesToHex(keyOf('another deal of the audience')));

/**
 * The door of a deal whose publisher admits viewers one by one. Everything that the publisher and its log-in service sign
 * here, an attacker is taken to have overheard.
 */
export class ClosedDoor {
  readonly #world: AttackWorld;
  readonly #coordinator: CoordinatorDesk;
  readonly #deal: PlayedDeal;
  readonly #audiencePrivateKey: Uint8Array;

  private constructor(world: AttackWorld, coordinator: CoordinatorDesk, deal: PlayedDeal) {
    this.#world = world;
    this.#coordinator = coordinator;
    this.#deal = deal;
    this.#audiencePrivateKey = keyOf(`audience of ${deal.dealId}`);
  }

  /** The publisher, whose deal was open to everybody first, closes it; `attacker` tries to open it again. */
  static async close(
    world: AttackWorld,
    coordinator: CoordinatorDesk,
    parties: { readonly deal: PlayedDeal; readonly attacker: Party },
  ): Promise<ClosedDoor> {
    const { deal, attacker } = parties;
    const { dealId, domain, publisher } = deal;
    const door = new ClosedDoor(world, coordinator, deal);
    const now = world.chain.timeSeconds;
    const open = signAudience({ domain, privateKey: publisher.privateKey }, { dealId, issuedAt: now - 1 });
    await coordinator.declareAudience(open);
    await coordinator.declareAudience(
      signAudience(
        { domain, privateKey: publisher.privateKey },
        { dealId, audienceKey: secp256k1.addressOf(door.#audiencePrivateKey), issuedAt: now },
      ),
    );
    const forged = signAudience({ domain, privateKey: attacker.privateKey }, { dealId, issuedAt: now + 1 });
    await world.refusals.expect(coordinator.declareAudience(forged));
    await world.refusals.expect(coordinator.declareAudience(open));
    return door;
  }

  /** A viewer whom the publisher knows is granted something at a node. @throws MarketplaceError if it is not */
  async grantToKnownViewer(node: Party): Promise<SignedGrant[]> {
    const viewer = viewerKey(KNOWN_VIEWER);
    const wanted = { deal: this.#deal, node, capBytes: CAP_BYTES };
    const { grants } = await this.#coordinator.requestGrants(viewer, wanted, this.#admit(viewer));
    return grants.map(({ issued }) => issued);
  }

  /**
   * Viewers that the attacker made up ask for grants at a node: without any admission, with one that the attacker signed,
   * one of the viewer whom the publisher knows, one to another deal, one that has expired, one that was made to last.
   * @throws SimulatorError ATTACK_ACCEPTED if one of them is granted anything
   */
  async knock(attacker: Party, node: Party, viewers: number): Promise<void> {
    const { refusals, chain } = this.#world;
    for (let number = 0; number < viewers; number++) {
      const viewer = viewerKey(number);
      const admissions = [
        undefined,
        this.#admit(viewer, { by: attacker.privateKey }),
        this.#admit(viewerKey(KNOWN_VIEWER)),
        this.#admit(viewer, { dealId: OTHER_DEAL }),
        this.#admit(viewer, { expiresAt: chain.timeSeconds - 1 }),
        { ...this.#admit(viewer, { expiresAt: chain.timeSeconds - 1 }), expiresAt: chain.timeSeconds + 60 },
        this.#admit(viewer, { expiresAt: chain.timeSeconds + 2 * MAX_ADMISSION_SECONDS }),
      ];
      const wanted = { deal: this.#deal, node, capBytes: CAP_BYTES };
      for (const admission of admissions)
        await refusals.expect(this.#coordinator.requestGrants(viewer, wanted, admission));
    }
  }

  /**
   * What is left to the attacker: receipts under grants that it signed itself, and under the known viewer's with a signature
   * of its own.
   */
  madeUpReceipts(attacker: Party, node: Party, overheard: readonly SignedGrant[]): ReceiptWithGrant[] {
    const deal = this.#deal;
    const viewer = viewerKey(0);
    const grant = deal.grant({ node: node.address, viewer, epoch: this.#world.epoch });
    const own = deal.signGrant(grant, attacker.privateKey);
    return [
      deal.receipt(own, viewer, grant.capBytes),
      ...overheard.map((signed) => deal.receipt(signed, attacker.privateKey, signed.grant.capBytes)),
    ];
  }

  #admit(
    viewer: Uint8Array,
    change: { readonly by?: Uint8Array; readonly dealId?: DealId; readonly expiresAt?: number } = {},
  ): GivenAdmission {
    const {
      by = this.#audiencePrivateKey,
      dealId = this.#deal.dealId,
      expiresAt = this.#world.chain.timeSeconds + ADMITTED_SECONDS,
    } = change;
    const signer = { domain: this.#deal.domain, privateKey: by };
    return signAdmission(signer, { dealId, viewerKey: secp256k1.addressOf(viewer), expiresAt });
  }
}
