import { collectDefaultMetrics, Counter, Gauge, type Registry } from 'prom-client';

/** Figures of a node at one moment, base units. */
export interface NodeFigures {
  readonly ready: boolean;
  readonly chainConnected: boolean;
  readonly chainBlock: number | undefined;
  readonly diskUsedBytes: number;
  readonly diskLimitBytes: number;
  readonly contentsComplete: number;
  readonly atRiskBytes: number;
  readonly receiptedBytes: number;
  readonly ringMembers: number;
  readonly journalBytes: number;
  /** Left for other domains under carriage grants. */
  readonly carriedBytes: number;
  readonly transitBytes: number;
  /** Fetched from origins of publishers since start. */
  readonly originBytes: number;
  /** Origins that gave nothing the last time. */
  readonly originsFailing: number;
  /** Whether its operator lets it take nothing new. */
  readonly draining: boolean;
  /** Of this calendar month; undefined where the operator set no monthly cap. */
  readonly month: MonthFigures | undefined;
  /** Undefined while the node is in no cooperation group. */
  readonly group: GroupFigures | undefined;
}

/** What was sent of what may be sent in the calendar month. */
export interface MonthFigures {
  readonly sentBytes: number;
  readonly capBytes: number;
  /** Not even one more block may leave. */
  readonly isUsedUp: boolean;
  /** Unix seconds. */
  readonly resetsAtSeconds: number;
}

/** Money of all deals at one moment, wei of BCDN, and gas, wei of the chain's coin. */
export interface MoneyFigures {
  /** Where metered money is; the parts add up to it. */
  readonly parts: Readonly<Record<'paid' | 'voucher_due' | 'in_claim' | 'unsettled' | 'lost', bigint>>;
  readonly paidByRoute: ReadonlyMap<string, bigint>;
  readonly gasCostByRoute: ReadonlyMap<string, bigint>;
  readonly openClaims: number;
}

/** Of the cooperation group. */
export interface GroupFigures {
  readonly members: number;
  readonly summaryBytes: number;
  readonly routedOwn: number;
  readonly routedGroup: number;
  readonly routedRing: number;
  readonly beyondTwoHops: number;
  readonly falsePositives: number;
}

type FigureName = Exclude<keyof NodeFigures, 'group' | 'month' | 'originBytes'>;

const gauges: readonly (readonly [FigureName, name: string, help: string])[] = [
  ['ready', 'bcdn_ready', '1 when the node is registered, joined and serving.'],
  ['draining', 'bcdn_draining', '1 while the operator drains the node: it takes nothing new.'],
  ['chainConnected', 'bcdn_chain_connected', '1 while the chain answers.'],
  ['chainBlock', 'bcdn_chain_block', 'Number of the newest block seen.'],
  ['diskUsedBytes', 'bcdn_disk_used_bytes', 'Disk taken by content.'],
  ['diskLimitBytes', 'bcdn_disk_limit_bytes', 'Disk that content may take.'],
  ['contentsComplete', 'bcdn_contents_complete', 'Contents of which every block is stored.'],
  ['atRiskBytes', 'bcdn_at_risk_bytes', 'Bytes served that a crash now would leave unpaid.'],
  ['receiptedBytes', 'bcdn_receipted_bytes', 'Bytes that viewers have signed for since the journal began.'],
  ['ringMembers', 'bcdn_ring_members', 'Edges in the ring as this node sees it.'],
  ['journalBytes', 'bcdn_journal_bytes', 'Length of the receipt journal.'],
  ['carriedBytes', 'bcdn_carried_bytes', 'Bytes of peers carried between domains, as far as remembered.'],
  ['transitBytes', 'bcdn_transit_bytes', 'Memory taken by blocks on their way between domains.'],
  ['originsFailing', 'bcdn_origins_failing', 'Origins of publishers that gave nothing the last time.'],
];

