import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { transferTokens } from '../../sdk/chain/tokens.ts';
import { ALL_ATTACKS } from '../../scripts/simulator/attacks/all-attacks.ts';
import type { Attack } from '../../scripts/simulator/attacks/attack.ts';
import { AttackArena } from '../../scripts/simulator/attacks/attack-arena.ts';
import { OPEN_DEALS } from '../../scripts/simulator/attacks/open-deals.ts';
import { Purse } from '../../scripts/simulator/attacks/world/party.ts';
import { attacks } from '../../scripts/simulator/scenarios/attacks.ts';
import { SimulatorError } from '../../scripts/simulator/simulator-error.ts';
import { runSmall } from './small-scenario.ts';

/** What a unit of gas costs: nothing, so that no attack fails only because gas is dear. */
const FREE_GAS = 0n;
const SIMULATE = fileURLToPath(new URL('../../scripts/simulator/main.ts', import.meta.url));

describe('simulation: attacks on payment', function () {
  this.timeout(120_000);
  let arena: AttackArena;

  before(async () => {
    arena = await AttackArena.open({ seed: 1, tokenWeiPerGas: FREE_GAS });
  });
  after(() => arena.close());

  for (const attack of ALL_ATTACKS) {
    it(`${attack.name}: ${attack.description}`, async () => {
      const finding = await arena.play(attack);
      expect(finding.failures).to.deep.equal([]);
      expect(finding.detected).to.deep.equal(attack.refusals);
      const advantageWei = finding.profitWei + finding.takenWei;
      expect(advantageWei <= finding.boundWei, `won ${advantageWei} wei`).to.equal(true);
      expect(finding.profitWei <= 0n, `a profit of ${finding.profitWei} wei`).to.equal(true);
    });
  }

  for (const measure of OPEN_DEALS) {
    it(`${measure.name}, a property of deals without an audience: ${measure.description}`, async () => {
      const finding = await arena.play(measure);
      expect(finding.failures).to.deep.equal([]);
      expect(finding.grossWei > 0n && finding.grossWei <= finding.boundWei).to.equal(true);
    });
  }

  describe('the arena', () => {
    const planted = (run: Attack['run']): Attack => ({
      name: 'planted',
      description: 'A test.',
      refusals: ['EpochSettled'],
      run,
    });

    it('says what was won beyond the bound, and what was refused otherwise than expected', async () => {
      const gift = planted(async ({ operator, treasury }) => {
        const purse = await Purse.open(operator);
        await transferTokens(treasury, operator.address, 5n);
        return { ...(await purse.close()), takenWei: 2n, boundWei: 6n };
      });
      const { failures, detected } = await arena.play(gift);
      expect(detected).to.deep.equal([]);
      expect(failures).to.deep.equal([
        'it won 5 wei and took 2, at most 6 are possible by design',
        'it was refused by nothing, not by EpochSettled',
      ]);
    });

    it('refuses an attack whose step is accepted, and goes back to where it began', async () => {
      let before = 0n;
      const accepted = planted(async ({ operator, treasury, refusals }) => {
        before = await operator.balance();
        await refusals.expect(transferTokens(treasury, operator.address, 5n));
        return { grossWei: 0n, gasUsed: 0n };
      });
      const failure = await arena.play(accepted).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(SimulatorError).and.to.include({ code: 'ATTACK_BROKEN' });
      let after = 0n;
      const look = planted(async ({ operator }) => {
        after = await operator.balance();
        return { grossWei: 0n, gasUsed: 0n };
      });
      await arena.play(look);
      expect(after).to.equal(before);
    });
  });

  it('is reported by the scenario with a price of gas, the same in every run', async () => {
    const run = () => runSmall(attacks, { nodes: 2, values: { only: 'wash-traffic' } });
    const [report, again] = [await run(), await run()];
    expect(report).to.deep.equal(again);
    expect(report.violations).to.deep.equal([]);
    const [row] = report.tables?.['attacks'] ?? [];
    expect(row).to.include({ name: 'wash-traffic', bound: '0', takenWei: '0' });
    expect(row?.['detected']).to.deep.equal(['PROTOCOL_FEE']);
    expect(BigInt(String(row?.['profitWei'])) < BigInt(String(row?.['grossWei']))).to.equal(true);
  });

  it('is reported apart from what an open deal can lose', async () => {
    const report = await runSmall(attacks, { nodes: 2, values: { only: 'open-deal-fake-viewers' } });
    expect(report.violations).to.deep.equal([]);
    expect(report.measured).to.include({ played: 0, profitable: 0 });
    expect(report.tables?.['attacks']).to.deep.equal([]);
    const [row] = report.tables?.['openDeals'] ?? [];
    expect(row?.name).to.equal('open-deal-fake-viewers');
    expect(BigInt(String(row?.['lossWei']))).to.equal(BigInt(String(row?.['bound'])));
  });

  it('are printed by the command as one JSON document', async () => {
    const argv = [SIMULATE, 'attacks', '--only', 'dust-redemption', '--json', '--quiet'];
    const { stdout } = await promisify(execFile)(process.execPath, argv);
    const document = JSON.parse(stdout) as { scenario: string; seed: number; attacks: object[] };
    expect(document).to.include({ scenario: 'attacks', seed: 1 });
    const [attack] = document.attacks;
    expect(attack).to.include({ name: 'dust-redemption', bound: '0', grossWei: '0' });
    expect(attack).to.deep.include({ detected: ['WrongNode', 'NothingDue'] });
    expect(attack)
      .to.have.property('profitWei')
      .that.matches(/^-[0-9]+$/);
  });
});
