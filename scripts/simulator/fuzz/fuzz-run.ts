import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { RingError } from '../../../node/core/one-hop-ring/ring-error.ts';
import { decodeMessage } from '../../../node/core/one-hop-ring/wire-codec.ts';
import type { RingMessage } from '../../../node/core/one-hop-ring/wire-message.ts';
import type { RandomStreams } from '../../measuring/random-streams.ts';
import type { Attack, AttackMaker } from './attack.ts';
import { Forger } from './forger.ts';
import { FuzzedRing, type FuzzMember } from './fuzzed-ring.ts';
import { HonestLife } from './honest-life.ts';
import { FLOOD_ATTACKS } from './hostile-floods.ts';
import { FRAME_ATTACKS } from './hostile-frames.ts';
import { MEMBER_ATTACKS } from './hostile-members.ts';
import { PROVIDER_ATTACKS } from './hostile-providers.ts';
import { Referee } from './referee.ts';
import type { SignatureScheme } from './signature-scheme.ts';

/** Virtual time between two hostile messages: 2,000 a second. */
const ATTACK_INTERVAL_MS = 0.5;
/** Until the ring stands, and until it is quiet again. */
const SETTLE_MS = 30_000;
/** Between two inspections of the victim's whole table. */
const INSPECTION_INTERVAL = 1_000;

export const ATTACKS: Readonly<Record<string, AttackMaker>> = {
  ...FRAME_ATTACKS,
  ...MEMBER_ATTACKS,
  ...PROVIDER_ATTACKS,
  ...FLOOD_ATTACKS,
};

/** What became of the messages of one kind. */
export interface KindCount {
  tried: number;
  /** Refused by the decoder with a code; the others reached the machine. */
  refusedFrames: number;
  accepted: number;
  crashes: number;
}

export interface FuzzReport {
  readonly tried: number;
  readonly accepted: number;
  readonly crashes: number;
  readonly heapGrowthMb: number;
  readonly lookups: { readonly asked: number; readonly right: number };
  readonly indexKeys: number;
  readonly byKind: Readonly<Record<string, KindCount>>;
  readonly findings: readonly string[];
}

/** One member of a small living ring receives hostile messages; a referee judges what the ring makes of them. */
export class FuzzRun {
  readonly #members: number;
  readonly #ring: FuzzedRing;
  readonly #life: HonestLife;
  readonly #forger: Forger;
  readonly #referee: Referee;
  readonly #byKind = new Map<string, KindCount>();
  readonly #findings: string[] = [];

