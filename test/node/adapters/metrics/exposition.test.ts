import { expect } from 'chai';
import { Counter, Gauge, Registry } from 'prom-client';

import { exposition } from '../../../../node/adapters/metrics/exposition.ts';

describe('exposition of metrics', () => {
  it('writes OpenMetrics: families without the suffix of counters, samples with it, and an end', async () => {
    const registry = new Registry();
    new Counter({ name: 'bcdn_tried_total', help: 'Tried.', registers: [registry] }).inc(3);
    const { contentType, body } = await exposition(registry);
    expect(contentType).to.equal('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body).to.equal('# HELP bcdn_tried Tried.\n# TYPE bcdn_tried counter\nbcdn_tried_total 3\n# EOF\n');
  });

  it('joins registries, and writes the same again at the next scrape', async () => {
    const [first, second] = [new Registry(), new Registry()];
    new Counter({ name: 'bcdn_tried_total', help: 'Tried.', registers: [first] }).inc(1);
    new Gauge({ name: 'bcdn_open', help: 'Open.', registers: [second] }).set(2);
    const { body } = await exposition(first, second);
    expect(body).to.contain('bcdn_tried_total 1').and.contain('bcdn_open 2');
    expect((await exposition(first, second)).body).to.equal(body);
    expect(first.contentType, 'the registries stay as they are').to.contain('text/plain');
  });
});
