import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { grantNumber, receiptFor } from './journal-fixture.ts';

/*
 * A process that earns receipts until it is killed. Arguments: path of the journal, first round.
 * On stdout, one line for each receipt that the journal has acknowledged: grant number and bytes.
 */
const [path = '', firstRound = '1'] = process.argv.slice(2);
const GRANTS = 20;

const journal = new ReceiptJournal({ path, maxDelayMs: 1, maxBatchRecords: 8 });
await journal.open();
for (let number = 0; number < GRANTS; number++) {
  const { grantHash, signedGrant } = grantNumber(number);
  await journal.appendGrant(grantHash, signedGrant);
}
process.stdout.write('ready\n');
for (let round = Number(firstRound); ; round++) {
  const writes: Promise<void>[] = [];
  for (let number = 0; number < GRANTS; number++) {
    const bytes = round * 100 + number;
    const write = journal.appendReceipt(receiptFor(grantNumber(number), bytes));
    writes.push(write.then(() => void process.stdout.write(`${number} ${bytes}\n`)));
  }
  if (round % 50 === 0) await journal.compact();
  await Promise.all(writes);
}
