import type { AttackWorld } from './world/attack-world.ts';

/** What an attack brought to all accounts that its attacker controls. */
export interface AttackResult {
  /** Tokens won, wei, before gas: at the end less than at the start is a loss. What he had honestly earned is not counted. */
  readonly grossWei: bigint;
  /** Gas of all his transactions. Calls that a contract refuses cost him none: he simulates them first. */
  readonly gasUsed: bigint;
  /** Worth of bytes that others served and that he does not have to pay for, wei. @default 0 */
  readonly takenWei?: bigint;
  /** Most that the design lets him have of both, wei. @default 0 */
  readonly boundWei?: bigint;
}

/** One way to cheat, played against the real contracts and the real off-chain code. */
export interface Attack {
  /** Lower case with hyphens; names its file. */
  readonly name: string;
  /** Who does what to gain what. */
  readonly description: string;
  /** Errors of contracts and rules off chain that stop him, each once, in the order in which he meets them. */
  readonly refusals: readonly string[];
  /** Plays it. What is refused goes through `world.refusals`. */
  run(world: AttackWorld): Promise<AttackResult>;
}
