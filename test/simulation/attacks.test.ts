import { expect } from 'chai';

import { ALL_ATTACKS } from '../../scripts/simulator/attacks/all-attacks.ts';
import { AttackArena } from '../../scripts/simulator/attacks/attack-arena.ts';

/** What a unit of gas costs: nothing, so that no attack fails only because gas is dear. */
const FREE_GAS = 0n;

describe('simulation: attacks on payment', function () {
  this.timeout(60_000);
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
      expect(finding.profitWei <= finding.boundWei, `won ${finding.profitWei} wei`).to.equal(true);
      expect(finding.takenWei <= finding.takenBoundWei, `took ${finding.takenWei} wei`).to.equal(true);
    });
  }
});
