/** What the measuring process asks the process of a server to do. */
export interface ServerTasks {
  start: { ask: ServerSetup; answer: { origin: string; processId: number } };
}

export interface ServerSetup {
  readonly filesDirectory: string;
  readonly storeDirectory: string;
  readonly journalPath: string;
  /** Memory for what is asked for often. */
  readonly hotBytes: number;
}
