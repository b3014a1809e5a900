import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { BenchError } from '../bench-error.ts';
import { TaskProcess, type TaskProgram } from '../task-process/task-process.ts';
import type { System } from './lookup-node.ts';
import type { TimedLookup, WorkerTasks } from './worker-protocol.ts';

/** Nodes that join at the same time, spread over the processes. */
const JOINING_AT_ONCE = 4;
const POLL_MS = 200;
const SETTLE_TIMEOUT_MS = 180_000;
/** Contacts that a node joins through, if so many have joined before. */
const CONTACTS = 3;

const NODES: TaskProgram = {
  path: join(import.meta.dirname, 'worker.ts'),
  name: 'A process of nodes',
  relief: 'with fewer --nodes',
  timeoutMs: 120_000,
};

export interface NetworkPlan {
  readonly system: System;
  readonly nodes: number;
  readonly processes: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface NetworkView {
  readonly known: readonly number[];
  readonly connections: readonly number[];
  readonly heldKeys: number;
}

/** Real nodes of one system in several processes. */
export class NodeNetwork {
  readonly #plan: NetworkPlan;
  readonly #workers: TaskProcess<WorkerTasks>[] = [];
  readonly #addresses = new Map<number, string>();

  constructor(plan: NetworkPlan) {
    this.#plan = plan;
  }

  get numbers(): number[] {
    return Array.from({ length: this.#plan.nodes }, (_, number) => number);
  }

  addressOf(number: number): string {
    return this.#addresses.get(number) ?? '';
  }

  /** Starts the processes and all hosts. */
  async start(): Promise<void> {
    const { processes, system } = this.#plan;
    for (let i = 0; i < processes; i++) this.#workers.push(new TaskProcess<WorkerTasks>(NODES));
    const made = this.#workers.map(async (worker, i) => {
      const numbers = this.numbers.filter((number) => number % processes === i);
      return worker.ask('create', { system, numbers, admitted: this.numbers });
    });
    for (const { addresses } of await Promise.all(made)) {
      for (const [number, address] of Object.entries(addresses)) this.#addresses.set(Number(number), address);
    }
  }

  /** Everybody joins, some at a time. @returns milliseconds that each node's join took, in the order of joining */
  async join(): Promise<number[]> {
    const times: number[] = [];
    const joinOne = async (number: number): Promise<void> => {
      const before = Math.max(1, Math.floor((number - 1) / JOINING_AT_ONCE) * JOINING_AT_ONCE);
      const contacts = number === 0 ? [] : this.#some(Math.min(CONTACTS, before), before);
      times[number] = (await this.#workerOf(number).ask('join', { number, contacts })).ms;
    };
    await joinOne(0);
    for (let first = 1; first < this.#plan.nodes; first += JOINING_AT_ONCE) {
      await Promise.all(this.numbers.slice(first, first + JOINING_AT_ONCE).map(joinOne));
    }
    return times;
  }

  /** Every node fills its tables; one node a process at a time. */
  async warm(): Promise<void> {
    const { processes } = this.#plan;
    const one = async (worker: TaskProcess<WorkerTasks>, i: number): Promise<void> => {
      for (const number of this.numbers.filter((each) => each % processes === i))
        await worker.ask('warm', { number });
    };
    await Promise.all(this.#workers.map(one));
  }

  async view(): Promise<NetworkView> {
    const views = await Promise.all(this.#workers.map(async (worker) => worker.ask('views', {})));
    return {
      known: views.flatMap((view) => view.known),
      connections: views.flatMap((view) => view.connections),
      heldKeys: views.reduce((sum, view) => sum + view.heldKeys, 0),
    };
  }

  /** Waits for a state of the whole network. @throws BenchError BENCH_TIMEOUT */
  async until(what: string, holds: (view: NetworkView) => boolean, signal: AbortSignal): Promise<void> {
    const endMs = performance.now() + SETTLE_TIMEOUT_MS;
    for (let view = await this.view(); !holds(view); view = await this.view()) {
      if (performance.now() > endMs) {
        throw new BenchError('BENCH_TIMEOUT', {
          message: `Not within ${SETTLE_TIMEOUT_MS / 1_000} s: ${what} (a node knows ${Math.min(...view.known)} to ${Math.max(...view.known)}, has ${Math.min(...view.connections)} connections or more).`,
          remedy: 'Run it on a quieter machine, or with fewer --nodes.',
          values: { heldKeys: view.heldKeys },
        });
      }
      await pause(POLL_MS, undefined, { signal });
    }
  }

  async provide(number: number, key: string): Promise<void> {
    await this.#workerOf(number).ask('provide', { number, key });
  }

  async lookup(number: number, key: string, times = 1): Promise<TimedLookup[]> {
    return (await this.#workerOf(number).ask('lookup', { number, key, times })).lookups;
  }

  /** A host with this number, which is no member, asks `owner` as its first contact. */
  async cold(number: number, owner: number, key: string): Promise<{ ms: number; found: boolean }> {
    // The asker runs in another process than the owner, as it would.
    const worker = this.#workerOf(owner + 1);
    return worker.ask('cold', { number, address: this.addressOf(owner), key });
  }

  /** Ends every process; their nodes say no goodbye. */
  async end(): Promise<void> {
    await Promise.all(this.#workers.map(async (worker) => worker.end()));
  }

  #workerOf(number: number): TaskProcess<WorkerTasks> {
    const worker = this.#workers[number % this.#plan.processes];
    if (worker !== undefined) return worker;
    throw new BenchError('BENCH_MESSAGE_INVALID', {
      message: `No process for node ${number}.`,
      remedy: 'Start the network first.',
    });
  }

  /** Addresses of `count` different nodes among the first `among`. */
  #some(count: number, among: number): string[] {
    const chosen = new Set<number>();
    while (chosen.size < count) chosen.add(Math.floor(this.#plan.random() * among));
    return [...chosen].map((number) => this.addressOf(number));
  }
}
