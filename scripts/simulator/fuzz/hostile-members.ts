import type {
  Accusation,
  MembershipEvent,
  Witness,
} from '../../../node/core/one-hop-ring/membership-event.ts';
import { below } from '../../measuring/random-streams.ts';
import { attackBy, guessedNumber, type Attack, type AttackMaker } from './attack.ts';
import { FOREIGN_NETWORK, type Forger } from './forger.ts';
import type { FuzzMember } from './fuzzed-ring.ts';
import { randomBytes } from './signature-scheme.ts';

type Claim = Omit<Accusation, 'witnesses'>;

/** Puts events into one of the messages that carry events. */
export function carrying(forger: Forger, events: readonly MembershipEvent[]): Attack {
  const requestId = guessedNumber(forger);
  const { publicKey } = forger.hostile().signer;
  const interval = { from: forger.randomId(), to: forger.randomId() };
  const digest = { high: 1, low: below(forger.random, 1_000) };
  switch (below(forger.random, 6)) {
    case 0:
      return attackBy(publicKey, { kind: 'sync-exchange', requestId, wanted: [], events });
    case 1:
      return attackBy(publicKey, { kind: 'sync-events', requestId, events });
    case 2:
      return attackBy(publicKey, { kind: 'snapshot-page', requestId, digest, rest: undefined, events });
    case 3: {
      const answeredBy = forger.randomId();
      const corrections = events.slice(0, 8);
      return attackBy(publicKey, {
        kind: 'lookup-reply',
        requestId,
        hops: 0,
        answeredBy,
        providers: [],
        corrections,
      });
    }
    case 4: {
      const { nid } = forger.hostile();
      return attackBy(publicKey, { kind: 'spread', requestId, interval: { from: nid, to: nid }, events });
    }
    default:
      return attackBy(publicKey, { kind: 'spread', requestId, interval, events });
  }
}

function claimAgainst(forger: Forger, subject: FuzzMember, kind: Accusation['kind'] = 'failed'): Claim {
  return { kind, nid: subject.nid, incarnation: forger.incarnationOf(subject) };
}

function accusing(forger: Forger, claim: Claim, witnesses: readonly Witness[]): Attack {
  return carrying(forger, [{ ...claim, witnesses }]);
}

function twoHostile(forger: Forger): [FuzzMember, FuzzMember] {
  const first = forger.hostile();
  const others = forger.ring.members.slice(-3).filter((member) => member !== first);
  return [first, forger.pickFrom(others)];
}

