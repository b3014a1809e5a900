import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { ClaimedContents } from '../../../node/core/cooperation-group/claimed-contents.ts';
import { encodeGroupMessage } from '../../../node/core/cooperation-group/group-codec.ts';
import { HeldContents } from '../../../node/core/cooperation-group/held-contents.ts';
import { median } from '../../measuring/percentile.ts';
import { SampleMembers } from '../ring-table/sample-members.ts';
import { nsPerCall } from '../stopwatch.ts';
import { SampleGroup, type SampleMember } from './sample-group.ts';

const SPAN_MS = 600_000;
const SETTLE_MS = 20_000;
const STRANGERS = 200_000;
const TIMED = { batches: 50, calls: 400 };

export interface GroupFigures {
  /** A whole summary on the wire. */
  readonly wholeBytes: number;
  readonly bitsPerContent: number;
  /** Share of the contents that a member does not hold which its summary claims. */
  readonly falsePositives: number;
  /** Sent by one member to each other one, per second. */
  readonly restBytesPerSecond: number;
  readonly changingBytesPerSecond: number;
  /** The same if every change sent the whole summary. */
  readonly wholeEachChangeBytesPerSecond: number;
  readonly routeHeldNs: number;
  readonly routeMissedNs: number;
}

/** Figures of one group in which every member holds as many contents. */
export function measureGroup(options: {
  readonly members: number;
  readonly contents: number;
  readonly changeSeconds: number;
  readonly seed: number;
}): GroupFigures {
  const group = new SampleGroup(options);
  group.run(SETTLE_MS);
  const pairs = options.members * (options.members - 1);
  const perPairSecond = (bytes: number, spanMs: number): number => (bytes * 1_000) / spanMs / pairs;
  const restBytesPerSecond = perPairSecond(group.run(SPAN_MS), SPAN_MS);
  const summary = measureSummary(options);
  const routes = measureRoutes(group);
  const changeMs = options.changeSeconds * 1_000;
  let changingBytes = 0;
  for (let spentMs = 0; spentMs < SPAN_MS; spentMs += changeMs) {
    group.swapContents();
    changingBytes += group.run(changeMs);
  }
  return {
    ...summary,
    restBytesPerSecond,
    changingBytesPerSecond: perPairSecond(changingBytes, SPAN_MS),
    wholeEachChangeBytesPerSecond: restBytesPerSecond + summary.wholeBytes / options.changeSeconds,
    ...routes,
  };
}

function measureSummary(options: {
  readonly contents: number;
  readonly seed: number;
}): Pick<GroupFigures, 'wholeBytes' | 'bitsPerContent' | 'falsePositives'> {
  const sample = new SampleMembers(options.seed);
  const { members } = new SampleGroup({ members: 1, contents: options.contents, seed: options.seed });
  const held = new HeldContents(() => sample.word() / 2 ** 32);
  held.update(members[0]?.holds ?? []);
  held.advance();
  const claimed = new ClaimedContents(held.whole);
  let wrong = 0;
  for (let i = 0; i < STRANGERS; i++) if (claimed.claims(sample.position())) wrong += 1;
  const wholeBytes = encodeGroupMessage(held.whole).length;
  return {
    wholeBytes,
    bitsPerContent: (wholeBytes * 8) / options.contents,
    falsePositives: wrong / STRANGERS,
  };
}

/** From the question to the route, or to the question to the ring. */
function measureRoutes(group: SampleGroup): Pick<GroupFigures, 'routeHeldNs' | 'routeMissedNs'> {
  const [asker, ...others] = group.members;
  if (asker === undefined) return { routeHeldNs: Number.NaN, routeMissedNs: Number.NaN };
  const held = others.flatMap(({ holds }) => [...holds].slice(0, 100).map((key) => hexToBytes(key)));
  const missed = Array.from({ length: 1_000 }, () => group.newContent());
  return {
    routeHeldNs: median(nsPerCall((i) => route(asker, i, held, group.nowMs), TIMED)),
    routeMissedNs: median(nsPerCall((i) => route(asker, i, missed, group.nowMs), TIMED)),
  };
}

function route(asker: SampleMember, id: number, keys: readonly Uint8Array[], nowMs: number): void {
  const key = keys[id % keys.length];
  if (key === undefined) return;
  for (const action of asker.group.handle({ type: 'route', id, key, wanted: 1 }, nowMs)) {
    if (action.type !== 'lookup') continue;
    asker.group.handle({ type: 'looked-up', id, answer: { providers: [], hops: 1 } }, nowMs);
  }
}
