import type { TableChange } from '../lab-commands.ts';

/** Bytes received by all nodes together so far, by kind of message. */
export type ReceivedBytes = Readonly<Record<string, number>>;

/** A ring to which things happen and which is only watched: real nodes or simulated ones, on a clock of their own. */
export interface RingUnderTest {
  /** Milliseconds of the clock in which `changes` and `crash` tell times. */
  readonly nowMs: number;
  /** Makes a ring of nodes 0 to `members - 1` that agree, with nothing left to do. */
  begin(members: number): Promise<void>;
  waitUntil(timeMs: number): Promise<void>;
  /** Begins to join; does not wait for it. */
  join(node: number): void;
  leave(node: number): void;
  /** A power failure. @returns the moment */
  crash(node: number): Promise<number>;
  /** Position of a node, as table changes name it. */
  positionOf(node: number): string;
  receivedBytes(): Promise<ReceivedBytes>;
  /** Table changes since the last question. */
  changes(): Promise<readonly TableChange[]>;
  end(): Promise<void>;
}
