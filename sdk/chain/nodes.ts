import type { JsonRpcProvider } from 'ethers';

import { bytesToHex, bytesToUtf8, hexToBytes, utf8ToBytes, type Hex } from '../protocol/bytes.ts';
import { parseAddress, parseBytes32, parseNid, type Address, type Nid } from '../protocol/identifiers.ts';
import { callRegistry } from './contract-call.ts';
import { ChainError } from './chain-errors.ts';
import { connectContracts } from './contracts.ts';
import type { Deployment } from './deployment.ts';
import type { INodeRegistry } from './generated/types/index.ts';
import { signPermit } from './permits.ts';
import { fromChain } from './reverts.ts';
import { storedTexts } from './stored-texts.ts';
import { approveTokens } from './tokens.ts';
import type { MinedTransaction, TransactionSender } from './transactions.ts';

/** Longest region code, bytes. */
export const MAX_REGION_BYTES = 8;
/** Nodes asked for at a time; the registry's own bound. */
const PAGE_NODES = 100;
/** Blocks that `drawPosition` waits for at most. */
const POSITION_POLL_MS = 250;

export type NodeRole = 'peer' | 'edge';
const ROLE_NUMBER: Readonly<Record<NodeRole, number>> = { peer: 1, edge: 2 };

/** What an operator states at registration. */
export interface NodeRegistration {
  readonly role: NodeRole;
  /** Raw Ed25519 public key of the libp2p host, 32 bytes. */
  readonly libp2pPublicKey: Hex;
  /** `a-z`, `0-9`, `-`; at most 8 characters, e.g. "eu-west". */
  readonly region: string;
  /** Multiaddrs, at most 8 of at most 128 bytes. */
  readonly endpoints: readonly string[];
  readonly askWeiPerGiB: bigint;
  readonly stakeWei: bigint;
}

/** A node as the registry knows it. */
export interface NodeRecord {
  readonly operator: Address;
  readonly role: NodeRole;
  readonly active: boolean;
  readonly region: string;
  readonly libp2pPublicKey: Hex;
  /** Position on the ring; undefined until drawn. */
  readonly nid: Nid | undefined;
  readonly askWeiPerGiB: bigint;
  readonly stakeWei: bigint;
  readonly unbondingWei: bigint;
  /** Seconds since 1970; 0 if nothing is being unbonded. */
  readonly unbondingEndsAt: number;
  /** Block whose hash gives the position; 0 if none is fixed. */
  readonly positionBlock: number;
  /** Those that are printable text: the registry takes any bytes. */
  readonly endpoints: readonly string[];
}

/** A region code as the registry stores it, e.g. `regionToBytes8('eu-west')`. @throws ChainError CHAIN_REFUSED */
export function regionToBytes8(region: string): Hex {
  const bytes = utf8ToBytes(region);
  if (bytes.length === 0 || bytes.length > MAX_REGION_BYTES) {
    throw new ChainError('CHAIN_REFUSED', `A region has 1 to ${MAX_REGION_BYTES} characters.`, { region });
  }
  const padded = new Uint8Array(MAX_REGION_BYTES);
  padded.set(bytes);
  return bytesToHex(padded);
}

/** The text of a stored region code. */
export function regionFromBytes8(stored: string): string {
  const bytes = hexToBytes(stored, MAX_REGION_BYTES);
  const end = bytes.indexOf(0);
  return bytesToUtf8(end === -1 ? bytes : bytes.subarray(0, end));
}

function recordOf(node: INodeRegistry.NodeStructOutput): NodeRecord | undefined {
  if (node.role === 0n) return undefined;
  return {
    operator: parseAddress(node.operator),
    role: node.role === 2n ? 'edge' : 'peer',
    active: node.active,
    region: regionFromBytes8(node.region),
    libp2pPublicKey: parseBytes32(node.libp2pPublicKey, 'libp2p public key'),
    nid: BigInt(node.nid) === 0n ? undefined : parseNid(node.nid),
    askWeiPerGiB: node.askWeiPerGiB,
    stakeWei: node.stakeWei,
    unbondingWei: node.unbondingWei,
    unbondingEndsAt: Number(node.unbondingEndsAt),
    positionBlock: Number(node.positionBlock),
    endpoints: storedTexts(node.endpoints),
  };
}

/** A node, or undefined if the operator has none. @throws ChainError CHAIN_UNREACHABLE */
export async function readNode(
  provider: JsonRpcProvider,
  deployment: Deployment,
  operator: Address,
): Promise<NodeRecord | undefined> {
  return recordOf(await fromChain(connectContracts(provider, deployment).registry.nodeOf(operator)));
}

