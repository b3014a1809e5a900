import type { Simulation } from '../engine/simulation.ts';
import { START_MS } from '../engine/simulation.ts';
import { ringBytes } from '../engine/traffic.ts';

/** One second of a simulation. */
export interface SecondOfRun {
  /** End of the second, counted from the start of the simulation. */
  readonly second: number;
  readonly members: number;
  /** Received by one member on average, in this second: the ring's own traffic, and all of it. */
  readonly ringBytesPerNode: number;
  readonly allBytesPerNode: number;
  /** Received by joining nodes together. */
  readonly joiningBytes: number;
  readonly messages: number;
  readonly events: number;
  /** Share of members whose table is the truth. */
  readonly tablesRight: number;
}

/** What happened second by second; filled while the simulation runs. */
export class TimeSeries {
  readonly seconds: SecondOfRun[] = [];
  readonly #simulation: Simulation;

  /** Begins with the next full second. */
  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    let before = this.#counters();
    simulation.every(1_000, () => {
      const now = this.#counters();
      const members = Math.max(1, simulation.live.size);
      this.seconds.push({
        second: Math.round((simulation.nowMs - START_MS) / 1_000),
        members: simulation.live.size,
        ringBytesPerNode: (now.ring - before.ring) / members,
        allBytesPerNode: (now.all - before.all) / members,
        joiningBytes: now.joining - before.joining,
        messages: now.messages - before.messages,
        events: now.events - before.events,
        tablesRight: shareOfRightTables(simulation),
      });
      before = now;
      return true;
    });
  }

  #counters(): { ring: number; all: number; joining: number; messages: number; events: number } {
    const { traffic, eventCount } = this.#simulation;
    const byKind = traffic.memberTotals();
    let all = 0;
    for (const bytes of Object.values(byKind)) all += bytes;
    return {
      ring: ringBytes(byKind),
      all,
      joining: traffic.joiningBytes,
      messages: traffic.messages,
      events: eventCount,
    };
  }
}

/** Share of live members whose ring is exactly the truth. */
export function shareOfRightTables(simulation: Simulation): number {
  const [a, b, c] = simulation.live.marks;
  let right = 0;
  for (const node of simulation.live.inOrder) {
    const marks = node.table.version.ringMarks;
    if (marks[0] === a && marks[1] === b && marks[2] === c) right += 1;
  }
  return simulation.live.size === 0 ? 1 : right / simulation.live.size;
}
