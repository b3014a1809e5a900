import type { CID } from 'multiformats/cid';

import type { CarFile } from './car-file.ts';

/** A content that is ready to be pushed. Remove `carFile` when it is no longer needed. */
export interface ImportedContent {
  readonly root: CID;
  /** Bytes of the file or of all files of the directory; not the archive's framing. */
  readonly bytes: number;
  /** Distinct blocks in the archive. */
  readonly blocks: number;
  readonly carFile: CarFile;
}
