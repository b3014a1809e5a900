import type { Deployment } from '../../sdk/chain/deployment.ts';
import {
  moveUndoHorizon,
  readBlockAtOrBelow,
  readChainIdentity,
  readTip,
  readUndoHorizon,
  writeBlock,
  writeChainIdentity,
  writeEvent,
  type ChainIdentity,
  type IndexedBlock,
} from '../database/chain-index.ts';
import { clearCoordinatorLedger } from '../database/coordinator-ledger.ts';
import type { Database, Sql } from '../database/database.ts';
import { clearIndex, ProjectionRows, rollBackTo } from '../database/projection-rows.ts';
import { MarketplaceError } from '../errors.ts';
import { DENSE_HEADER_DEPTH, MAX_BLOCKS_PER_RANGE, MAX_ROLLBACK_BLOCKS } from '../limits.ts';
import { argument, type ChainEvent } from './chain-event.ts';
import type { BlockHeader, ChainSource } from './chain-source.ts';
import { decodeLog, readContractParameters } from './contract-codec.ts';
import { applyMarketEvent } from './market-projection.ts';
import { applyRegistryEvent } from './registry-projection.ts';

/** Headers asked for at the same time. */
const HEADERS_IN_FLIGHT = 16;

export interface FollowerOptions {
  /** What to do when the chain has another genesis than the index. */
  readonly onReplacedChain: 'refuse' | 'reset';
  /** @default MAX_BLOCKS_PER_RANGE */
  readonly maxBlocksPerRange?: number;
  /** @default MAX_ROLLBACK_BLOCKS */
  readonly maxRollbackBlocks?: number;
}

export interface FollowerStep {
  readonly head: BlockHeader;
  /** Last block applied, after this step. */
  readonly tip: IndexedBlock | undefined;
  /** Set when a reorganisation was taken back: the common ancestor, or −1 when everything was indexed again. */
  readonly rolledBackTo?: number;
  /** Set when an index of another chain was forgotten. */
  readonly replaced?: true;
}

/**
 * Applies the chain to the database, one bounded range of blocks a step.
 *
 * Every applied block is remembered with its hash. When the chain no longer has that hash, the blocks above the
 * last common one are taken back row by row and the new ones applied. A step is one transaction: a crash leaves
 * the index at a block, never between two.
 */
export class ChainFollower {
  readonly #source: ChainSource;
  readonly #database: Database;
  readonly #deployment: Deployment;
  readonly #options: FollowerOptions;
  #identified = false;
  /** Of the last range in which a block did not name the one before it. */
  #unchainedHashes: string | undefined;

  constructor(
    components: { source: ChainSource; database: Database; deployment: Deployment },
    options: FollowerOptions,
  ) {
    this.#source = components.source;
    this.#database = components.database;
    this.#deployment = components.deployment;
    this.#options = options;
  }

  /** Makes the next step check again which chain answers. */
  forgetIdentity(): void {
    this.#identified = false;
  }

