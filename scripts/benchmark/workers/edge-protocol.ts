/** What the measuring process asks the process of an edge to do. */
export interface EdgeTasks {
  start: { ask: EdgeSetup; answer: { origin: string; processId: number } };
}

export interface EdgeSetup {
  readonly storeDirectory: string;
  /** A folder of its own. */
  readonly directory: string;
  /** Memory for what is asked for often, over all processes. */
  readonly hotBytes: number;
  /** Processes that serve; 1 is a node without workers. */
  readonly workers: number;
  /** Whether clients without a grant are rationed, generously: then every request asks the accounts. */
  readonly rationed: boolean;
}
