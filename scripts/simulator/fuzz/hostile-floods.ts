import { cellOf } from '../../../node/core/one-hop-ring/id-interval.ts';
import { NAME_BYTES } from '../../../node/core/one-hop-ring/member-names.ts';
import {
  childOf,
  FAN_OUT,
  ROOT,
  type RangeNode,
} from '../../../node/core/one-hop-ring/reconciliation/range-node.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import { below } from '../../measuring/random-streams.ts';
import { attackBy, guessedNumber, type AttackMaker } from './attack.ts';
import type { Forger } from './forger.ts';
import { carrying } from './hostile-members.ts';

/** Distinct records in one flooding store. */
const FLOODED_RECORDS = 4;
/** Their life: they pile up for so long, then they must be gone again. */
const FLOODED_TTL_SECONDS = 30;

/** Well-formed and rightly signed, but unasked or too many: nothing may change, and memory must not grow. */
export const FLOOD_ATTACKS = {
  'flood-of-keys': (forger) => {
    const { signer } = forger.hostile();
    const records = Array.from({ length: FLOODED_RECORDS }, () =>
      forger.providerRecord(signer, signer, { ttlSeconds: FLOODED_TTL_SECONDS }),
    );
    return attackBy(signer.publicKey, { kind: 'store', requestId: guessedNumber(forger), records });
  },
  'flood-of-strangers': (forger) => {
    const stranger = forger.ring.scheme.newSigner();
    return carrying(forger, [forger.record(forger.memberRecord(stranger, stranger, {}))]);
  },
  'flood-of-guests': (forger) => {
    const guest = forger.ring.scheme.newSigner();
    return attackBy(guest.publicKey, { ...lookupOf(forger), forward: true });
  },
  'flood-of-lookups': (forger) => attackBy(forger.hostile().signer.publicKey, lookupOf(forger)),
  'flood-of-probes': (forger) => {
    const target = forger.random() < 0.5 ? forger.randomId() : forger.honest().nid;
    const requestId = guessedNumber(forger);
    return attackBy(forger.hostile().signer.publicKey, { kind: 'indirect-ping', requestId, target });
  },
  'flood-of-joins': (forger) => {
    const { signer } = forger.hostile();
    const record = forger.memberRecord(signer, signer, { incarnation: 1 });
    return attackBy(signer.publicKey, { kind: 'join-request', requestId: guessedNumber(forger), record });
  },
  'flood-of-questions': (forger) => attackBy(forger.hostile().signer.publicKey, question(forger)),
  'odd-intervals': (forger) => {
    const edges = [new Uint8Array(32), new Uint8Array(32).fill(0xff), forger.victim.nid, forger.randomId()];
    const interval = { from: forger.pickFrom(edges), to: forger.pickFrom(edges) };
    const subject = forger.honest();
    const record = forger.memberRecord(subject.signer, subject.signer, { incarnation: 1 });
    const requestId = guessedNumber(forger);
    const events = [forger.record(record)];
    return attackBy(forger.hostile().signer.publicKey, { kind: 'spread', requestId, interval, events });
  },
  'unasked-answers': (forger) => attackBy(forger.hostile().signer.publicKey, answer(forger)),
} satisfies Record<string, AttackMaker>;

function lookupOf(forger: Forger): Extract<RingMessage, { kind: 'lookup-request' }> {
  const forward = forger.random() < 0.5;
  return { kind: 'lookup-request', requestId: guessedNumber(forger), key: forger.randomId(), forward };
}

function digest(forger: Forger): { high: number; low: number } {
  return { high: below(forger.random, 2 ** 32), low: below(forger.random, 2 ** 32) };
}

/** A range of up to three steps below the whole ring. */
function range(forger: Forger): RangeNode {
  let node = ROOT;
  const depth = below(forger.random, 4);
  while (node.depth < depth) node = childOf(node, below(forger.random, FAN_OUT));
  return node;
}

function question(forger: Forger): RingMessage {
  const requestId = guessedNumber(forger);
  switch (below(forger.random, 4)) {
    case 0:
      return {
        kind: 'snapshot-request',
        requestId,
        interval: { from: cellOf(forger.randomId()).from, to: cellOf(forger.randomId()).from },
      };
    case 1: {
      const ranges = Array.from({ length: below(forger.random, 33) }, () => ({
        node: range(forger),
        digests: Array.from({ length: FAN_OUT }, () => digest(forger)),
      }));
      return { kind: 'sync-request', requestId, ranges };
    }
    case 2: {
      const wanted = Array.from({ length: below(forger.random, 64) }, () =>
        forger.randomId().slice(0, NAME_BYTES),
      );
      return { kind: 'sync-exchange', requestId, wanted, events: [] };
    }
    default:
      return { kind: 'ping', requestId, load: below(forger.random, 256), digest: digest(forger) };
  }
}

function answer(forger: Forger): RingMessage {
  const requestId = guessedNumber(forger);
  switch (below(forger.random, 6)) {
    case 0:
      return { kind: 'pong', requestId, load: below(forger.random, 256), digest: digest(forger) };
    case 1:
      return { kind: 'reached', requestId };
    case 2:
      return { kind: 'acknowledgement', requestId };
    case 3:
      return { kind: 'store-reply', requestId, stored: below(forger.random, 256) };
    case 4: {
      const entries = Array.from({ length: below(forger.random, 32) }, () => ({
        name: forger.randomId().slice(0, NAME_BYTES),
        incarnation: below(forger.random, 2 ** 32),
        state: 'alive' as const,
      }));
      return { kind: 'sync-summary', requestId, answered: 1, parts: [{ node: range(forger), entries }] };
    }
    default: {
      const subject = forger.honest().signer;
      const record = forger.memberRecord(subject, forger.hostile().signer, { incarnation: 0xff00_0000 });
      return { kind: 'join-reply', requestId, redirect: forger.random() < 0.5 ? undefined : record };
    }
  }
}
