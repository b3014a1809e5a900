import type { RingId } from '../../../node/core/one-hop-ring/ring-identifier.ts';
import type { Observer } from '../engine/observer.ts';
import type { SimulatedNode } from '../engine/simulated-node.ts';
import { START_MS, type Simulation } from '../engine/simulation.ts';
import type { Violation } from '../scenarios/scenario.ts';
import { positionMarks, subtractMarks, type Marks } from '../tables/shared-entry.ts';
import type { TableVersion } from '../tables/table-version.ts';

/** Differences named in a violation. */
const MAX_NAMED = 3;

interface Change {
  readonly nid: RingId;
  readonly atMs: number;
}

/** Holds every table against the truth: whatever changed long enough ago must be known to every live member. */
export class TableOracle implements Observer {
  readonly #simulation: Simulation;
  /** Joins, crashes and leaves, oldest first. */
  readonly #changes: Change[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    simulation.observers.push(this);
  }

  onJoined(node: SimulatedNode): void {
    this.#note(node);
  }

  onCrashed(node: SimulatedNode): void {
    this.#note(node);
  }

  onLeft(node: SimulatedNode): void {
    this.#note(node);
  }

  /** Virtual time of the last join, crash or leave; the start if there was none. */
  get lastChangeMs(): number {
    return this.#changes.at(-1)?.atMs ?? START_MS;
  }

  /**
   * Members whose table is wrong about something that is older than `boundMs`.
   * @param isExcused members that cannot know better: stalled, cut off or hostile ones
   */
  violations(boundMs: number, isExcused: (node: SimulatedNode) => boolean = () => false): Violation[] {
    const { live, nowMs } = this.#simulation;
    const recent = this.#recent(nowMs - boundMs);
    let truth = live.marks;
    for (const nid of recent) if (live.has(nid)) truth = subtractMarks(truth, positionMarks(nid));
    const verdicts = new Map<TableVersion, boolean>();
    const found: Violation[] = [];
    for (const node of live.inOrder) {
      if (nowMs - node.joinedMs < boundMs || isExcused(node)) continue;
      const { version } = node.table;
      let isRight = verdicts.get(version);
      if (isRight === undefined)
        verdicts.set(version, (isRight = equalMarks(settledMarks(version, recent), truth)));
      if (isRight) continue;
      found.push({
        invariant: `tables know everything older than ${boundMs} ms`,
        atMs: nowMs - START_MS,
        node: node.index,
        detail: this.#difference(version, recent),
      });
    }
    return found;
  }

  #note(node: SimulatedNode): void {
    this.#changes.push({ nid: node.identity.nid, atMs: this.#simulation.nowMs });
  }

  /** Positions that changed after a time or are about to: a joining node is announced before it hears so itself. */
  #recent(sinceMs: number): RingId[] {
    const recent = new Set<RingId>();
    for (const node of this.#simulation.joining) recent.add(node.identity.nid);
    for (let i = this.#changes.length - 1; i >= 0; i--) {
      const change = this.#changes[i];
      if (change === undefined || change.atMs < sinceMs) break;
      recent.add(change.nid);
    }
    return [...recent];
  }

  #difference(version: TableVersion, recent: readonly RingId[]): string {
    const { live } = this.#simulation;
    const unsettled = new Set(recent.map((nid) => nid.join()));
    const believed = new Set<string>();
    const extra: string[] = [];
    for (const place of version.places()) {
      if (!place.inRing) continue;
      believed.add(place.nid.join());
      if (!live.has(place.nid) && !unsettled.has(place.nid.join())) extra.push(this.#name(place.nid));
    }
    const missing = live.inOrder
      .filter((node) => !believed.has(node.identity.nid.join()) && !unsettled.has(node.identity.nid.join()))
      .map((node) => String(node.index));
    return `${described('lists', extra)}, ${described('lacks', missing)}`;
  }

  #name(nid: RingId): string {
    const node = this.#simulation.nodeAt(nid);
    return node === undefined ? 'an unknown position' : `${node.index} (${node.phase})`;
  }
}

function settledMarks(version: TableVersion, recent: readonly RingId[]): Marks {
  let marks = version.ringMarks;
  for (const nid of recent) {
    if (version.find(nid)?.inRing === true) marks = subtractMarks(marks, positionMarks(nid));
  }
  return marks;
}

function equalMarks(a: Marks, b: Marks): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

function described(verb: string, names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? ' and others' : '';
  return names.length === 0
    ? `${verb} nothing wrongly`
    : `${verb} ${names.slice(0, MAX_NAMED).join(', ')}${more} (${names.length})`;
}
