import { z } from 'zod';

import { systemClock } from '../../sdk/pacing/clock.ts';
import { Rounds } from '../../sdk/pacing/rounds.ts';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { callJson } from '../../sdk/client/json-call.ts';
import { UndiciExchange } from '../../sdk/client/undici-exchange.ts';
import { base64UrlEncode, hexToBytes } from '../../sdk/protocol/bytes.ts';
import type { Domain } from '../../sdk/protocol/eip712.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import { MAX_PRESENCE_SECONDS, nodePresenceDigest } from '../../sdk/protocol/network-domain.ts';
import type { Secp256k1 } from '../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';
import type { Foundation } from './foundation.ts';
import { reportOf } from './node-error.ts';
import type { NodeLog } from './node-log.ts';

/** Said again after a third of its time, so that one lost round does no harm. */
const RENEWAL_MS = (MAX_PRESENCE_SECONDS * 1000) / 3;
/** The coordinator learns of a registration a moment after the chain does. */
const RETRY_MS = 2_000;
/** Clocks of node and coordinator may differ by so much. */
const CLOCK_SKEW_SECONDS = 30;

const answerSchema = z.object({ domain: z.string().max(64) });

export interface PresenceParts {
  readonly secp256k1: Secp256k1;
  readonly signingDomain: Domain;
  readonly log: NodeLog;
}

export interface PresenceOptions {
  readonly marketplaceUrl: string;
  readonly node: Address;
  /** The operator's, 32 bytes. */
  readonly privateKey: Uint8Array;
  /** Of its domain inside its region; empty for none. */
  readonly label: string;
  /** Whether it lends its uplink between domains now. */
  readonly carries: () => boolean;
}

/** Begins to announce a node that has something to say: a label of its domain, or that it carries. */
export function announcePresence(foundation: Foundation): PresenceAnnouncer | undefined {
  const { config, keys, log, node, drain } = foundation;
  const { marketplaceUrl, domain: label, role, carriage } = config.settings;
  const lends = role === 'edge' && carriage > 0;
  if (label === '' && !lends) return undefined;
  const carries = (): boolean => lends && !drain.isSet;
  const announcer = new PresenceAnnouncer(
    { log, secp256k1: nativeSecp256k1, signingDomain: domainOf(config.deployment) },
    { marketplaceUrl, node, label, carries, privateKey: hexToBytes(keys.operator.privateKey, 32) },
  );
  announcer.start();
  return announcer;
}

/** Tells the coordinator which domain this node is in and whether it carries, again and again (sdk/protocol/SPEC.md). */
export class PresenceAnnouncer {
  readonly #parts: PresenceParts;
  readonly #options: PresenceOptions;
  readonly #http = new UndiciExchange();
  readonly #rounds: Rounds;

  constructor(parts: PresenceParts, options: PresenceOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#rounds = new Rounds(
      {
        clock: systemClock,
        round: (signal) => this.#announce(signal),
        onFailure: (error) => {
          const { code, message } = reportOf(error);
          parts.log.debug({ code, reason: message }, 'Presence was not announced');
        },
      },
      { pauseMs: (failures) => (failures === 0 ? RENEWAL_MS : RETRY_MS) },
    );
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#http.close();
  }

  async #announce(signal: AbortSignal): Promise<void> {
    const { secp256k1, signingDomain, log } = this.#parts;
    const { marketplaceUrl, node, privateKey, label } = this.#options;
    const carries = this.#options.carries();
    const expiresAt = Math.floor(systemClock.nowMs() / 1000) + MAX_PRESENCE_SECONDS - CLOCK_SKEW_SECONDS;
    const digest = nodePresenceDigest(signingDomain, { node, label, carries, expiresAt: BigInt(expiresAt) });
    const signature = base64UrlEncode(secp256k1.sign(digest, privateKey));
    const { domain } = await callJson(
      { http: this.#http, clock: systemClock },
      {
        ...{ method: 'POST', url: `${marketplaceUrl}/v1/nodes/${node}/presence`, signal, repeatable: true },
        body: { label, carries, expiresAt, signature },
      },
      answerSchema,
    );
    log.debug({ domain, carries }, 'Presence announced');
  }
}
