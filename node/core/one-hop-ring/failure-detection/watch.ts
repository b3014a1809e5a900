import type { Hex } from '../../../../sdk/protocol/bytes.ts';
import type { Accusation } from '../membership-event.ts';
import type { RingId } from '../ring-identifier.ts';
import type { RingContact } from '../ring-ports.ts';
import type { RingEntry } from '../ring-table.ts';

/** Somebody who wants to hear whether the member answers. */
export interface Asker {
  readonly contact: RingContact;
  readonly requestId: number;
}

/**
 * How far the course against a member has got. `asked`: it owes an answer. `silent`: it missed the first timeout, others
 * are asked. `suspect`: it missed the second. `testified`: we signed that it is gone. `announcing`: two signatures are
 * at hand and another witness announces first.
 */
export type WatchStage = 'asked' | 'silent' | 'suspect' | 'testified' | 'announcing';

/** One member that owes an answer. */
export interface Watch {
  readonly nid: RingId;
  /** Incarnation at the first unanswered probe; a newer one begins anew. */
  readonly incarnation: number;
  /** When the first unanswered probe left: silence counts from here, less the time that we stood still ourselves. */
  sinceMs: number;
  /** The next step. */
  dueMs: number;
  stage: WatchStage;
  /** It began only because others asked us: then we ask nobody, or one silence would set the whole ring asking. */
  forOthers: boolean;
  /** Others were asked a second time. */
  askedAgain: boolean;
  /** Connections that its host refused: nobody listens there. */
  refusals: number;
  /** Those who asked us, at most `MAX_ASKERS`. */
  readonly askers: Asker[];
  /** Those whom we asked, by number, at most `MAX_ASKED`. */
  readonly asked: Map<number, RingContact>;
  /** One of them said anything at all. */
  heard: boolean;
  /** Members that reached it while we did not: each is believed once for one silence. */
  readonly vouchers: Set<Hex>;
  /** A proven accusation that came by repair and waits for the subject's answer. */
  evidence: Accusation | undefined;
}

/** A watch from now on; `earlier` hands its askers, vouchers and evidence over. */
export function newWatch(entry: RingEntry, nowMs: number, earlier?: Watch): Watch {
  return {
    nid: entry.nid,
    incarnation: entry.incarnation,
    sinceMs: nowMs,
    dueMs: nowMs,
    stage: 'asked',
    forOthers: earlier?.forOthers ?? false,
    askedAgain: false,
    refusals: 0,
    askers: earlier?.askers ?? [],
    asked: earlier?.asked ?? new Map<number, RingContact>(),
    heard: false,
    vouchers: earlier?.vouchers ?? new Set<Hex>(),
    evidence: earlier?.evidence,
  };
}
