import type { Domain } from '../../../sdk/protocol/eip712.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { PlainFields } from './plain-fields.ts';
import type { Plain } from './process-channel.ts';

const MAX_PATH_LETTERS = 4_096;
const CHAIN_ID_LETTERS = 20;
const ADDRESS_LETTERS = 42;

/** What a worker is told before it serves. No secrets: it signs nothing. */
export interface WorkerSetup {
  /** Directory of the block store, which the node has opened. */
  readonly storeDirectory: string;
  /** This worker's share of the memory for hot blocks. */
  readonly hotBytes: number;
  readonly domain: Domain;
  /** For each client address; Infinity for no ration. */
  readonly freeBytesPerMinute: number;
  /** Unix socket of the gateway that answers what workers do not. */
  readonly socketPath: string;
  /** Whether an upload cap has to be kept: then every block is asked for first. */
  readonly paced: boolean;
  readonly slowClientTimeoutMs: number | undefined;
}

export function packSetup(setup: WorkerSetup): Plain {
  const { domain, freeBytesPerMinute, slowClientTimeoutMs } = setup;
  return {
    ...setup,
    domain: { chainId: domain.chainId.toString(), verifyingContract: domain.verifyingContract },
    freeBytesPerMinute: freeBytesPerMinute === Infinity ? null : freeBytesPerMinute,
    slowClientTimeoutMs: slowClientTimeoutMs ?? null,
  };
}

/** @throws WorkerError MESSAGE_INVALID */
export function unpackSetup(message: unknown): WorkerSetup {
  const fields = new PlainFields(message);
  const domain = fields.fields('domain');
  return {
    storeDirectory: fields.text('storeDirectory', MAX_PATH_LETTERS),
    hotBytes: fields.count('hotBytes'),
    domain: {
      chainId: domain.parsed('chainId', CHAIN_ID_LETTERS, BigInt),
      verifyingContract: domain.parsed('verifyingContract', ADDRESS_LETTERS, parseAddress),
    },
    freeBytesPerMinute: fields.has('freeBytesPerMinute') ? fields.count('freeBytesPerMinute') : Infinity,
    socketPath: fields.text('socketPath', MAX_PATH_LETTERS),
    paced: fields.flag('paced'),
    slowClientTimeoutMs: fields.has('slowClientTimeoutMs') ? fields.count('slowClientTimeoutMs') : undefined,
  };
}
