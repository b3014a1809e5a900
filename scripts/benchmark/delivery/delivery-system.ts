import type { CID } from 'multiformats/cid';

import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import type { FetchCost } from './fetch-cost.ts';

/** The one file that every system delivers, in the forms that their sources take. */
export interface SampleFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  readonly root: CID;
  /** Its blocks as bcdn publishes them. */
  readonly content: ImportedContent;
  /** Its description for BitTorrent. */
  readonly torrentPath: string;
}

export interface DeliverySetting {
  readonly file: SampleFile;
  /** How many hold the file, each in a process of its own on the loopback interface. */
  readonly sources: number;
  /** For what a system keeps; removed after the run. */
  readonly directory: string;
}

/** A system whose sources are up. */
export interface RunningSystem {
  /**
   * Downloads the file from all sources with a process that does nothing else.
   * @param path of the file to write; its directory exists and is empty
   */
  fetch(path: string): Promise<FetchCost>;
  end(): Promise<void>;
}

/** One of the systems compared. */
export interface DeliverySystem {
  readonly name: string;
  /** Why it cannot take part and how to get it, or undefined if it is here. */
  absence(): Promise<string | undefined>;
  /** @throws BenchError when its sources do not come up */
  start(setting: DeliverySetting): Promise<RunningSystem>;
}
