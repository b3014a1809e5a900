import { hexToBytes } from '../../../sdk/protocol/bytes.ts';
import { AdmittedEdges } from '../../../node/core/one-hop-ring/admitted-edges.ts';
import type { RingAdmission } from '../../../node/core/one-hop-ring/ring-admission.ts';
import { BenchError } from '../bench-error.ts';
import { serveTasks } from '../task-process/serve-tasks.ts';
import { DrawnPositions } from './drawn-positions.ts';
import { kadLookupNode } from './kad-lookup-node.ts';
import type { LookupNode } from './lookup-node.ts';
import { coldLookup, ringLookupNode } from './ring-lookup-node.ts';
import type { TimedLookup, WorkerTasks } from './worker-protocol.ts';

const nodes = new Map<number, LookupNode>();
let admission: RingAdmission = new AdmittedEdges([]);

serveTasks<WorkerTasks>({
  create: async ({ system, numbers, admitted }) => {
    ({ admission } = await DrawnPositions.of(admitted));
    const addresses: Record<string, string> = {};
    for (const number of numbers) {
      const node = system === 'ring' ? await ringLookupNode(number, admission) : await kadLookupNode(number);
      nodes.set(number, node);
      addresses[number] = node.addresses[0] ?? '';
    }
    return { addresses };
  },
  join: async ({ number, contacts }) => {
    const startedMs = performance.now();
    await nodeOf(number).join(contacts);
    return { ms: performance.now() - startedMs };
  },
  warm: async ({ number }) => {
    await nodeOf(number).warm();
    return {};
  },
  views: async () => {
    const views = [...nodes.values()].map((node) => node.view());
    return {
      known: views.map((view) => view.known),
      connections: views.map((view) => view.connections),
      heldKeys: views.reduce((sum, view) => sum + view.heldKeys, 0),
    };
  },
  provide: async ({ number, key }) => {
    await nodeOf(number).provide(hexToBytes(key));
    return {};
  },
  lookup: async ({ number, key, times }) => {
    const node = nodeOf(number);
    const lookups: TimedLookup[] = [];
    for (let i = 0; i < times; i++) lookups.push(await timed(node, hexToBytes(key)));
    return { lookups };
  },
  cold: async ({ number, address, key }) => coldLookup(number, admission, { address, key: hexToBytes(key) }),
  stop: async () => {
    await Promise.all([...nodes.values()].map(async (node) => node.stop()));
    nodes.clear();
    return {};
  },
});

/** A lookup that fails is a miss, with the time that it took to fail. */
async function timed(node: LookupNode, key: Uint8Array): Promise<TimedLookup> {
  const startedMs = performance.now();
  try {
    const { found, rpcs } = await node.lookup(key);
    return { ms: performance.now() - startedMs, found, rpcs };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return { ms: performance.now() - startedMs, found: false, rpcs: 0 };
  }
}

function nodeOf(number: number): LookupNode {
  const node = nodes.get(number);
  if (node !== undefined) return node;
  throw new BenchError('BENCH_MESSAGE_INVALID', {
    message: `Node ${number} is not in this process.`,
    remedy: 'Create it first.',
    values: { number },
  });
}
