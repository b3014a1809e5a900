import { monitorEventLoopDelay } from 'node:perf_hooks';

import { AdmittedEdges } from '../../node/core/one-hop-ring/admitted-edges.ts';
import type { RingStats } from '../../node/app/ring/ring-node.ts';
import type {
  LabCommandName,
  LabCommands,
  LabPlan,
  LabReply,
  LabRequest,
  TableChange,
} from './lab-commands.ts';
import { LabNode } from './lab-node.ts';
import { RingLabError } from './ring-lab-error.ts';
import { ShapedNetwork } from './shaped-network.ts';

/** One process of the laboratory: some nodes, one network, and a parent that says what to do. */

/** Table changes kept for the parent; the oldest go first. */
const MAX_CHANGES = 1_000_000;

const nodes = new Map<number, LabNode>();
const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const receivedByGone: Record<string, number> = {};
let changes: TableChange[] = [];
let plan: LabPlan | undefined;
let network: ShapedNetwork | undefined;
let admission = new AdmittedEdges([]);

type Commands = {
  readonly [Name in LabCommandName]: (
    argument: LabCommands[Name]['argument'],
  ) => Promise<LabCommands[Name]['result']>;
};

const commands: Commands = {
  configure: async (given) => {
    plan = given;
    network = new ShapedNetwork(given.shape);
    admission = new AdmittedEdges(given.registry);
    loopDelay.enable();
  },
  open: async ({ node, secret }) => {
    if (plan === undefined || network === undefined) throw unknown(node);
    const opened = await LabNode.open(secret, {
      ...{ plan, network },
      admission,
      onChange: ({ nid = '0x', state, incarnation, witnesses }, atMs) => {
        changes.push({ node, subject: nid, state, incarnation, witnesses, atMs });
        if (changes.length > MAX_CHANGES) changes.shift();
      },
    });
    nodes.set(node, opened);
    return opened.address;
  },
  join: async ({ node, seeds }) => nodeAt(node).join(seeds),
  leave: async ({ node }) => {
    const gone = takeOut(node);
    await gone.leave();
    return undefined;
  },
  vanish: async ({ node }) => {
    const gone = takeOut(node);
    await gone.vanish();
    return undefined;
  },
  provide: async ({ node, key }) => {
    await nodeAt(node).ring.provide(key);
    return undefined;
  },
  lookup: async ({ node, key }) => nodeAt(node).lookup(key),
  ask: async ({ node, keys, provider, pauseMs }) => {
    nodeAt(node).ask(keys, provider, pauseMs);
    return undefined;
  },
  asked: async ({ node }) => nodeAt(node).asked(),
  members: async ({ node }) => nodeAt(node).ring.members(),
  stats: async () => [...nodes].map(([node, { ring }]) => ({ node, stats: ring.stats() })),
  received: async () => {
    const total = { ...receivedByGone };
    for (const { ring } of nodes.values()) addReceived(total, ring.stats());
    return total;
  },
  changes: async () => {
    const taken = changes;
    changes = [];
    return taken;
  },
  cut: async (cuts) => {
    network?.setCuts(cuts);
    return undefined;
  },
  usage: async () => {
    const { user, system } = process.cpuUsage();
    const loopDelayMs = loopDelay.max / 1e6;
    loopDelay.reset();
    return { cpuMs: (user + system) / 1_000, residentBytes: process.memoryUsage.rss(), loopDelayMs };
  },
};

/** What it received until now stays in the sum. */
function takeOut(node: number): LabNode {
  const gone = nodeAt(node);
  addReceived(receivedByGone, gone.ring.stats());
  nodes.delete(node);
  return gone;
}

function addReceived(total: Record<string, number>, { receivedByKind }: RingStats): void {
  for (const [kind, received] of Object.entries(receivedByKind)) {
    total[kind] = (total[kind] ?? 0) + (received?.bytes ?? 0);
  }
}

function nodeAt(node: number): LabNode {
  const found = nodes.get(node);
  if (found === undefined) throw unknown(node);
  return found;
}

function unknown(node: number): RingLabError {
  return new RingLabError('LAB_NODE_UNKNOWN', 'This process has no such node.', { node });
}

/** The parent is the same program, so its requests are taken as they are typed. */
async function answer<Name extends LabCommandName>({ id, name, argument }: LabRequest<Name>): Promise<void> {
  try {
    reply({ id, result: await commands[name](argument) });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
    reply({ id, code, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function reply(message: LabReply): void {
  if (!process.connected) return;
  // A parent that is gone takes no answer; `disconnect` then ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}

process.on('message', (request: LabRequest) => void answer(request));
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
