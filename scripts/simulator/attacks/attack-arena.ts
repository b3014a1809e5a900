import { RandomStreams } from '../../measuring/random-streams.ts';
import { SimulatorError } from '../simulator-error.ts';
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
  /** Worth of bytes that others served and that he does not have to pay for, wei. */
  readonly takenWei: bigint;
  /** Most that the design lets him have of both, wei. */
  readonly boundWei: bigint;
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

  /** @throws SimulatorError ATTACK_BROKEN when it was accepted where it must be refused, or could not be played */
  async play(attack: Attack): Promise<AttackFinding> {
    const moment = await this.#chain.remember();
    this.#world.forgetRefusals();
    try {
      const result = await attack.run(this.#world);
      const { grossWei, gasUsed, takenWei = 0n, boundWei = 0n } = result;
      const finding = {
        name: attack.name,
        profitWei: grossWei - gasUsed * this.#tokenWeiPerGas,
        ...{ grossWei, gasUsed, takenWei, boundWei },
        detected: this.#world.refusals.names,
      };
      return { ...finding, failures: failuresOf(attack, finding) };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new SimulatorError('ATTACK_BROKEN', `${attack.name}: ${why}`, { attack: attack.name }, cause);
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
  const { grossWei, takenWei, boundWei } = finding;
  if (grossWei + takenWei > boundWei)
    failures.push(`it won ${grossWei} wei and took ${takenWei}, at most ${boundWei} are possible by design`);
  const expected = attack.refusals.join(', ');
  const met = finding.detected.length === 0 ? 'nothing' : finding.detected.join(', ');
  if (expected !== met) failures.push(`it was refused by ${met}, not by ${expected}`);
  return failures;
}
