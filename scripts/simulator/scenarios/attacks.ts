import { ALL_ATTACKS } from '../attacks/all-attacks.ts';
import type { Attack } from '../attacks/attack.ts';
import { AttackArena, type AttackFinding } from '../attacks/attack-arena.ts';
import { OPEN_DEALS } from '../attacks/open-deals.ts';
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
    'attacks on payment, each with its profit in tokens after gas: none may win anything; and what open deals can lose',
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
      description: 'one attack, or one measure of open deals',
      default: EVERY_ATTACK,
      choices: [EVERY_ATTACK, ...[...ALL_ATTACKS, ...OPEN_DEALS].map(({ name }) => name)],
    },
  ],
  examples: [
    'npm run simulate -- attacks --json',
    'npm run simulate -- attacks --only wash-traffic --seed 7',
  ],
  run,
};

async function run(input: ScenarioInput): Promise<ScenarioReport> {
  const tokenWeiPerGas = BigInt(Math.round(numberOf(input, 'tokenWeiPerGas')));
  const arena = await AttackArena.open({ seed: input.seed, tokenWeiPerGas });
  let findings: AttackFinding[];
  let openDeals: AttackFinding[];
  try {
    findings = await playAll(arena, ALL_ATTACKS, input);
    openDeals = await playAll(arena, OPEN_DEALS, input);
  } finally {
    await arena.close();
  }
  return {
    measured: {
      tokenWeiPerGas: tokenWeiPerGas.toString(),
      played: findings.length,
      profitable: findings.filter(({ profitWei }) => profitWei > 0n).length,
    },
    tables: { attacks: findings.map(rowOf), openDeals: openDeals.map(openDealRowOf) },
    violations: [...findings.flatMap(profitOf), ...[...findings, ...openDeals].flatMap(violationsOf)],
  };
}

async function playAll(
  arena: AttackArena,
  attacks: readonly Attack[],
  input: ScenarioInput,
): Promise<AttackFinding[]> {
  const only = String(input.values['only']);
  const findings: AttackFinding[] = [];
  for (const attack of attacks.filter(({ name }) => only === EVERY_ATTACK || only === name)) {
    if (input.signal?.aborted === true) {
      throw new SimulatorError('INTERRUPTED', `The attacks were interrupted before ${attack.name}.`);
    }
    const finding = await arena.play(attack);
    findings.push(finding);
    const isExpected = finding.failures.length === 0;
    input.say(`${attack.name}: ${isExpected ? 'went as it must' : 'did NOT go as it must'}`);
  }
  return findings;
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

/** What an open deal loses to whoever makes viewers up: what he has taken out of it, before gas. */
function openDealRowOf(finding: AttackFinding): ReportRow {
  return {
    name: finding.name,
    lossWei: finding.grossWei.toString(),
    bound: finding.boundWei.toString(),
    profitWei: finding.profitWei.toString(),
    detected: finding.detected,
  };
}

function profitOf({ name, profitWei }: AttackFinding): Violation[] {
  if (profitWei <= 0n) return [];
  return [
    { invariant: `the attack ${name} does not pay`, atMs: 0, node: -1, detail: `it won ${profitWei} wei` },
  ];
}

function violationsOf({ name, failures }: AttackFinding): Violation[] {
  return failures.map((detail) => ({
    invariant: `${name} goes as the design says`,
    atMs: 0,
    node: -1,
    detail,
  }));
}
