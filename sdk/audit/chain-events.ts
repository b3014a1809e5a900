import type { Interface, JsonRpcProvider, Log } from 'ethers';

import { claimsInterface, marketInterface } from '../chain/contracts.ts';
import { fromChain } from '../chain/reverts.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { AuditError } from './audit-error.ts';
import type { AuditHeader } from './audit-file.ts';
import { MAX_BLOCKS_PER_QUESTION, MAX_EVENTS } from './audit-limits.ts';
import type { DealEvent } from './deal-event.ts';

/** Which events to read. */
export interface EventRange {
  readonly dealId: DealId;
  readonly market: Address;
  readonly fromBlock: number;
  readonly throughBlock: number;
}

/** Reads the events of a deal from the chain itself. @throws ChainError CHAIN_UNREACHABLE; AuditError AUDIT_TOO_LARGE */
export async function readDealEvents(
  provider: JsonRpcProvider,
  { dealId, market, fromBlock, throughBlock }: EventRange,
): Promise<DealEvent[]> {
  const events: DealEvent[] = [];
  for (let from = fromBlock; from <= throughBlock; from += MAX_BLOCKS_PER_QUESTION) {
    const toBlock = Math.min(throughBlock, from + MAX_BLOCKS_PER_QUESTION - 1);
    const filter = { address: market, topics: [null, dealId], fromBlock: from, toBlock };
    const logs = await fromChain(provider.getLogs(filter));
    events.push(...logs.map(eventOf).filter((event) => event !== undefined));
    if (events.length > MAX_EVENTS) {
      throw new AuditError('AUDIT_TOO_LARGE', `One audit takes ${MAX_EVENTS} events.`, {
        values: { maxEvents: MAX_EVENTS },
        remedy: 'Ask the developers for an audit of larger deals.',
      });
    }
  }
  return events.sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
}

/**
 * Requires that the chain has the block up to which a file tells events.
 * @throws AuditError AUDIT_CHAIN_OTHER; ChainError CHAIN_UNREACHABLE
 */
export async function requireBlockOf(provider: JsonRpcProvider, header: AuditHeader): Promise<void> {
  const { chainId } = await fromChain(provider.getNetwork());
  const block = await fromChain(provider.getBlock(header.block.number));
  const actual = chainId === header.chainId ? (block?.hash ?? 'none') : `chain ${chainId}`;
  if (actual === header.block.hash) return;
  throw new AuditError('AUDIT_CHAIN_OTHER', 'The chain does not have the block that the file ends with.', {
    values: { chainId: header.chainId, block: header.block.number, expected: header.block.hash, actual },
    remedy: 'Give --rpc of the chain of the deal; if it was reorganised, download the file again.',
  });
}

/** @returns undefined for a log that is no event of the market */
function eventOf(log: Log): DealEvent | undefined {
  for (const face of [marketInterface, claimsInterface]) {
    const decoded = argumentsOf(face, log);
    if (decoded !== undefined) {
      const { blockNumber, index: logIndex, transactionHash } = log;
      return { blockNumber, logIndex, transactionHash: transactionHash.toLowerCase(), ...decoded };
    }
  }
  return undefined;
}

function argumentsOf(face: Interface, log: Log): Pick<DealEvent, 'name' | 'arguments'> | undefined {
  const parsed = face.parseLog(log);
  if (parsed === null) return undefined;
  const named: Record<string, string | string[]> = {};
  parsed.fragment.inputs.forEach((input, position) => {
    named[input.name] = plainValue(parsed.args[position]);
  });
  return { name: parsed.name, arguments: named };
}

/** Integers as decimal text, hexadecimal in lower case, lists element by element. */
function plainValue(value: unknown): string | string[] {
  if (Array.isArray(value)) return value.map((element) => String(element));
  const text = String(value);
  return text.startsWith('0x') ? text.toLowerCase() : text;
}
