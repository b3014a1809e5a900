import { ALL_ATTACKS } from '../attacks/all-attacks.ts';
import { AttackArena, type AttackFinding } from '../attacks/attack-arena.ts';
import { SimulatorError } from '../simulator-error.ts';
import {
  numberOf,
  type ReportRow,
  type Scenario,
  type ScenarioInput,
  type ScenarioReport,
  type Violation,
} from './scenario.ts';

/** 0.01 gwei for a unit of gas, an ether worth 250,000 tokens: what a rollup asks when a token pays for a GiB. */
const DEFAULT_TOKEN_WEI_PER_GAS = 2_500_000_000_000;
const EVERY_ATTACK = 'all';

/**
 * Every attack on payment that PAYMENT.md lists, against the contracts with the parameters of production on a real chain
 * and the real coordinator, ledger and client: what it wins in tokens, and by which rule it is refused.
 */
export const attacks: Scenario = {
  name: 'attacks',
  summary:
    'attacks on payment, each with its profit in tokens after gas: none may win more than the design allows',
  defaultNodes: 2,
  options: [
    {
      flags: '--token-wei-per-gas <wei>',
      description: 'what a unit of gas costs in wei of the token',
      default: DEFAULT_TOKEN_WEI_PER_GAS,
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    },
    {
      flags: '--only <name>',
      description: 'one attack',
      default: EVERY_ATTACK,
      choices: [EVERY_ATTACK, ...ALL_ATTACKS.map(({ name }) => name)],
    },
  ],
  examples: [
    'npm run simulate -- attacks --json',
    'npm run simulate -- attacks --only wash-traffic --seed 7',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const only = String(input.values['only']);
  const chosen = ALL_ATTACKS.filter(({ name }) => only === EVERY_ATTACK || only === name);
  const tokenWeiPerGas = BigInt(Math.round(numberOf(input, 'tokenWeiPerGas')));
  const arena = await AttackArena.open({ seed: input.seed, tokenWeiPerGas });
  const findings: AttackFinding[] = [];
  try {
    for (const attack of chosen) {
      if (input.signal?.aborted === true) {
        throw new SimulatorError('INTERRUPTED', `The attacks were interrupted after ${findings.length}.`);
      }
      const finding = await arena.play(attack);
      findings.push(finding);
      input.say(`${attack.name}: ${finding.failures.length === 0 ? 'refused' : 'NOT refused as it must be'}`);
    }
  } finally {
    await arena.close();
  }
  return {
    measured: {
      tokenWeiPerGas: tokenWeiPerGas.toString(),
      played: findings.length,
      profitable: findings.filter(({ profitWei, boundWei }) => profitWei > boundWei).length,
    },
    tables: { attacks: findings.map(rowOf) },
    violations: findings.flatMap(violationsOf),
  };
}

/** Wei as decimal text. */
function rowOf(finding: AttackFinding): ReportRow {
  return {
    name: finding.name,
    profitWei: finding.profitWei.toString(),
    bound: finding.boundWei.toString(),
    detected: finding.detected,
    grossWei: finding.grossWei.toString(),
    gasUsed: finding.gasUsed.toString(),
    takenWei: finding.takenWei.toString(),
  };
}

function violationsOf({ name, failures }: AttackFinding): Violation[] {
  return failures.map((detail) => ({
    invariant: `the attack ${name} fails as the design says`,
    atMs: 0,
    node: -1,
    detail,
  }));
}
