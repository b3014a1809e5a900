import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Closed } from '../../sdk/publish/close-distribution.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import type { Viewing } from './delivery.ts';
import type { InputFile } from './input-file.ts';
import type { Network } from './network.ts';
import type { NodeBooks } from './node-books.ts';
import type { PeerBooks } from './peer-books.ts';
import type { Progress } from './progress.ts';
import type { ReceiptRow } from './receipt-rows.ts';
import type { RingHealing } from './ring-healing.ts';

/** Everything a job needs. */
export interface Job {
  readonly network: Network;
  readonly file: InputFile;
  readonly viewers: number;
  readonly folder: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What is known after everything was delivered, settled and closed. */
export interface JobOutcome {
  readonly job: Job;
  readonly publication: Publication;
  readonly viewings: readonly Viewing[];
  readonly healing: RingHealing;
  readonly books: readonly NodeBooks[];
  readonly paidByChain: ReadonlyMap<Address, bigint>;
  readonly receipts: readonly ReceiptRow[];
  readonly peerBooks: readonly PeerBooks[];
  readonly closed: Closed;
  /** Largest memory of each edge process, where the system tells it. */
  readonly edgePeakBytes: readonly number[];
  /** Tokens left in the market contract at the end. */
  readonly marketBalanceWei: bigint;
  readonly seconds: number;
}
