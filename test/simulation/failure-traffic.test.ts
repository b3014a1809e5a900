import { expect } from 'chai';

import type { RingMessage } from '../../node/core/one-hop-ring/wire-message.ts';
import { Simulation } from '../../scripts/simulator/engine/simulation.ts';
import { ConstantDelay } from '../../scripts/simulator/networks/constant-delay.ts';

describe('traffic of one failure, simulated', () => {
  it('stays with the few who watch the dead member: being asked about it makes nobody ask others', async () => {
    const simulation = new Simulation({ seed: 3, network: new ConstantDelay(100) });
    simulation.bootstrap(300);
    const sent = new Map<RingMessage['kind'], number>();
    simulation.observers.push({
      onSent: (_from, _to, message) => {
        sent.set(message.kind, (sent.get(message.kind) ?? 0) + 1);
      },
    });
    await simulation.run(3_000);
    simulation.crash(simulation.live.random(simulation.streams.stream('victim')));
    await simulation.run(12_000);
    for (const node of simulation.live.inOrder) expect(node.table.ringSize).to.equal(299);
    expect(sent.get('indirect-ping') ?? 0).to.be.within(3, 80);
    expect(sent.get('testimony') ?? 0).to.be.within(1, 150);
  });
});
