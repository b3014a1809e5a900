import { AccountsDoor } from './accounts-door.ts';
import type { NodeSide } from './node-side.ts';
import { PlainFields } from './plain-fields.ts';
import { messageInvalid, WorkerError } from './worker-error.ts';
import {
  FIRST_RESTART_MS,
  HEALTHY_WORKER_MS,
  LONGEST_RESTART_MS,
  MAX_ENDED_PER_MESSAGE,
} from './worker-limits.ts';
import { WorkerProcess } from './worker-process.ts';
import type { WorkerSetup } from './worker-setup.ts';

export interface PlaceEvents {
  /** A worker is ready for connections. */
  ready(): void;
  /** What the worker in this place has counted, as it says. @throws WorkerError MESSAGE_INVALID */
  counters(told: unknown): void;
  /** The worker in this place has ended. */
  ended(): Promise<void>;
}

/** A place for one worker: one process after the other, begun again when it dies. */
export class WorkerPlace {
  readonly #node: NodeSide;
  readonly #setup: WorkerSetup;
  readonly #events: PlaceEvents;
  #process: WorkerProcess | undefined;
  #restarts = 0;
  #pauseMs = FIRST_RESTART_MS;
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(parts: { readonly node: NodeSide; readonly setup: WorkerSetup }, events: PlaceEvents) {
    this.#node = parts.node;
    this.#setup = parts.setup;
    this.#events = events;
  }

  /** The worker, while it serves. */
  get worker(): WorkerProcess | undefined {
    return this.#process?.ready === true ? this.#process : undefined;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Begins the first worker. @throws WorkerError WORKER_NOT_READY, CHANNEL_CLOSED */
  async start(): Promise<void> {
    const door = new AccountsDoor(this.#node);
    const bornMs = performance.now();
    const worker: WorkerProcess = new WorkerProcess({
      answer: (kind, question) => door.answer(kind, question) ?? this.#node.answer(kind, question),
      hear: (kind, note) => {
        if (kind === 'ended') {
          worker.connectionsEnded(new PlainFields(note).count('connections', MAX_ENDED_PER_MESSAGE));
        } else if (kind === 'counters') this.#events.counters(note);
        else if (!door.hear(kind, note)) this.#node.hear(kind, note);
      },
      ended: (how) => {
        door.close();
        void this.#end(how, performance.now() - bornMs);
      },
    });
    this.#process = worker;
    await worker.setUp(this.#setup);
    this.#events.ready();
  }

  /** Asks the worker for its counters; one that does not answer has none that are newer. */
  async tellCounters(): Promise<void> {
    const { worker } = this;
    if (worker === undefined) return;
    try {
      this.#events.counters(await worker.counters());
    } catch (error) {
      if (!(error instanceof WorkerError)) throw error;
      this.#node.log.warn({ code: error.code }, 'A worker did not tell its counters');
    }
  }

  async stop(drainMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const told = await this.#process?.stop(drainMs);
    if (told !== undefined) this.#events.counters(told);
  }

  async #end(how: string, livedMs: number): Promise<void> {
    await this.#events.ended();
    if (this.#stopping) return;
    if (livedMs >= HEALTHY_WORKER_MS) this.#pauseMs = FIRST_RESTART_MS;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_RESTART_MS, pauseMs * 2);
    this.#node.log.error(
      { how, pid: this.#process?.pid, pauseMs },
      'A worker process ended; it is begun again',
    );
    this.#timer = setTimeout(() => void this.#startAgain(), pauseMs);
  }

  /** Never rejects: a worker that is not ready is ended, and its end brings the next one. */
  async #startAgain(): Promise<void> {
    this.#restarts += 1;
    try {
      await this.start();
    } catch (error) {
      if (!(error instanceof WorkerError)) throw messageInvalid('a worker could not be begun', error);
      this.#node.log.error({ code: error.code }, error.message);
    }
  }
}
