import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { nodeEarnings } from '../../../../node/app/earnings/node-earnings.ts';
import { SettlementStore } from '../../../../node/app/settlement/settlement-store.ts';
import { parseAddress, parseContentRoot, type Epoch } from '../../../../sdk/protocol/identifiers.ts';
import { DEAL } from '../../adapters/disk/journal-fixture.ts';

const KILLS = 12;
const WRITER = join(import.meta.dirname, 'books-writer.ts');

/** Best acknowledged bytes by epoch and grant. */
type Acknowledged = Map<number, Map<number, number>>;

/** Runs the writer, kills it after so many receipts, and adds what it had acknowledged. */
async function earnUntilKilled(
  paths: readonly [string, string],
  firstEpoch: number,
  receipts: number,
  into: Acknowledged,
): Promise<void> {
  const child = spawn(process.execPath, [WRITER, ...paths, String(firstEpoch)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  let count = 0;
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') continue;
      const [epoch = 0, number = 0, bytes = 0] = line.split(' ').map(Number);
      const grants = into.get(epoch) ?? new Map<number, number>();
      grants.set(number, Math.max(bytes, grants.get(number) ?? 0));
      into.set(epoch, grants);
      count += 1;
    }
    if (count >= receipts) child.kill('SIGKILL');
  }
  await exited;
}

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** All that the writer ever earns in an epoch: four grants, one of them raised later, and a late one. */
const WHOLE_EPOCH = 1_000 + 101 + 102 + 103 + 7;

async function bytesByEpoch([journalPath, storePath]: readonly [string, string]): Promise<
  ReadonlyMap<Epoch, bigint>
> {
  const journal = new ReceiptJournal({ path: journalPath });
  await journal.open();
  const store = SettlementStore.open(storePath);
  try {
    const zero = parseAddress(`0x${'00'.repeat(20)}`);
    const contentRoot = parseContentRoot(`0x${'cc'.repeat(32)}`);
    store.noteDeal({ dealId: DEAL, publisher: zero, contentRoot, contentCodec: 0x55, ratePerGiB: 1n });
    const [books] = nodeEarnings({ journal, store, allocation: () => undefined, ripeEpoch: undefined }).deals;
    return books?.deal.bytesByEpoch ?? new Map<Epoch, bigint>();
  } finally {
    store.close();
    await journal.close();
  }
}

describe('books of a node that is killed with SIGKILL', () => {
  it(`count every acknowledged byte once, forgotten epochs or not, ${KILLS} times over`, async function () {
    this.timeout(120_000);
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-books-'));
    const paths = [join(directory, 'receipts.journal'), join(directory, 'settlements.sqlite')] as const;
    try {
      const acknowledged: Acknowledged = new Map();
      let firstEpoch = 1;
      for (let kill = 0; kill < KILLS; kill++) {
        await earnUntilKilled(paths, firstEpoch, 1 + ((kill * 137) % 400), acknowledged);
        const books = await bytesByEpoch(paths);
        for (const [epoch, grants] of acknowledged) {
          const counted = Number([...books].find(([each]) => each === epoch)?.[1] ?? 0n);
          expect(counted, `epoch ${epoch}`).to.be.within(sum(grants.values()), WHOLE_EPOCH);
        }
        // The epoch in which it was killed is not begun again: it may be forgotten, or half earned.
        firstEpoch = Math.max(...books.keys()) + 1;
      }
      expect(firstEpoch).to.be.above(100);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
