import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { PRIVATE_FILE_MODE } from '../keystore/private-file.ts';

/** A log file grows so far, then it becomes the previous one, which is dropped: at most twice this is on disk. */
export const MAX_LOG_BYTES = 4 * 2 ** 20;

/** The last log lines of a node on disk, for its operator only, in two files of a bounded size. */
export class BoundedLog {
  readonly #path: string;
  readonly #previous: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #bytes = 0;
  #lostLines = 0;

  /** @param options `maxBytes` of each of the two files @default 4 MiB */
  constructor(options: {
    readonly path: string;
    readonly previous: string;
    readonly maxBytes?: number | undefined;
  }) {
    this.#path = options.path;
    this.#previous = options.previous;
    this.#maxBytes = options.maxBytes ?? MAX_LOG_BYTES;
  }

  /** Lines that no disk took; the node goes on without them. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** Writes one line. Never throws: a full disk must not stop a node for its log. */
  write(line: string): void {
    try {
      const bytes = Buffer.from(line);
      if (this.#file !== undefined && this.#bytes + bytes.length > this.#maxBytes) {
        this.close();
        renameSync(this.#path, this.#previous);
      }
      const file = (this.#file ??= this.#open());
      this.#bytes += writeSync(file, bytes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#lostLines += 1;
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    const file = openSync(this.#path, 'a', PRIVATE_FILE_MODE);
    this.#bytes = fstatSync(file).size;
    return file;
  }
}
