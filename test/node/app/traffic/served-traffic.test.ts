import { expect } from 'chai';
import { Registry } from 'prom-client';

import type { DeliveryAccounts } from '../../../../node/adapters/delivery-desk/delivery-accounts.ts';
import { createGatewayMetrics } from '../../../../node/adapters/http/gateway-metrics.ts';
import { ServedTraffic } from '../../../../node/app/traffic/served-traffic.ts';
import { DeliveryError } from '../../../../node/core/delivery/delivery-error.ts';

const refusing: DeliveryAccounts = {
  open: () => Promise.reject(refusal()),
  resume: async () => undefined,
  reserve: () => Promise.reject(refusal()),
  takeFree: async () => ({ leaveId: 1 }),
  settle: () => undefined,
  lose: () => undefined,
  takeReceipts: async () => [],
};

function refusal(): DeliveryError {
  return new DeliveryError('CREDIT_EXHAUSTED', 'No more credit.', { values: {}, remedy: 'Sign.' });
}

describe('traffic that was served', () => {
  it('counts what left and what was begun, not what was refused', async () => {
    const traffic = new ServedTraffic();
    const accounts = traffic.accounts(refusing);
    await accounts.takeFree('::1', 1_000);
    accounts.settle(1, { sentBytes: 700, complete: false });
    let failure: unknown;
    await accounts
      .reserve(`0x${'00'.repeat(32)}` as Parameters<typeof accounts.reserve>[0], 5)
      .catch((error: unknown) => {
        failure = error;
      });
    expect(failure).to.be.instanceOf(DeliveryError);
    expect(traffic.figures()).to.deep.equal({ sentBytes: 700, transfers: 1, misses: 0, connections: 0 });
  });

  it('hears of misses and connections what the metrics hear', async () => {
    const registry = new Registry();
    const traffic = new ServedTraffic();
    const metrics = traffic.metrics(createGatewayMetrics(registry));
    metrics.fill('filled');
    metrics.fill('missing');
    metrics.connections(3);
    expect(traffic.figures()).to.include({ misses: 2, connections: 3 });
    const { body } = await metrics.text();
    expect(body).to.contain('bcdn_http_connections 3').and.contain('bcdn_fills_total{outcome="filled"} 1');
  });
});