  /**
   * Takes back what the chain has dropped and applies the next range.
   * @throws MarketplaceError CHAIN_UNREACHABLE, CHAIN_RESPONSE_INVALID, CHAIN_REPLACED, CHAIN_MISMATCH
   */
  async step(signal: AbortSignal): Promise<FollowerStep> {
    const replaced = this.#identified ? false : await this.#identify(signal);
    const mark: { replaced?: true } = replaced ? { replaced: true } : {};
    const head = await this.#requireHeader('latest', signal);
    const tip = await readTip(this.#database.read);
    if (tip !== undefined && !(await this.#isCanonical(tip, head, signal))) {
      // A chain that was started anew looks like a reorganisation of everything.
      const again = await this.#identify(signal);
      const rolledBackTo = again ? -1 : await this.#rollBack(tip, signal);
      return {
        head,
        tip: await readTip(this.#database.read),
        rolledBackTo,
        ...(again ? { replaced: true } : mark),
      };
    }
    const from = tip === undefined ? this.#deployment.deployedAtBlock : tip.number + 1;
    if (from > head.number) return { head, tip, ...mark };
    const to = Math.min(head.number, from + (this.#options.maxBlocksPerRange ?? MAX_BLOCKS_PER_RANGE) - 1);
    await this.#apply({ from, to, tip, headNumber: head.number }, signal);
    return { head, tip: await readTip(this.#database.read), ...mark };
  }

  /** @returns whether an index of another chain was reset */
  async #identify(signal: AbortSignal): Promise<boolean> {
    const chainId = await this.#source.chainId(signal);
    if (chainId !== this.#deployment.chainId) {
      throw new MarketplaceError(
        'CHAIN_MISMATCH',
        `The deployment is on chain ${this.#deployment.chainId.toString()}, the chain that answers is ${chainId.toString()}.`,
        { expected: this.#deployment.chainId.toString(), actual: chainId.toString() },
      );
    }
    const genesis = await this.#requireHeader(0, signal);
    const stored = await readChainIdentity(this.#database.read);
    const replaced = stored !== undefined && !this.#isSameChain(stored, genesis.hash);
    if (replaced && this.#options.onReplacedChain === 'refuse') {
      throw new MarketplaceError(
        'CHAIN_REPLACED',
        'The chain was restarted or replaced: its first block, or the deployment, is not the one that was indexed.',
        { indexedGenesis: stored.genesisHash, genesis: genesis.hash, indexedMarket: stored.market },
      );
    }
    if (stored === undefined || replaced) {
      const parameters = await readContractParameters(this.#source, this.#deployment, signal);
      const { registry, market } = this.#deployment;
      const identity: ChainIdentity = { chainId, genesisHash: genesis.hash, registry, market, ...parameters };
      await this.#database.write(async (sql) => {
        await clearIndex(sql);
        if (replaced) await clearCoordinatorLedger(sql);
        await writeChainIdentity(sql, identity);
      });
    }
    this.#identified = true;
    return replaced;
  }

  #isSameChain(stored: ChainIdentity, genesisHash: string): boolean {
    const { registry, market } = this.#deployment;
    return stored.genesisHash === genesisHash && stored.registry === registry && stored.market === market;
  }

  async #isCanonical(tip: IndexedBlock, head: BlockHeader, signal: AbortSignal): Promise<boolean> {
    if (head.number < tip.number) return false;
    if (head.number === tip.number) return head.hash === tip.hash;
    if (head.number === tip.number + 1 && head.parentHash === tip.hash) return true;
    return (await this.#source.header(tip.number, signal))?.hash === tip.hash;
  }

  /** Finds the last stored block that the chain still has and takes back everything above it. */
  async #rollBack(tip: IndexedBlock, signal: AbortSignal): Promise<number> {
    const horizon = await readUndoHorizon(this.#database.read);
    let block = await readBlockAtOrBelow(this.#database.read, tip.number - 1);
    while (block !== undefined && (await this.#source.header(block.number, signal))?.hash !== block.hash) {
      block = await readBlockAtOrBelow(this.#database.read, block.number - 1);
    }
    const ancestor = block;
    if (ancestor === undefined || ancestor.number < horizon) {
      await this.#database.write(async (sql) => {
        const identity = await readChainIdentity(sql);
        await clearIndex(sql);
        if (identity !== undefined) await writeChainIdentity(sql, identity);
      });
      return -1;
    }
    await this.#database.write((sql) => rollBackTo(sql, ancestor.number));
    return ancestor.number;
  }

  async #apply(
    range: { from: number; to: number; tip: IndexedBlock | undefined; headNumber: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { registry, market, deployedAtBlock } = this.#deployment;
    const lastBefore = await this.#requireHeader(range.to, signal);
    const query = { addresses: [registry, market], fromBlock: range.from, toBlock: range.to };
    const logs = await this.#source.logs(query, signal);
    const numbers = new Set([range.from, range.to, ...logs.map((log) => log.blockNumber)]);
    const dense = Math.max(range.from, range.headNumber - DENSE_HEADER_DEPTH);
    for (let number = dense; number <= range.to; number++) numbers.add(number);
    const headers = await this.#headers([...numbers], signal);
    const agreeing =
      headers.has(range.from) &&
      headers.get(range.to)?.hash === lastBefore.hash &&
      logs.every((log) => headers.get(log.blockNumber)?.hash === log.blockHash);
    // The chain was reorganised between the questions: the next step sees it and asks again.
    if (!agreeing || !this.#isOneChain(headers, range)) return;

    const events: ChainEvent[] = logs.flatMap((log) => {
      const header = headers.get(log.blockNumber);
      const decoded = decodeLog(this.#deployment, log);
      if (header === undefined || decoded === undefined) return [];
      const { blockNumber, blockHash, transactionHash, logIndex } = log;
      const place = { blockNumber, blockHash, transactionHash, logIndex };
      return [{ ...decoded, ...place, blockTimestampSeconds: header.timestampSeconds }];
    });
    const rollbackBlocks = this.#options.maxRollbackBlocks ?? MAX_ROLLBACK_BLOCKS;
    await this.#database.write(async (sql) => {
      const identity = await readChainIdentity(sql);
      if (identity === undefined)
        throw new MarketplaceError('NOT_INDEXED_YET', 'The index belongs to no chain yet.');
      for (const header of [...headers.values()].sort((a, b) => a.number - b.number))
        await writeBlock(sql, header);
      let rows: ProjectionRows | undefined;
      let block = -1;
      for (const event of events) {
        if (rows === undefined || event.blockNumber !== block)
          rows = ProjectionRows.ofBlock(sql, event.blockNumber);
        block = event.blockNumber;
        await applyEvent(sql, { rows, event, identity });
      }
      await moveUndoHorizon(sql, Math.max(deployedAtBlock, range.to - rollbackBlocks));
    });
  }

  /**
   * Whether each block names the one before it. A development chain that mines many blocks at once makes some that do
   * not: these count once they were read twice the same, for a chain that is being reorganised gives others.
   */
  #isOneChain(
    headers: ReadonlyMap<number, BlockHeader>,
    { from, tip }: { from: number; tip: IndexedBlock | undefined },
  ): boolean {
    const follows = (header: BlockHeader): boolean => {
      const before = header.number === from ? tip : headers.get(header.number - 1);
      return before === undefined || before.hash === header.parentHash;
    };
    const read = [...headers.values()];
    if (read.every(follows)) return true;
    const hashes = [tip, ...read].map((block) => block?.hash).join(' ');
    const again = this.#unchainedHashes === hashes;
    this.#unchainedHashes = hashes;
    return again;
  }

  async #headers(numbers: readonly number[], signal: AbortSignal): Promise<Map<number, BlockHeader>> {
    const headers = new Map<number, BlockHeader>();
    for (let i = 0; i < numbers.length; i += HEADERS_IN_FLIGHT) {
      const batch = numbers.slice(i, i + HEADERS_IN_FLIGHT);
      for (const header of await Promise.all(batch.map((number) => this.#source.header(number, signal)))) {
        if (header !== undefined) headers.set(header.number, header);
      }
    }
    return headers;
  }

  async #requireHeader(block: number | 'latest', signal: AbortSignal): Promise<BlockHeader> {
    const header = await this.#source.header(block, signal);
    if (header === undefined) {
      throw new MarketplaceError('CHAIN_RESPONSE_INVALID', `The chain does not return its block ${block}.`, {
        block,
      });
    }
    return header;
  }
}

async function applyEvent(
  sql: Sql,
  step: { rows: ProjectionRows; event: ChainEvent; identity: ChainIdentity },
): Promise<void> {
  const { rows, event, identity } = step;
  if (event.contract === 'registry') {
    await writeEvent(sql, event, argument(event, 'operator'));
    await applyRegistryEvent(rows, event, identity.minimumEdgeStakeWei);
  } else {
    await writeEvent(sql, event, argument(event, 'dealId'));
    await applyMarketEvent(rows, event, identity.epochSeconds);
  }
}
