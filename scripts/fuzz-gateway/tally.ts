/** Findings that are kept; a run with so many is ended. */
const MAX_FINDINGS = 20;

/** Something that must not be, with what repeats it. */
export interface Finding {
  readonly what: string;
  /** Number of the connection: `--connection` with the same seed repeats it. */
  readonly connection: number;
  /** What was sent last, shortened. */
  readonly request: string;
}

/** What is counted while requests fly. */
export class Tally {
  /** Sent. */
  requests = 0;
  answers = 0;
  /** Answers whose body was known beforehand and right. */
  exact = 0;
  connections = 0;
  /** Connections by what was done to them. */
  readonly kinds = new Map<string, number>();
  readonly statuses = new Map<number, number>();
  readonly codes = new Map<string, number>();
  /** Answers that ended before their length, as content that lies about its length must. */
  cutOff = 0;
  receivedBytes = 0;
  readonly findings: Finding[] = [];

  get full(): boolean {
    return this.findings.length >= MAX_FINDINGS;
  }

  find(finding: Finding): void {
    if (!this.full) this.findings.push(finding);
  }

  answered(status: number, code: string | undefined): void {
    this.answers += 1;
    count(this.statuses, status);
    if (code !== undefined) count(this.codes, code);
  }

  opened(kind: string): void {
    this.connections += 1;
    count(this.kinds, kind);
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
