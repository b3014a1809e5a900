import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { DEAL, grantNumber } from './journal-fixture.ts';

const KILLS = 25;
const WRITER = join(import.meta.dirname, 'journal-writer.ts');

/** Runs the writer and kills it after so many acknowledgements; returns what it had acknowledged. */
async function earnUntilKilled(
  path: string,
  firstRound: number,
  acknowledgements: number,
): Promise<Map<number, number>> {
  const child = spawn(process.execPath, [WRITER, path, String(firstRound)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged = new Map<number, number>();
  let text = '';
  let count = 0;
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') continue;
      const [number = 0, bytes = 0] = line.split(' ').map(Number);
      acknowledged.set(number, Math.max(bytes, acknowledged.get(number) ?? 0));
      count += 1;
    }
    if (count >= acknowledgements) child.kill('SIGKILL');
  }
  await exited;
  return acknowledged;
}

describe('ReceiptJournal, killed with SIGKILL', () => {
  it(`recovers every receipt that it had acknowledged, ${KILLS} times over`, async function () {
    this.timeout(120_000);
    const directory = await mkdtemp(join(tmpdir(), 'bcdn-journal-kill-'));
    const path = join(directory, 'receipts.journal');
    try {
      let round = 1;
      for (let kill = 0; kill < KILLS; kill++) {
        const acknowledged = await earnUntilKilled(path, round, 1 + ((kill * 137) % 1500));
        const journal = new ReceiptJournal({ path });
        await journal.open();
        const kept = new Map(
          journal
            .receipts({ dealId: DEAL, throughEpoch: parseEpoch(1000) })
            .map(({ signedReceipt: { receipt } }) => [receipt.grantHash, Number(receipt.bytesCumulative)]),
        );
        for (const [number, bytes] of acknowledged) {
          expect(kept.get(grantNumber(number).grantHash) ?? 0).to.be.at.least(bytes);
        }
        await journal.close();
        round = Math.ceil(Math.max(0, ...kept.values()) / 100) + 1;
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
