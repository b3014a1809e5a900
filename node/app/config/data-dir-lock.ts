import { DatabaseSync } from 'node:sqlite';
import { NodeError } from '../node-error.ts';
import type { DataDir } from './data-dir.ts';

/** Holds a data directory for one process; the operating system frees it when the process dies, however it dies. */
export class DataDirLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Takes the lock. @throws NodeError DATA_DIR_IN_USE */
  static acquire(dataDir: DataDir): DataDirLock {
    const database = new DatabaseSync(dataDir.lock);
    try {
      database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
    } catch (error) {
      database.close();
      throw new NodeError('DATA_DIR_IN_USE', {
        message: `Another process is using the data directory ${dataDir.root}.`,
        remedy: 'Stop the running node first (`bcdn-node status` tells whether one runs).',
        values: { path: dataDir.root },
        cause: error,
      });
    }
    return new DataDirLock(database);
  }

  release(): void {
    this.#database.close();
  }
}