/** All nodes, read page by page at one block. @throws ChainError CHAIN_UNREACHABLE */
export async function readNodes(provider: JsonRpcProvider, deployment: Deployment): Promise<NodeRecord[]> {
  const { registry } = connectContracts(provider, deployment);
  const blockTag = await fromChain(provider.getBlockNumber());
  const total = Number(await fromChain(registry.nodeCount({ blockTag })));
  const records: NodeRecord[] = [];
  for (let offset = 0; offset < total; offset += PAGE_NODES) {
    const page = await fromChain(registry.nodesPage(offset, PAGE_NODES, { blockTag }));
    records.push(...page.map(recordOf).filter((record) => record !== undefined));
  }
  return records;
}

/** The operator that owns a libp2p key, or undefined. @throws ChainError CHAIN_UNREACHABLE */
export async function readOperatorOfKey(
  provider: JsonRpcProvider,
  deployment: Deployment,
  libp2pPublicKey: Hex,
): Promise<Address | undefined> {
  const owner = await fromChain(
    connectContracts(provider, deployment).registry.operatorOfKey(libp2pPublicKey),
  );
  return BigInt(owner) === 0n ? undefined : parseAddress(owner);
}

/** Registers the sender's node; stake is approved by permit, so it is one transaction. @throws ChainError */
export async function registerNode(
  sender: TransactionSender,
  registration: NodeRegistration,
  signal?: AbortSignal,
): Promise<MinedTransaction> {
  const tuple = {
    ...registration,
    role: ROLE_NUMBER[registration.role],
    region: regionToBytes8(registration.region),
  };
  if (registration.stakeWei === 0n) return callRegistry(sender, 'register', [tuple], signal);
  const permit = await signPermit(sender, sender.deployment.registry, registration.stakeWei);
  return callRegistry(sender, 'registerWithPermit', [tuple, permit], signal);
}

/**
 * Draws the ring position of a node: waits for the block that gives it, and does nothing if somebody else drew it.
 *
 * @returns the position.
 * @throws ChainError CHAIN_REVERTED (PositionNotArmed, NotRegistered), CHAIN_ABORTED
 */
export async function drawPosition(
  sender: TransactionSender,
  operator: Address,
  signal?: AbortSignal,
): Promise<Nid> {
  for (;;) {
    const node = await readNode(sender.provider, sender.deployment, operator);
    if (node?.nid !== undefined) return node.nid;
    const blockNumber = await fromChain(sender.provider.getBlockNumber());
    if (node !== undefined && node.positionBlock !== 0 && blockNumber <= node.positionBlock) {
      await sender.pause(POSITION_POLL_MS, signal);
      continue;
    }
    try {
      await callRegistry(sender, 'drawPosition', [operator], signal);
    } catch (error) {
      // Somebody else drew it between reading and sending: the next reading shows it.
      if (!(error instanceof ChainError) || error.values['error'] !== 'PositionAlreadyDrawn') throw error;
    }
  }
}

/** Replaces the endpoints of the sender's node. @throws ChainError */
export const updateEndpoints = (
  sender: TransactionSender,
  endpoints: readonly string[],
  signal?: AbortSignal,
): Promise<MinedTransaction> => callRegistry(sender, 'updateEndpoints', [endpoints], signal);

/** Replaces the asked price of the sender's node. @throws ChainError */
export const updateAsk = (
  sender: TransactionSender,
  askWeiPerGiB: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> => callRegistry(sender, 'updateAsk', [askWeiPerGiB], signal);

/** Adds to the stake of the sender's node (two transactions: approve and stake). @throws ChainError */
export async function addStake(
  sender: TransactionSender,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> {
  await approveTokens(sender, sender.deployment.registry, amountWei, signal);
  return callRegistry(sender, 'addStake', [amountWei], signal);
}

/** Starts to unbond stake of the sender's node; the whole stake to leave. @throws ChainError */
export const requestUnstake = (
  sender: TransactionSender,
  amountWei: bigint,
  signal?: AbortSignal,
): Promise<MinedTransaction> => callRegistry(sender, 'requestUnstake', [amountWei], signal);

/** Takes back what was unbonded. @throws ChainError */
export const withdrawStake = (sender: TransactionSender, signal?: AbortSignal): Promise<MinedTransaction> =>
  callRegistry(sender, 'withdrawStake', [], signal);
