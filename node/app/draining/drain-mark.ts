import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readPrivateFile, replacePrivateFile } from '../../adapters/keystore/private-file.ts';
import type { Clock } from '../../adapters/clock/system-clock.ts';
import { NodeError } from '../node-error.ts';

const DRAIN_SCHEMA = 'bcdn-node/drain/1';

const drainFile = z.object({ schema: z.literal(DRAIN_SCHEMA), since: z.string().datetime() });

/** Whether the operator drains the node. Kept in a file of its own, so that it outlives restarts and needs no running node. */
export class DrainMark {
  readonly #path: string;
  #sinceMs: number | undefined;

  private constructor(path: string, sinceMs: number | undefined) {
    this.#path = path;
    this.#sinceMs = sinceMs;
  }

  /** @throws NodeError CONFIG_MALFORMED */
  static async open(path: string): Promise<DrainMark> {
    const text = await readPrivateFile(path);
    return new DrainMark(path, text === undefined ? undefined : sinceOf(path, text));
  }

  /** When draining was asked for, milliseconds since 1970; undefined while the node takes new work. */
  get sinceMs(): number | undefined {
    return this.#sinceMs;
  }

  get isSet(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Resolves when the mark would survive a power cut; a mark that is set keeps its time. */
  async set(clock: Clock): Promise<void> {
    if (this.#sinceMs !== undefined) return;
    const sinceMs = clock.nowMs();
    const since = new Date(sinceMs).toISOString();
    await replacePrivateFile(this.#path, `${JSON.stringify({ schema: DRAIN_SCHEMA, since })}\n`);
    this.#sinceMs = sinceMs;
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
    this.#sinceMs = undefined;
  }
}

function sinceOf(path: string, text: string): number {
  let reason: string;
  try {
    const result = drainFile.safeParse(JSON.parse(text));
    if (result.success) return Date.parse(result.data.since);
    reason = result.error.issues[0]?.message ?? 'not valid';
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new NodeError('CONFIG_MALFORMED', {
    message: `${path} cannot be used (${reason}).`,
    remedy: `Delete it: the node then takes new work. To drain it, run \`bcdn-node drain\` again.`,
    values: { path },
  });
}
