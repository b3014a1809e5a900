// Entry of a worker process (worker-process.ts begins it): a channel on its own pipe, connections by the process channel.
import { Socket } from 'node:net';

import { GatewayWorker } from './gateway-worker.ts';
import { PlainFields } from './plain-fields.ts';
import { ProcessChannel, type Plain } from './process-channel.ts';
import { messageInvalid } from './worker-error.ts';
import { CHANNEL_FD } from './worker-process.ts';
import { unpackSetup } from './worker-setup.ts';

/** Longest drain that a worker may be told. */
const MAX_DRAIN_MS = 3_600_000;

let worker: GatewayWorker | undefined;
/** Connections that ended and were not told yet. */
let ended = 0;

const channel: ProcessChannel = new ProcessChannel(new Socket({ fd: CHANNEL_FD }), {
  answer: async (kind, question) => {
    if (kind === 'setup') return begin(question);
    const running = requireWorker();
    if (kind === 'counters') return running.counters();
    if (kind === 'forget') {
      running.forget(question);
      return null;
    }
    if (kind === 'drain') return drain(running, new PlainFields(question).count('drainMs', MAX_DRAIN_MS));
    throw messageInvalid(`nobody answers ${kind}`);
  },
  hear: (kind) => {
    throw messageInvalid(`nobody hears ${kind}`);
  },
  // Without its node a worker has nothing to say to anybody.
  closed: () => process.exit(0),
});

process.on('message', (_word, socket) => {
  if (socket instanceof Socket) void attend(socket);
  // Its client left while it was handed over.
  else tellEnded();
});
process.on('disconnect', () => process.exit(0));
// A terminal sends these to every process of the node; the node lets its workers drain.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

function begin(setup: unknown): Plain {
  if (worker !== undefined) throw messageInvalid('it was set up before');
  worker = new GatewayWorker(channel, unpackSetup(setup));
  worker.start();
  return null;
}

async function attend(socket: Socket): Promise<void> {
  await requireWorker().attend(socket);
  tellEnded();
}

function tellEnded(): void {
  ended += 1;
  if (ended > 1) return;
  setImmediate(() => {
    channel.tell('ended', { connections: ended });
    ended = 0;
  });
}

async function drain(running: GatewayWorker, drainMs: number): Promise<Plain> {
  await running.stop(drainMs);
  return running.counters();
}

function requireWorker(): GatewayWorker {
  if (worker !== undefined) return worker;
  throw messageInvalid('it was not set up');
}
