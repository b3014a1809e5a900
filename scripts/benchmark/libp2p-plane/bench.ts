import { join } from 'node:path';

import { defineBench, type BenchReport } from '../bench.ts';
import { rounded } from '../rounded.ts';
import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import { figure } from '../text-table.ts';
import { median } from '../../measuring/percentile.ts';
import type { PlaneSetting, PlaneTasks } from './plane-protocol.ts';

const KIB = 1_024;
const MIB = 1_048_576;
const HOST: TaskProgram = {
  path: join(import.meta.dirname, 'plane-worker.ts'),
  name: 'The process of a host',
  relief: 'with fewer --mib',
  timeoutMs: 90_000,
};

const usual: PlaneSetting = {
  encrypter: 'node',
  initialWindowBytes: 256 * KIB,
  maxWindowBytes: MIB,
  messageBytes: 256 * KIB,
  noDelay: true,
  waits: 'queue',
};

/** One thing changed at a time. */
const CASES: readonly { readonly name: string; readonly setting: PlaneSetting | 'bare' }[] = [
  { name: 'bare TCP socket, 256 KiB writes', setting: 'bare' },
  { name: 'plaintext', setting: { ...usual, encrypter: 'plaintext' } },
  { name: 'tls', setting: { ...usual, encrypter: 'tls' } },
  { name: 'noise as packaged', setting: { ...usual, encrypter: 'noise' } },
  { name: "the node's host", setting: usual },
  { name: "waiting for libp2p's onDrain", setting: { ...usual, waits: 'onDrain' } },
  { name: 'messages of 64 KiB', setting: { ...usual, messageBytes: 64 * KIB } },
  { name: 'messages of 1 MiB', setting: { ...usual, messageBytes: MIB } },
  { name: 'window 256 KiB', setting: { ...usual, maxWindowBytes: 256 * KIB } },
  { name: 'window 1 MiB from the start', setting: { ...usual, initialWindowBytes: MIB } },
  {
    name: 'window 4 MiB from the start',
    setting: { ...usual, initialWindowBytes: 4 * MIB, maxWindowBytes: 4 * MIB },
  },
  { name: 'without noDelay', setting: { ...usual, noDelay: false } },
];

interface Sample {
  readonly mbPerSecond: number;
  /** Processor time of both processes for 10⁹ bytes, start-up of the hosts left out. */
  readonly senderCpuPerGb: number;
  readonly receiverCpuPerGb: number;
  readonly senderPeakMb: number;
}

/** What libp2p streams carry between two processes, by encrypter, window and size of the messages. */
export const libp2pPlane = defineBench({
  name: 'libp2p-plane',
  summary: 'Bytes over one libp2p stream between two processes, by encrypter, yamux window and message size.',
  options: {
    rounds: { description: 'rounds, each with every case', fallback: 5, min: 1, max: 50 },
    mib: { description: 'MiB of one transfer', fallback: 256, min: 8, max: 4_096 },
  },
  run: async ({ rounds, mib }, { progress, signal }) => {
    const bytes = mib * MIB;
    const samples = new Map<string, Sample[]>();
    const absent: string[] = [];
    for (const { name, setting } of CASES) {
      if (setting !== 'bare' && !(await isPresent(setting))) absent.push(name);
      else samples.set(name, []);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { name, setting } of round % 2 === 0 ? CASES : CASES.toReversed()) {
        signal.throwIfAborted();
        const taken = samples.get(name);
        if (taken === undefined) continue;
        const sample = await measure(setting, bytes);
        taken.push(sample);
        progress.say(`round ${round + 1} of ${rounds}: ${name} ${figure(sample.mbPerSecond)} MB/s`);
      }
    }
    return reportOf(samples, absent);
  },
});

async function isPresent({ encrypter }: PlaneSetting): Promise<boolean> {
  const process = new TaskProcess<PlaneTasks>(HOST);
  try {
    return (await process.ask('has', { encrypter })).present;
  } finally {
    await process.end();
  }
}

/** One transfer between two new processes, after a short one that warms their code up. */
async function measure(setting: PlaneSetting | 'bare', bytes: number): Promise<Sample> {
  const sender = new TaskProcess<PlaneTasks>(HOST);
  const receiver = new TaskProcess<PlaneTasks>(HOST);
  try {
    const transfer = await transferOf(setting, sender, receiver);
    await transfer(Math.min(bytes, 16 * MIB));
    const before = await Promise.all([sender.ask('spent', {}), receiver.ask('spent', {})]);
    const { seconds } = await transfer(bytes);
    const after = await Promise.all([sender.ask('spent', {}), receiver.ask('spent', {})]);
    const gb = bytes / 1e9;
    return {
      mbPerSecond: bytes / 1e6 / seconds,
      senderCpuPerGb: (after[0].cpuSeconds - before[0].cpuSeconds) / gb,
      receiverCpuPerGb: (after[1].cpuSeconds - before[1].cpuSeconds) / gb,
      senderPeakMb: after[0].peakMemoryMb,
    };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
  }
}

type Host = TaskProcess<PlaneTasks>;
type Transfer = (bytes: number) => Promise<PlaneTasks['receive']['answer']>;

async function transferOf(setting: PlaneSetting | 'bare', sender: Host, receiver: Host): Promise<Transfer> {
  if (setting === 'bare') {
    const { port } = await sender.ask('listenBare', { messageBytes: usual.messageBytes });
    return (bytes) => receiver.ask('receiveBare', { port, bytes });
  }
  const { address } = await sender.ask('listen', { setting });
  return (bytes) => receiver.ask('receive', { setting, address, bytes });
}

function reportOf(samples: ReadonlyMap<string, readonly Sample[]>, absent: readonly string[]): BenchReport {
  const results = [...samples].map(([name, taken]) => ({
    case: name,
    mbPerSecond: median(taken.map(({ mbPerSecond }) => mbPerSecond)),
    senderCpuSecondsPerGb: median(taken.map(({ senderCpuPerGb }) => senderCpuPerGb)),
    receiverCpuSecondsPerGb: median(taken.map(({ receiverCpuPerGb }) => receiverCpuPerGb)),
    senderPeakMb: median(taken.map(({ senderPeakMb }) => senderPeakMb)),
  }));
  const rows = results.map((result) => [
    result.case,
    figure(result.mbPerSecond),
    figure(result.senderCpuSecondsPerGb),
    figure(result.receiverCpuSecondsPerGb),
    figure(result.senderPeakMb),
  ]);
  return {
    figures: {
      results: results.map((result) => ({
        ...result,
        mbPerSecond: rounded(result.mbPerSecond),
        senderCpuSecondsPerGb: rounded(result.senderCpuSecondsPerGb),
        receiverCpuSecondsPerGb: rounded(result.receiverCpuSecondsPerGb),
        senderPeakMb: rounded(result.senderPeakMb),
      })),
      absent: [...absent],
    },
    tables: [
      {
        title: 'One libp2p stream between two processes (medians)',
        columns: ['case', 'MB/s', 'sender CPU s/GB', 'receiver CPU s/GB', 'sender peak MB'],
        rows: [...rows, ...absent.map((name) => [name, 'absent', '', '', ''])],
      },
    ],
  };
}
