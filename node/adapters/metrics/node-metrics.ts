import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

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
  /** Undefined while the node is in no cooperation group. */
  readonly group: GroupFigures | undefined;
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

type FigureName = Exclude<keyof NodeFigures, 'group'>;

const gauges: readonly (readonly [FigureName, name: string, help: string])[] = [
  ['ready', 'bcdn_ready', '1 when the node is registered, joined and serving.'],
  ['chainConnected', 'bcdn_chain_connected', '1 while the chain answers.'],
  ['chainBlock', 'bcdn_chain_block', 'Number of the newest block seen.'],
  ['diskUsedBytes', 'bcdn_disk_used_bytes', 'Disk taken by content.'],
  ['diskLimitBytes', 'bcdn_disk_limit_bytes', 'Disk that content may take.'],
  ['contentsComplete', 'bcdn_contents_complete', 'Contents of which every block is stored.'],
  ['atRiskBytes', 'bcdn_at_risk_bytes', 'Bytes served that a crash now would leave unpaid.'],
  ['receiptedBytes', 'bcdn_receipted_bytes', 'Bytes that viewers have signed for since the journal began.'],
  ['ringMembers', 'bcdn_ring_members', 'Edges in the ring as this node sees it.'],
  ['journalBytes', 'bcdn_journal_bytes', 'Length of the receipt journal.'],
];

const groupGauges: readonly (readonly [keyof GroupFigures, name: string, help: string])[] = [
  ['members', 'bcdn_group_members', 'Members of the cooperation group that this node exchanges with.'],
  ['summaryBytes', 'bcdn_group_summary_bytes', 'Memory taken by what the other members claim to hold.'],
  ['routedOwn', 'bcdn_group_routed_own', 'Routes that ended at this node itself, since start.'],
  ['routedGroup', 'bcdn_group_routed_group', 'Routes that ended at a member of the own group, since start.'],
  ['routedRing', 'bcdn_group_routed_ring', 'Routes that the index of the ring had to tell, since start.'],
  ['beyondTwoHops', 'bcdn_group_beyond_two_hops', 'Routes of more than two hops, since start.'],
  ['falsePositives', 'bcdn_group_false_positives', 'Claims of members that proved wrong, since start.'],
];

/** Exports the figures of a node, read at each scrape, and those of its process. */
export function registerNodeMetrics(registry: Registry, read: () => NodeFigures): void {
  collectDefaultMetrics({ register: registry });
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
}