/** Events about members that nobody was entitled to make, or that are no longer true. */
export const MEMBER_ATTACKS = {
  'forged-record': (forger) => {
    const incarnation = forger.incarnationOf(forger.honest()) + 1 + below(forger.random, 5);
    const departed = forger.random() < 0.5;
    const { signer } = forger.honest();
    return carrying(forger, [
      forger.record(forger.memberRecord(signer, forger.hostile().signer, { incarnation, departed })),
    ]);
  },
  'foreign-network-record': (forger) => {
    const { signer } = forger.honest();
    const claim = { incarnation: 0xf000_0000, departed: forger.random() < 0.5 };
    return carrying(forger, [forger.record(forger.memberRecord(signer, signer, claim, FOREIGN_NETWORK))]);
  },
  'stale-record': (forger) => {
    const subject = forger.honest();
    const incarnation = Math.max(0, forger.incarnationOf(subject) - 1 - below(forger.random, 1_000));
    const departed = forger.random() < 0.5;
    return carrying(forger, [
      forger.record(forger.memberRecord(subject.signer, subject.signer, { incarnation, departed })),
    ]);
  },
  'stranger-record': (forger) => {
    const stranger = forger.stranger();
    const incarnation = below(forger.random, 1_000);
    return carrying(forger, [forger.record(forger.memberRecord(stranger, stranger, { incarnation }))]);
  },
  'record-of-victim': (forger) => {
    const claim = { incarnation: 0xffff_fff0, departed: forger.random() < 0.5 };
    return carrying(forger, [
      forger.record(forger.memberRecord(forger.victim.signer, forger.hostile().signer, claim)),
    ]);
  },
  'no-witness': (forger) => accusing(forger, claimAgainst(forger, forger.honest()), []),
  'one-witness': (forger) => {
    const claim = claimAgainst(forger, forger.honest());
    return accusing(forger, claim, [forger.witness(claim, forger.hostile().signer)]);
  },
  'same-witness-twice': (forger) => {
    const claim = claimAgainst(forger, forger.honest());
    const witness = forger.witness(claim, forger.hostile().signer);
    return accusing(forger, claim, [witness, witness]);
  },
  'subject-as-witness': (forger) => {
    const subject = forger.honest();
    const claim = claimAgainst(forger, subject);
    const witnesses = [forger.witness(claim, forger.hostile().signer), forger.witness(claim, subject.signer)];
    return accusing(forger, claim, witnesses);
  },
  'stranger-as-witness': (forger) => {
    const kind = forger.random() < 0.5 ? 'failed' : 'suspect';
    const claim = claimAgainst(forger, forger.honest(), kind);
    const witnesses = [forger.witness(claim, forger.stranger())];
    if (kind === 'failed') witnesses.push(forger.witness(claim, forger.hostile().signer));
    return accusing(forger, claim, witnesses);
  },
  'forged-witness': (forger) => {
    const kind = forger.random() < 0.5 ? 'failed' : 'suspect';
    const claim = claimAgainst(forger, forger.honest(), kind);
    const [first, second] = twoHostile(forger);
    return accusing(forger, claim, [
      forger.witness(claim, first.signer),
      forger.witness(claim, forger.honest().signer, second.signer),
    ]);
  },
  /** Two colluding members speak the truth about the past: it must not count for the present. */
  'stale-accusation': (forger) => {
    const present = claimAgainst(forger, forger.honest());
    const claim = {
      ...present,
      incarnation: Math.max(0, present.incarnation - 1 - below(forger.random, 50)),
    };
    const witnesses = twoHostile(forger).map(({ signer }) => forger.witness(claim, signer));
    return accusing(forger, claim, witnesses);
  },
  /** Two colluding members speak about an incarnation that its subject never had. */
  'future-accusation': (forger) => {
    const subject = forger.random() < 0.5 ? forger.victim : forger.honest();
    const incarnation = forger.random() < 0.5 ? 0xffff_fffe : forger.incarnationOf(subject) + 100;
    const claim: Claim = { kind: 'failed', nid: subject.nid, incarnation };
    return accusing(
      forger,
      claim,
      twoHostile(forger).map(({ signer }) => forger.witness(claim, signer)),
    );
  },
  'unknown-subject': (forger) => {
    const claim: Claim = { kind: 'failed', nid: forger.randomId(), incarnation: below(forger.random, 1_000) };
    const witnesses = [
      { ...forger.witness(claim, forger.hostile().signer), signature: randomBytes(64, forger.random) },
      { ...forger.witness(claim, forger.honest().signer), signature: randomBytes(64, forger.random) },
    ];
    return accusing(forger, claim, witnesses);
  },
  /** Requests in the name of others. */
  'join-for-another': (forger) => {
    const subject = forger.honest();
    const claim = { incarnation: forger.incarnationOf(subject) + 1 };
    const record = forger.memberRecord(subject.signer, forger.hostile().signer, claim);
    const requestId = guessedNumber(forger);
    return attackBy(forger.hostile().signer.publicKey, { kind: 'join-request', requestId, record });
  },
  'leave-for-another': (forger) => {
    const subject = forger.honest();
    const by = forger.random() < 0.5 ? subject : forger.hostile();
    const claim = { incarnation: forger.incarnationOf(subject) + 1, departed: true };
    const record = forger.memberRecord(subject.signer, forger.hostile().signer, claim);
    const requestId = guessedNumber(forger);
    return attackBy(by.signer.publicKey, { kind: 'leave-request', requestId, record });
  },
} satisfies Record<string, AttackMaker>;
