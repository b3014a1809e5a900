import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { parseCid } from '../../../sdk/protocol/content.ts';
import { parseContentRoot } from '../../../sdk/protocol/identifiers.ts';
import { MAX_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import type { BlockReader, ContentIndex } from '../../core/storage/block-ports.ts';
import type { DeliveryAccounts } from '../delivery-desk/delivery-accounts.ts';
import type { FillsBlocks } from '../http/fills-blocks.ts';
import type { GatewayLog } from '../http/gateway-components.ts';
import { isPart } from '../http/block-location.ts';
import { HASH_LETTERS } from './accounts-door.ts';
import { unpackLogLine } from './log-line.ts';
import { PlainFields } from './plain-fields.ts';
import type { Plain } from './process-channel.ts';
import { messageInvalid } from './worker-error.ts';
import { unpackReport, type WorkerReport } from './worker-report.ts';

/** Longest CID that is served: base32 of a SHA-256, with room for other bases. */
const MAX_CID_LETTERS = 128;

export interface NodeSideComponents {
  readonly accounts: DeliveryAccounts;
  readonly domain: Domain;
  /** The store that this process owns. */
  readonly store: BlockReader & ContentIndex;
  readonly fill: FillsBlocks;
  /** Waits until so many bytes may leave under the operator's cap. */
  readonly pace: (bytes: number) => Promise<void>;
  readonly report: (report: WorkerReport) => void;
  readonly log: GatewayLog;
}

/** What the process that holds the state does for its workers. */
export class NodeSide {
  readonly accounts: DeliveryAccounts;
  readonly domain: Domain;
  readonly log: GatewayLog;
  readonly #components: NodeSideComponents;

  constructor(components: NodeSideComponents) {
    this.accounts = components.accounts;
    this.domain = components.domain;
    this.log = components.log;
    this.#components = components;
  }

  /** @throws WorkerError MESSAGE_INVALID; what the parts throw */
  answer(kind: string, question: unknown): Promise<Plain> {
    if (kind === 'fill') return this.#fill(new PlainFields(question));
    if (kind === 'pace') return this.#pace(new PlainFields(question));
    return Promise.reject(messageInvalid(`nobody answers ${kind.slice(0, 32)}`));
  }

  /** @throws WorkerError MESSAGE_INVALID */
  hear(kind: string, note: unknown): void {
    if (kind === 'report') this.#components.report(unpackReport(note));
    else if (kind === 'log') {
      const { level, message, values } = unpackLogLine(note);
      this.log[level](values, message);
    } else throw messageInvalid(`nobody hears ${kind.slice(0, 32)}`);
  }

  async #fill(fields: PlainFields): Promise<Plain> {
    const { store, fill } = this.#components;
    const cid = fields.parsed('cid', MAX_CID_LETTERS, parseCid);
    const root = fields.has('contentRoot')
      ? fields.parsed('contentRoot', HASH_LETTERS, parseContentRoot)
      : undefined;
    // Reading mends: a file that is torn is dropped. And another worker may have had the block fetched meanwhile.
    const stored = await store.get(cid);
    if (stored !== undefined && (root === undefined || isPart(store, root, cid))) {
      return { stored: true, collapsed: true, absentMs: 0, passing: false };
    }
    const outcome = await fill.fill(cid, root);
    // What passes through this process's memory only, no worker can read.
    const passing = outcome.stored && (await store.sizeOf(cid)) === undefined;
    return { ...outcome, passing };
  }

  async #pace(fields: PlainFields): Promise<Plain> {
    await this.#components.pace(fields.count('bytes', MAX_BLOCK_BYTES));
    return null;
  }
}
