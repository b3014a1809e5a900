import type { ProviderRecord } from '../../../node/core/one-hop-ring/provider-record.ts';
import { below } from '../../measuring/random-streams.ts';
import { attackBy, guessedNumber, type Attack, type AttackMaker } from './attack.ts';
import { FOREIGN_NETWORK, type Forger } from './forger.ts';

/** Stored, or given as the answer to a lookup. */
function carrying(forger: Forger, record: ProviderRecord): Attack {
  const requestId = guessedNumber(forger);
  const { publicKey } = forger.hostile().signer;
  const attack =
    forger.random() < 0.7
      ? attackBy(publicKey, { kind: 'store', requestId, records: [record] })
      : attackBy(publicKey, {
          kind: 'lookup-reply',
          requestId,
          hops: 0,
          answeredBy: forger.randomId(),
          providers: [{ record, load: 0 }],
          corrections: [],
        });
  return { ...attack, untouchedKey: record.key };
}

/** A key that honest members provide, and which the victim may hold. */
function providedKey(forger: Forger): Uint8Array {
  return forger.pickFrom(forger.ring.providedKeys);
}

/** Records that no provider made, that are over, or that are older than what is held. */
export const PROVIDER_ATTACKS = {
  'forged-provider': (forger) => {
    const { signer } = forger.honest();
    const claim = {
      key: providedKey(forger),
      sequence: forger.ring.nowMs + 1,
      withdrawn: forger.random() < 0.5,
    };
    return carrying(forger, forger.providerRecord(signer, forger.hostile().signer, claim));
  },
  'foreign-network-provider': (forger) => {
    const { signer } = forger.honest();
    const claim = {
      key: providedKey(forger),
      sequence: forger.ring.nowMs + 1,
      withdrawn: forger.random() < 0.5,
    };
    return carrying(forger, forger.providerRecord(signer, signer, claim, FOREIGN_NETWORK));
  },
  'stranger-provider': (forger) => {
    const stranger = forger.stranger();
    return carrying(forger, forger.providerRecord(stranger, stranger, { key: providedKey(forger) }));
  },
  'expired-provider': (forger) => {
    const { signer } = forger.random() < 0.5 ? forger.hostile() : forger.honest();
    const ttlSeconds = below(forger.random, 120);
    const sequence = Math.floor(forger.ring.nowMs) - ttlSeconds * 1_000 - below(forger.random, 1_000_000);
    return carrying(
      forger,
      forger.providerRecord(signer, signer, { key: providedKey(forger), sequence, ttlSeconds }),
    );
  },
  'future-provider': (forger) => {
    const { signer } = forger.hostile();
    const sequence = Math.floor(forger.ring.nowMs) + 600_001 + below(forger.random, 1e9);
    return carrying(forger, forger.providerRecord(signer, signer, { key: providedKey(forger), sequence }));
  },
  /** What a provider truly said before its present record: in force or withdrawn, and still within its life. */
  'old-sequence': (forger) => ({
    ...carrying(forger, forger.pickFrom(forger.ring.superseded)),
    deceivesTheIgnorant: true,
  }),
} satisfies Record<string, AttackMaker>;