/** What only grows while the process runs. */
const counters: readonly (readonly [name: string, help: string, read: (figures: NodeFigures) => number])[] = [
  [
    'bcdn_origin_fetched_bytes_total',
    'Bytes fetched from origins of publishers.',
    ({ originBytes }) => originBytes,
  ],
  [
    'bcdn_group_beyond_two_hops_total',
    'Routes of more than two hops.',
    ({ group }) => group?.beyondTwoHops ?? 0,
  ],
  [
    'bcdn_group_false_positives_total',
    'Claims of members that proved wrong.',
    ({ group }) => group?.falsePositives ?? 0,
  ],
];

const monthGauges: readonly (readonly [keyof MonthFigures, name: string, help: string])[] = [
  ['sentBytes', 'bcdn_month_sent_bytes', 'Sent in this calendar month; 0 without a monthly cap.'],
  ['capBytes', 'bcdn_month_cap_bytes', 'What the operator lets leave in a calendar month; 0 without a cap.'],
  ['isUsedUp', 'bcdn_month_cap_reached', '1 when nothing more may leave in this calendar month.'],
  [
    'resetsAtSeconds',
    'bcdn_month_reset_timestamp_seconds',
    'When the next calendar month begins, Unix time; 0 without a monthly cap.',
  ],
];

const groupGauges: readonly (readonly [keyof GroupFigures, name: string, help: string])[] = [
  ['members', 'bcdn_group_members', 'Members of the cooperation group that this node exchanges with.'],
  ['summaryBytes', 'bcdn_group_summary_bytes', 'Memory taken by what the other members claim to hold.'],
];

/** Where figures are read at each scrape. */
export interface FigureSources {
  readonly node: () => NodeFigures;
  readonly money: () => MoneyFigures;
}

/** Exports the figures of a node, read at each scrape, and those of its process. */
export function registerNodeMetrics(registry: Registry, { node: read, money }: FigureSources): void {
  collectDefaultMetrics({ register: registry });
  registerMoneyMetrics(registry, money);
  for (const [figure, name, help] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(Number(read()[figure] ?? 0));
      },
    });
  }
  for (const [figure, name, help] of groupGauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read().group?.[figure] ?? 0);
      },
    });
  }
  for (const [figure, name, help] of monthGauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(Number(read().month?.[figure] ?? 0));
      },
    });
  }
  for (const [name, help, count] of counters) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(count(read()));
      },
    });
  }
  new Counter({
    name: 'bcdn_group_routes_total',
    help: 'Routes by where they ended: at this node, at a member of its group, or by the index of the ring.',
    labelNames: ['end'],
    registers: [registry],
    collect() {
      const { group } = read();
      this.reset();
      this.inc({ end: 'own' }, group?.routedOwn ?? 0);
      this.inc({ end: 'group' }, group?.routedGroup ?? 0);
      this.inc({ end: 'ring' }, group?.routedRing ?? 0);
    },
  });
}

/** Amounts are exported as floating-point numbers, as all figures: the exact ones are in `bcdn-node earnings`. */
function registerMoneyMetrics(registry: Registry, read: () => MoneyFigures): void {
  const registers = [registry];
  new Gauge({
    name: 'bcdn_earnings_wei',
    help: 'Where what viewers have signed for is, wei of BCDN: the parts add up to what is metered.',
    labelNames: ['part'],
    registers,
    collect() {
      // One reading for all four, at the first of them: they must agree, and it walks over all deals.
      const { parts, paidByRoute, gasCostByRoute, openClaims } = read();
      for (const [part, wei] of Object.entries(parts)) this.set({ part }, Number(wei));
      for (const [route, wei] of paidByRoute) paid.set({ route }, Number(wei));
      for (const [route, wei] of gasCostByRoute) gas.set({ route }, Number(wei));
      claims.set(openClaims);
    },
  });
  const paid = new Gauge({
    ...{
      name: 'bcdn_paid_wei',
      help: 'Paid on chain by route, wei of BCDN.',
      labelNames: ['route'],
      registers,
    },
  });
  const gas = new Gauge({
    ...{
      name: 'bcdn_gas_cost_wei',
      help: 'Gas spent by route, wei of the coin.',
      labelNames: ['route'],
      registers,
    },
  });
  const claims = new Gauge({
    ...{ name: 'bcdn_open_claims', help: 'Sampled claims that are not decided.', registers },
  });
}
