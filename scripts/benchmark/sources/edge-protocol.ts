/** What the measuring process asks an edge's process to do. */
export interface EdgeTasks {
  start: { ask: EdgeSetup; answer: { origin: string; addresses: readonly string[] } };
  /** Limits the upload from now on, without the burst that an idle edge may send at once; 0 for no limit. */
  cap: { ask: { bytesPerSecond: number }; answer: object };
  /**
   * Bytes that have left it for grants, those of answers that were broken off included; those that it holds receipts for; and
   * the processor time of its process, and of the thread that serves alone.
   */
  meter: {
    ask: object;
    answer: { servedBytes: number; receiptedBytes: number; cpuSeconds: number; servingSeconds: number };
  };
}

/** Addresses and hashes in hexadecimal. */
export interface EdgeSetup {
  readonly node: string;
  readonly dealId: string;
  readonly market: string;
  readonly grantSigner: string;
  readonly root: string;
  readonly archivePath: string;
  readonly journalPath: string;
  readonly epochSeconds: number;
}
