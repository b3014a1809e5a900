/** What the measuring process asks the process of a viewer to do. */
export interface ViewerTasks {
  start: { ask: ViewerSetup; answer: object };
  /** Fetches so many blocks, for grants with a receipt for each, or without either. */
  fetch: { ask: { paid: boolean; blocks: number }; answer: ViewerFigures };
}

export interface ViewerSetup {
  readonly marketplaceUrl: string;
  readonly origin: string;
  readonly root: string;
  /** Blocks that are fetched in turn. */
  readonly cids: readonly string[];
  /** Blocks under way at once, each for a grant of its own. */
  readonly lanes: number;
}

export interface ViewerFigures {
  readonly bytes: number;
  readonly seconds: number;
  /** Of this process, all threads. */
  readonly cpuSeconds: number;
}