  /** @param members of the ring; the last three are the adversary's, so at least eight */
  constructor(scheme: SignatureScheme, streams: RandomStreams, members: number) {
    this.#members = members;
    this.#ring = new FuzzedRing(scheme, streams.stream('fuzz-ring'), members);
    this.#life = new HonestLife(this.#ring, streams.stream('fuzz-life'));
    this.#forger = new Forger(this.#ring, streams.stream('fuzz-forger'));
    this.#referee = new Referee(this.#ring);
    this.#ring.onActions = (member, actions) => {
      this.#referee.watch(member, actions);
      for (const action of actions) {
        if (action.type === 'lookup-done') this.#life.noteOutcome(action.outcome.providers.length > 0);
      }
    };
  }

  /** @param between called now and then with the messages tried so far; may end the run by an error */
  async run(messages: number, between: (tried: number) => void = () => undefined): Promise<FuzzReport> {
    this.#form();
    const before = heapMb();
    const kinds = Object.entries(ATTACKS);
    for (let tried = 0; tried < messages; tried++) {
      const next = kinds[tried % kinds.length];
      if (next !== undefined) this.#attack(next[0], next[1]);
      this.#judging('aftermath', () => {
        this.#ring.run(ATTACK_INTERVAL_MS);
        this.#life.step(this.#travellers);
      });
      if (tried % INSPECTION_INTERVAL !== 0) continue;
      this.#judging('inspection', () => this.#referee.inspect(this.#victim));
      between(tried);
      // A turn of the event loop, so that an interrupt is heard.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#judging('aftermath', () => this.#ring.run(SETTLE_MS));
    return this.#report(messages, heapMb() - before);
  }

  get #victim(): FuzzMember {
    return this.#forger.victim;
  }

  /** Honest members that come and go; neither the victim, nor providers, nor the adversary's. */
  get #travellers(): FuzzMember[] {
    return this.#ring.members.slice(4, -3);
  }

  #form(): void {
    for (let i = 0; i < this.#members; i++) {
      this.#ring.addMember();
      this.#ring.run(SETTLE_MS / this.#members);
    }
    this.#life.begin(this.#ring.members.slice(0, 4));
    // Time for the first renewals, so that there are replaced records to replay.
    for (let i = 0; i < SETTLE_MS / 1_000; i++) {
      this.#ring.run(1_000);
      this.#life.step([]);
    }
  }

  #attack(kind: string, make: AttackMaker): void {
    const count = this.#countOf(kind);
    count.tried += 1;
    const attack = make(this.#forger);
    const message = this.#decode(attack, count);
    if (message === undefined) return;
    this.#judging(kind, () => this.#deliver(attack, message, count));
  }

  /** Attributes what the referee finds meanwhile to a kind. */
  #judging(kind: string, act: () => void): void {
    const before = this.#referee.count;
    act();
    const found = this.#referee.count - before;
    if (found === 0) return;
    this.#countOf(kind).accepted += 1;
    const last = this.#referee.findings.at(-1) ?? '';
    if (this.#findings.length < 32 && !this.#findings.includes(`${kind}: ${last}`)) {
      this.#findings.push(`${kind}: ${last}`);
    }
  }

  #decode(attack: Attack, count: KindCount): RingMessage | undefined {
    try {
      return decodeMessage(attack.bytes, this.#ring.admission);
    } catch (error) {
      if (error instanceof RingError && error.code.startsWith('RING_WIRE_')) count.refusedFrames += 1;
      else this.#crash(count, error);
      return undefined;
    }
  }

  #deliver(attack: Attack, message: RingMessage, count: KindCount): void {
    const { from, untouchedKey } = attack;
    const asker = this.#forger.hostile().signer.publicKey;
    const victim = this.#victim;
    const answer = (): string | undefined =>
      untouchedKey === undefined ? undefined : this.#referee.answer(victim, untouchedKey, asker);
    const answeredBefore = answer();
    const before = this.#referee.see(victim);
    try {
      const actions = this.#ring.act(victim, { type: 'message', from, message });
      this.#referee.compare(victim, before, actions);
    } catch (error) {
      this.#crash(count, error);
    }
    if (answeredBefore === '' && attack.deceivesTheIgnorant === true) return;
    this.#referee.compareAnswers(answeredBefore, answer());
  }

  #crash(count: KindCount, error: unknown): void {
    count.crashes += 1;
    if (this.#findings.length < 32)
      this.#findings.push(error instanceof Error ? (error.stack ?? '') : String(error));
  }

  #countOf(kind: string): KindCount {
    const known = this.#byKind.get(kind);
    if (known !== undefined) return known;
    const count: KindCount = { tried: 0, refusedFrames: 0, accepted: 0, crashes: 0 };
    this.#byKind.set(kind, count);
    return count;
  }

  #report(tried: number, heapGrowthMb: number): FuzzReport {
    const counts = [...this.#byKind.values()];
    return {
      tried,
      accepted: counts.reduce((sum, count) => sum + count.accepted, 0),
      crashes: counts.reduce((sum, count) => sum + count.crashes, 0),
      heapGrowthMb,
      lookups: this.#life.lookups,
      indexKeys: this.#victim.machine.indexSize.keys,
      byKind: Object.fromEntries(this.#byKind),
      findings: this.#findings,
    };
  }
}

/** Live heap after a full collection, MiB. */
function heapMb(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  return process.memoryUsage().heapUsed / 1024 ** 2;
}
