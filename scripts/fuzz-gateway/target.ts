import type { FuzzedContent } from './fuzzed-content.ts';

/** A gateway under attack: real processes, a real port. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly content: FuzzedContent;
  /** Texts of good grants with receipts for them, and of ones that are good for nothing. */
  readonly grants: readonly FuzzedGrant[];
  /** Texts of upload authorisations. */
  readonly uploads: readonly string[];
  /** CID that these are for. */
  readonly uploadPath: string;
  /** Handles that may be open afterwards beyond those before, because they are not the clients'. */
  readonly ownHandles: number;
  /** Its processes now; fewer when one died. */
  pids(): Promise<readonly number[]>;
  /** Whether all processes that were started are still the same. */
  alive(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface FuzzedGrant {
  readonly grant: string;
  readonly receipts: readonly string[];
}
