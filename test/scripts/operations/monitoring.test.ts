import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect } from 'chai';
import { Registry } from 'prom-client';
import { parse } from 'yaml';
import { z } from 'zod';

import { Metrics, type MetricSources } from '../../../marketplace/api/metrics.ts';
import { createGatewayMetrics } from '../../../node/adapters/http/gateway-metrics.ts';
import { exposition } from '../../../node/adapters/metrics/exposition.ts';
import { registerNodeMetrics } from '../../../node/adapters/metrics/node-metrics.ts';
import { selectionsOf } from './promql.ts';

const FOLDER = join(import.meta.dirname, '../../../scripts/operations');
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** Labels that Prometheus adds, and the only metric that it makes itself. */
const SCRAPE_LABELS = ['job', 'instance', 'le'];
const SCRAPE_METRICS = ['up'];

/** Names and labels of samples, as a scraper finds them. */
function samplesOf(text: string): Map<string, Set<string>> {
  const samples = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = samples.get(name) ?? new Set<string>();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    samples.set(name, known);
  }
  return samples;
}

/** Everything that a node can export: each counter counted once, by the code that exports it. */
async function exportedByNode(): Promise<string> {
  const registry = new Registry();
  const metrics = createGatewayMetrics(registry);
  metrics.request('ipfs', 200, 0.01);
  metrics.served('paid', 1);
  metrics.aborted(1);
  metrics.receipt('credited');
  metrics.fill('filled');
  metrics.connections(1);
  registerNodeMetrics(registry, {
    node: () => ({
      ...{ ready: true, chainConnected: true, chainBlock: 1, diskUsedBytes: 1, diskLimitBytes: 2 },
      ...{ contentsComplete: 1, atRiskBytes: 0, receiptedBytes: 1, ringMembers: 2, journalBytes: 1 },
      ...{ carriedBytes: 0, transitBytes: 0, originBytes: 0, originsFailing: 0, group: undefined },
      ...{ draining: false, month: undefined },
    }),
    money: () => ({
      parts: { paid: 1n, voucher_due: 0n, in_claim: 0n, unsettled: 0n, lost: 0n },
      paidByRoute: new Map([['voucher', 1n]]),
      gasCostByRoute: new Map([['voucher', 1n]]),
      openClaims: 0,
    }),
  });
  return (await exposition(registry)).body;
}

async function exportedByMarketplace(): Promise<string> {
  const chain = { indexedBlock: 1, blocksBehind: 0, rollbacks: 0 };
  const metrics = new Metrics({
    chain: () => chain as ReturnType<MetricSources['chain']>,
    carriage: async () => ({ contributedBytes: 0n, carriedBytes: 0n }),
    market: async () => ({
      ...{ atSeconds: 0, activeNodes: 1, readyNodes: 1, openDeals: 1, escrowedWei: 1n, deliveredBytes: 1n },
      ...{ paidWei: 1n, medianAskWeiPerGiB: 1n },
    }),
  });
  metrics.requests.observe({ method: 'GET', route: '/v1/network', status: 200 }, 0.01);
  metrics.grants.inc();
  metrics.receipts.inc({ result: 'accepted' });
  metrics.vouchers.inc();
  return metrics.text();
}

const target = z.object({ expr: z.string() });
const dashboard = z.object({
  panels: z.array(z.object({ type: z.string(), title: z.string(), targets: z.array(target).optional() })),
});
const alerts = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});

describe('monitoring', () => {
  let samples: Map<string, Set<string>>;

  before(async () => {
    samples = samplesOf(`${await exportedByNode()}\n${await exportedByMarketplace()}`);
  });

  function expectExported(expression: string): void {
    const selections = selectionsOf(expression);
    expect(selections, `nothing is asked by ${expression}`).not.to.be.empty;
    for (const { metric, labels } of selections) {
      if (SCRAPE_METRICS.includes(metric)) continue;
      const known = samples.get(metric);
      expect(known, `${metric} is not exported`).not.to.equal(undefined);
      const missing = labels.filter((label) => !SCRAPE_LABELS.includes(label) && known?.has(label) !== true);
      expect(missing, `labels that ${metric} lacks`).to.deep.equal([]);
    }
  }

  for (const { title, type, targets = [] } of dashboard.parse(JSON.parse(read('grafana-dashboard.json')))
    .panels) {
    if (type === 'row') continue;
    it(`shows in panel "${title}" what is exported`, () => {
      expect(targets).not.to.be.empty;
      for (const { expr } of targets) expectExported(expr);
    });
  }

  for (const { alert, expr } of alerts
    .parse(parse(read('alerts.yml')))
    .groups.flatMap(({ rules }) => rules)) {
    it(`warns by ${alert} of what is exported`, () => expectExported(expr));
  }

  it('finds an expression that is none, a metric that is none, and a label that is none', () => {
    expect(() => selectionsOf('sum by (')).to.throw(RangeError);
    expect(() => expectExported('rate(bcdn_invented_total[5m])')).to.throw(
      'bcdn_invented_total is not exported',
    );
    expect(() => expectExported('sum by (colour) (bcdn_ready)')).to.throw('labels that bcdn_ready lacks');
  });

  it('scrapes the jobs that panels and alerts name', () => {
    const { scrape_configs: jobs } = z
      .object({ scrape_configs: z.array(z.object({ job_name: z.string() })) })
      .parse(parse(read('prometheus.yml')));
    expect(jobs.map(({ job_name: name }) => name)).to.deep.equal(['bcdn-node', 'bcdn-marketplace']);
  });
});
