import { below, type Random } from '../../measuring/random-streams.ts';
import { SimulatorError } from '../simulator-error.ts';
import type { FuzzedRing, FuzzMember } from './fuzzed-ring.ts';
import { randomBytes } from './signature-scheme.ts';

/** Keys that honest members provide during the run. */
const PROVIDED_KEYS = 24;
/** Between two happenings of honest life, virtual time. */
const HAPPENING_INTERVAL_MS = 1_000;
/** How long the absent member stays away: long enough to be declared failed. */
const ABSENCE_MS = 15_000;

/**
 * What goes on in the ring while it is attacked, so that there is something to replay and something to lose: records
 * are renewed and withdrawn, addresses change, one member at a time leaves or crashes and comes back.
 */
export class HonestLife {
  /** Lookups of provided keys by honest members that named a provider, and all of them. */
  readonly lookups = { asked: 0, right: 0 };
  readonly #ring: FuzzedRing;
  readonly #random: Random;
  readonly #providers = new Map<Uint8Array, FuzzMember>();
  #nextMs = 0;
  #happenings = 0;
  #absent: { readonly member: FuzzMember; readonly backMs: number } | undefined;

  constructor(ring: FuzzedRing, random: Random) {
    this.#ring = ring;
    this.#random = random;
  }

  /** Each key is provided by one of these members, which stay. */
  begin(providers: readonly FuzzMember[]): void {
    for (let i = 0; i < PROVIDED_KEYS; i++) {
      const key = randomBytes(32, this.#random);
      const member = providers[i % providers.length];
      if (member === undefined) throw new SimulatorError('NODE_UNKNOWN', 'No member provides anything.');
      this.#providers.set(key, member);
      this.#ring.providedKeys.push(key);
      this.#ring.act(member, { type: 'provide', key });
    }
    this.#nextMs = this.#ring.nowMs + HAPPENING_INTERVAL_MS;
  }

  /** Lets happen what is due. @param travellers members that may leave, crash and come back */
  step(travellers: readonly FuzzMember[]): void {
    if (this.#ring.nowMs < this.#nextMs) return;
    this.#nextMs += HAPPENING_INTERVAL_MS;
    this.#happenings += 1;
    if (this.#happenings % 5 === 0) this.#renewSomething();
    if (this.#happenings % 40 === 0) this.#sendAway(travellers, { planned: this.#happenings % 80 === 0 });
    if (this.#absent !== undefined && this.#ring.nowMs >= this.#absent.backMs) {
      this.#ring.restart(this.#absent.member);
      this.#absent = undefined;
    }
    this.#lookUp();
  }

  /** Counts the answers; to be called with everything that members do. */
  noteOutcome(answered: boolean): void {
    if (answered) this.lookups.right += 1;
  }

  #renewSomething(): void {
    const key = this.#ring.providedKeys[below(this.#random, this.#ring.providedKeys.length)];
    const member = key === undefined ? undefined : this.#providers.get(key);
    if (key === undefined || member === undefined) return;
    // A withdrawal, and at once the content again: both are out there for the adversary to repeat.
    this.#ring.act(member, { type: 'unprovide', key });
    this.#ring.run(50);
    this.#ring.act(member, { type: 'provide', key });
    if (this.#happenings % 25 !== 0) return;
    const addresses = [`/ip4/10.1.0.${1 + below(this.#random, 250)}/tcp/4001`];
    this.#ring.act(member, { type: 'addresses', addresses, providerAddresses: addresses });
  }

  #sendAway(travellers: readonly FuzzMember[], how: { readonly planned: boolean }): void {
    const member = travellers[below(this.#random, travellers.length)];
    if (member?.running !== true || this.#absent !== undefined) return;
    this.#absent = { member, backMs: this.#ring.nowMs + ABSENCE_MS };
    if (how.planned) this.#ring.act(member, { type: 'leave' });
    else member.running = false;
  }

  #lookUp(): void {
    const askers = this.#ring.runningMembers;
    const asker = askers[below(this.#random, askers.length)];
    const key = this.#ring.providedKeys[below(this.#random, this.#ring.providedKeys.length)];
    if (asker?.machine.isMember !== true || key === undefined) return;
    this.lookups.asked += 1;
    this.#ring.act(asker, { type: 'lookup', id: this.lookups.asked, key });
  }
}
