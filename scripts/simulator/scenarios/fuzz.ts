import { RandomStreams } from '../../measuring/random-streams.ts';
import { FuzzRun, type FuzzReport } from '../fuzz/fuzz-run.ts';
import { ed25519Scheme, simulatedScheme } from '../fuzz/signature-scheme.ts';
import { rounded } from '../output/rounded.ts';
import { SimulatorError } from '../simulator-error.ts';
import {
  numberOf,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

/** Live heap after the run, the ring quiet again, above that before it. */
const MAX_HEAP_GROWTH_MB = 64;
/** Between two lines of progress. */
const PROGRESS_INTERVAL = 50_000;

/**
 * Hostile messages of every kind against one member of a small living ring: none may be believed, passed on or
 * answered with, none may throw anything but a coded refusal, and memory must not grow.
 */
export const fuzz: Scenario = {
  name: 'ring-fuzz',
  summary:
    'forged, damaged, stale and replayed messages and floods: nothing accepted, nothing thrown, memory bounded',
  defaultNodes: 10,
  options: [
    { flags: '--messages <count>', description: 'hostile messages', default: 1_000_000, min: 1, max: 1e9 },
    {
      flags: '--ed25519 <count>',
      description: 'further ones with real signatures instead of simulated ones',
      default: 2_000,
      min: 0,
      max: 1e9,
    },
  ],
  examples: [
    'npm run simulate -- ring-fuzz --messages 1000000 --seed 1 --json',
    'npm run simulate -- ring-fuzz --messages 20000 --ed25519 500 --seed 7',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const streams = new RandomStreams(input.seed);
  const simulated = new FuzzRun(
    simulatedScheme(input.seed, streams.stream('fuzz-keys')),
    streams,
    input.nodes,
  );
  const bulk = await simulated.run(numberOf(input, 'messages'), between(input, 'simulated signatures'));
  const realMessages = numberOf(input, 'ed25519');
  if (realMessages === 0) return report([bulk]);
  const real = new FuzzRun(ed25519Scheme(streams.stream('fuzz-ed25519')), streams, input.nodes);
  return report([bulk, await real.run(realMessages, between(input, 'Ed25519'))]);
}

function between(input: ScenarioInput, scheme: string): (tried: number) => void {
  return (tried) => {
    if (tried % PROGRESS_INTERVAL === 0) input.say(`${tried} messages tried, ${scheme}`);
    if (input.signal?.aborted === true) {
      throw new SimulatorError('INTERRUPTED', `The fuzzing was interrupted after ${tried} messages.`, {
        tried,
      });
    }
  };
}

function report(runs: readonly FuzzReport[]): ScenarioReport {
  const sum = (of: (run: FuzzReport) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const heapGrowthMb = rounded(Math.max(...runs.map((run) => run.heapGrowthMb)), 1);
  const measured = {
    tried: sum((run) => run.tried),
    accepted: sum((run) => run.accepted),
    crashes: sum((run) => run.crashes),
    heapGrowthMb,
    refusedFrames: sum((run) => sumOf(run, 'refusedFrames')),
    lookups: sum((run) => run.lookups.asked),
    lookupsRight: sum((run) => run.lookups.right),
    byKind: merged(runs, 'tried'),
    acceptedByKind: merged(runs, 'accepted'),
  };
  const violations = runs.flatMap((run) =>
    run.findings.map((finding) => violation('nothing hostile is accepted', finding)),
  );
  if (measured.accepted + measured.crashes > 0 && violations.length === 0)
    violations.push(violation('nothing hostile is accepted', 'see acceptedByKind'));
  if (heapGrowthMb > MAX_HEAP_GROWTH_MB)
    violations.push(violation(`memory grows by at most ${MAX_HEAP_GROWTH_MB} MiB`, `${heapGrowthMb} MiB`));
  return { measured, violations };
}

function sumOf(run: FuzzReport, field: 'tried' | 'accepted' | 'refusedFrames'): number {
  return Object.values(run.byKind).reduce((total, count) => total + count[field], 0);
}

/** One count for each kind, without those that are zero. */
function merged(runs: readonly FuzzReport[], field: 'tried' | 'accepted'): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const run of runs) {
    for (const [kind, count] of Object.entries(run.byKind)) {
      if (count[field] > 0) counts[kind] = (counts[kind] ?? 0) + count[field];
    }
  }
  return counts;
}

function violation(invariant: string, detail: string): Violation {
  return { invariant, atMs: 0, node: 0, detail };
}
