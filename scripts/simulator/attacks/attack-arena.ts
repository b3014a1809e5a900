import { RandomStreams } from '../../measuring/random-streams.ts';
import type { Attack } from './attack.ts';
import { AttackChain } from './world/attack-chain.ts';
import { AttackWorld } from './world/attack-world.ts';

/** What an attack came to. */
export interface AttackFinding {
  readonly name: string;
  /** Tokens won after gas, wei. */
  readonly profitWei: bigint;
  /** The same before gas. */
  readonly grossWei: bigint;
  readonly gasUsed: bigint;
  /** Most that the design lets him win, wei. */
  readonly boundWei: bigint;
  /** Worth of bytes served that nobody has to pay for, and the most that the design allows, wei. */
  readonly takenWei: bigint;
  readonly takenBoundWei: bigint;
  /** Errors and rules that refused him. */
  readonly detected: readonly string[];
  /** What did not come as the attack says it must; empty if all did. */
  readonly failures: readonly string[];
}

/** Plays attacks one after another, each in the same world at the same moment. */
export class AttackArena {
  readonly #chain: AttackChain;
  readonly #world: AttackWorld;
  readonly #tokenWeiPerGas: bigint;

  private constructor(chain: AttackChain, world: AttackWorld, tokenWeiPerGas: bigint) {
    this.#chain = chain;
    this.#world = world;
    this.#tokenWeiPerGas = tokenWeiPerGas;
  }

  /** @param options.tokenWeiPerGas what a unit of gas costs, wei of the token */
  static async open(options: {
    readonly seed: number;
    readonly tokenWeiPerGas: bigint;
  }): Promise<AttackArena> {
    const chain = await AttackChain.start();
    const world = await AttackWorld.build(chain, new RandomStreams(options.seed));
    return new AttackArena(chain, world, options.tokenWeiPerGas);
  }

  async play(attack: Attack): Promise<AttackFinding> {
    const moment = await this.#chain.remember();
    this.#world.forgetRefusals();
    try {
      const result = await attack.run(this.#world);
      const { grossWei, gasUsed, boundWei = 0n, takenWei = 0n, takenBoundWei = 0n } = result;
      const finding = {
        name: attack.name,
        profitWei: grossWei - gasUsed * this.#tokenWeiPerGas,
        ...{ grossWei, gasUsed, boundWei, takenWei, takenBoundWei },
        detected: this.#world.refusals.names,
      };
      return { ...finding, failures: failuresOf(attack, finding) };
    } finally {
      await this.#chain.returnTo(moment);
    }
  }

  async close(): Promise<void> {
    await this.#chain.stop();
  }
}

/** No attack may live from gas being cheap, so what is bounded is the gain before gas. */
function failuresOf(attack: Attack, finding: Omit<AttackFinding, 'failures'>): string[] {
  const failures: string[] = [];
  if (finding.grossWei > finding.boundWei)
    failures.push(`it won ${finding.grossWei} wei, at most ${finding.boundWei} are possible by design`);
  if (finding.takenWei > finding.takenBoundWei)
    failures.push(
      `it took bytes worth ${finding.takenWei} wei, at most ${finding.takenBoundWei} are possible by design`,
    );
  const expected = attack.refusals.join(', ');
  const met = finding.detected.join(', ');
  if (expected !== met) failures.push(`it was refused by ${met}, not by ${expected}`);
  return failures;
}
