import { ReceiptJournal } from '../../../../node/adapters/disk/receipt-journal.ts';
import { forgetEpochs } from '../../../../node/app/settlement/paid-receipts.ts';
import { SettlementStore } from '../../../../node/app/settlement/settlement-store.ts';
import { parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { DEAL, grantNumber, receiptFor } from '../../adapters/disk/journal-fixture.ts';

/*
 * A node's books until it is killed: receipts of one epoch after the other, late ones of epochs before, old epochs
 * forgotten. Arguments: paths of journal and store, first epoch. On stdout, one line for each receipt that is
 * acknowledged: epoch, grant and bytes.
 */
const [journalPath = '', storePath = '', firstEpoch = '1'] = process.argv.slice(2);
const GRANTS = 4;
const LATE_EPOCHS = 3;

const journal = new ReceiptJournal({ path: journalPath, maxDelayMs: 1, maxBatchRecords: 8 });
await journal.open();
const store = SettlementStore.open(storePath);
process.stdout.write('ready\n');

async function earn(epoch: number, number: number, bytes: number): Promise<void> {
  const grant = grantNumber(number, { epoch });
  await journal.appendPair({ signedGrant: grant.signedGrant, signedReceipt: receiptFor(grant, bytes) });
  process.stdout.write(`${epoch} ${number} ${bytes}\n`);
}

for (let epoch = Number(firstEpoch); ; epoch++) {
  const writes: Promise<void>[] = [];
  for (let number = 0; number < GRANTS; number++) writes.push(earn(epoch, number, 100 + number));
  if (epoch > LATE_EPOCHS) writes.push(earn(epoch - LATE_EPOCHS, 0, 1_000), earn(epoch - LATE_EPOCHS, 99, 7));
  await Promise.all(writes);
  if (epoch > LATE_EPOCHS + 1) {
    await forgetEpochs({ journal, store }, DEAL, parseEpoch(epoch - LATE_EPOCHS - 1));
  }
  if (epoch % 20 === 0) await journal.compact();
}
