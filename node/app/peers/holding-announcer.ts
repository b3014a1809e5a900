import { systemClock } from '../../../sdk/pacing/clock.ts';
import { Rounds } from '../../../sdk/pacing/rounds.ts';
import type { Domain } from '../../../sdk/protocol/eip712.ts';
import type { Address, ContentRoot } from '../../../sdk/protocol/identifiers.ts';
import {
  MAX_HOLDING_SECONDS,
  MAX_HOLDINGS_PER_REQUEST,
  peerHoldingDigest,
} from '../../../sdk/protocol/peer-holding.ts';
import type { Secp256k1 } from '../../../sdk/protocol/signature.ts';
import { reportOf } from '../node-error.ts';
import type { NodeLog } from '../node-log.ts';
import type { PeerCoordinator, SignedHolding } from './peer-coordinator.ts';

/** Contents that are announced at most; the coordinator's own bound. */
const MAX_ANNOUNCED_CONTENTS = 4_096;
/** Announced again after a third of their time, so that one lost round does no harm. */
const RENEWAL_MS = (MAX_HOLDING_SECONDS * 1000) / 3;
/** The coordinator learns of a registration a moment after the chain does. */
const RETRY_MS = 2_000;
/** Clocks of peer and coordinator may differ by so much. */
const CLOCK_SKEW_SECONDS = 30;

/** What the coordinator made of the last announcement. */
export interface OfferedContents {
  /** Contents that this peer holds whole. */
  readonly held: number;
  /** Those whose publishers pay peers. */
  readonly paid: number;
}

export interface AnnouncerParts {
  readonly coordinator: Pick<PeerCoordinator, 'announce'>;
  readonly blocks: { completeRoots(limit: number): ContentRoot[] };
  readonly secp256k1: Secp256k1;
  readonly domain: Domain;
  readonly log: NodeLog;
}

/** Tells the coordinator which contents this peer holds whole, at once when there is a new one and again in time. */
export class HoldingAnnouncer {
  readonly #parts: AnnouncerParts;
  readonly #options: { readonly peer: Address; readonly privateKey: Uint8Array };
  readonly #rounds: Rounds;
  #offered: OfferedContents = { held: 0, paid: 0 };

  /** @param options.privateKey the operator's, 32 bytes */
  constructor(parts: AnnouncerParts, options: { readonly peer: Address; readonly privateKey: Uint8Array }) {
    this.#parts = parts;
    this.#options = options;
    this.#rounds = new Rounds(
      {
        clock: systemClock,
        round: (signal) => this.#announceAll(signal),
        onFailure: (error) => {
          const { code, message } = reportOf(error);
          parts.log.debug({ code, reason: message }, 'Contents were not announced');
        },
      },
      { pauseMs: (failures) => (failures === 0 ? RENEWAL_MS : RETRY_MS) },
    );
  }

  get offered(): OfferedContents {
    return this.#offered;
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /** A content has become whole. */
  announceSoon(): void {
    this.#rounds.hurry();
  }

  async #announceAll(signal: AbortSignal): Promise<void> {
    const { blocks, coordinator, log } = this.#parts;
    const roots = blocks.completeRoots(MAX_ANNOUNCED_CONTENTS);
    let paid = 0;
    for (let first = 0; first < roots.length; first += MAX_HOLDINGS_PER_REQUEST) {
      const page = roots.slice(first, first + MAX_HOLDINGS_PER_REQUEST);
      const { accepted, refused } = await coordinator.announce(
        page.map((root) => this.#signed(root)),
        signal,
      );
      paid += accepted.length;
      log.debug(
        { accepted: accepted.length, refused: refused.map(({ code }) => code) },
        'Contents announced',
      );
    }
    this.#offered = { held: roots.length, paid };
  }

  /** A second less than the longest time, because clocks differ. */
  #signed(contentRoot: ContentRoot): SignedHolding {
    const { domain, secp256k1 } = this.#parts;
    const { peer, privateKey } = this.#options;
    const expiresAt = Math.floor(systemClock.nowMs() / 1000) + MAX_HOLDING_SECONDS - CLOCK_SKEW_SECONDS;
    const digest = peerHoldingDigest(domain, { peer, contentRoot, expiresAt: BigInt(expiresAt) });
    return { contentRoot, expiresAt, signature: secp256k1.sign(digest, privateKey) };
  }
}
