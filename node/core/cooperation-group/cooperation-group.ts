import { ContentRouting } from './content-routing.ts';
import type { GroupMessage } from './group-message.ts';
import type { GroupAction, GroupCounters, GroupEvent, GroupOptions, GroupPorts } from './group-ports.ts';
import { OtherGroups } from './other-groups.ts';
import { StateExchange } from './state-exchange.ts';

/** Sizes at one moment. */
export interface GroupFigures {
  /** Members exchanged with, this node not counted. */
  readonly members: number;
  /** Contents that they claim, and the memory that these fingerprints take. */
  readonly claimedContents: number;
  readonly summaryBytes: number;
}

const FINGERPRINT_BYTES = 4;

/**
 * One node in its server cooperation group as a pure machine: what happened and when in, what to do out (RING.md, G-L;
 * SPEC.md beside this file). It reads no clock, sets no timer and sends nothing itself. The caller executes the actions
 * and calls again with a `wake` event no later than `nextWakeMs`.
 */
export class CooperationGroup {
  readonly counters: Readonly<GroupCounters>;
  readonly #exchange: StateExchange;
  readonly #others: OtherGroups;
  readonly #routing: ContentRouting;
  #actions: GroupAction[] = [];

  constructor(ports: GroupPorts, options: GroupOptions) {
    const counters = newCounters();
    const emit = (action: GroupAction): void => {
      this.#actions.push(action);
    };
    this.counters = counters;
    this.#exchange = new StateExchange(ports, options, { counters, emit });
    this.#others = new OtherGroups(ports, options, { counters, emit });
    this.#routing = new ContentRouting(ports, options, {
      counters,
      emit,
      exchange: this.#exchange,
      others: this.#others,
    });
  }

  get figures(): GroupFigures {
    let claimedContents = 0;
    for (const member of this.#exchange.members) claimedContents += member.contents?.count ?? 0;
    return {
      members: this.#exchange.memberCount,
      claimedContents,
      summaryBytes: claimedContents * FINGERPRINT_BYTES,
    };
  }

  handle(event: GroupEvent, nowMs: number): GroupAction[] {
    this.#dispatch(event, nowMs);
    this.#exchange.wake(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** When to call with `wake` at the latest; Infinity before `start`. */
  nextWakeMs(): number {
    return this.#exchange.nextMs();
  }

  #dispatch(event: GroupEvent, nowMs: number): void {
    switch (event.type) {
      case 'start':
        return this.#exchange.start(nowMs);
      case 'members':
        return this.#exchange.setMembers(event.servers, nowMs);
      case 'message':
        return this.#onMessage(event.from, event.message, nowMs);
      case 'unreachable':
        return this.#exchange.unreachable(event.publicKey);
      case 'route':
        return this.#routing.route(event.id, event, nowMs);
      case 'looked-up':
        return this.#routing.lookedUp(event.id, event.answer, nowMs);
      case 'refused':
        return this.#exchange.refused(event.publicKey, event.key);
      case 'wake':
        return;
    }
  }

  #onMessage(from: Uint8Array, message: GroupMessage, nowMs: number): void {
    switch (message.kind) {
      case 'state':
        return this.#exchange.onState(from, message, nowMs);
      case 'summary-request':
        return this.#exchange.onSummaryRequest(from);
      case 'summary':
        return this.#exchange.onSummary(from, message);
      case 'locate-request':
        if (!this.#others.admits(from, nowMs)) return;
        return this.#others.answer(from, message, this.#routing.locate(message.key, nowMs));
      case 'located':
        return this.#others.onLocated(from, message, nowMs);
    }
  }
}

function newCounters(): GroupCounters {
  return {
    routedOwn: 0,
    routedGroup: 0,
    routedRing: 0,
    routedNowhere: 0,
    beyondTwoHops: 0,
    falsePositives: 0,
    statesSent: 0,
    changesApplied: 0,
    summariesSent: 0,
    summariesReceived: 0,
    strangers: 0,
    throttled: 0,
  };
}
