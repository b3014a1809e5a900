import { parentPort, workerData } from 'node:worker_threads';

import { nativeSecp256k1 } from '../signing/native-secp256k1.ts';
import type { ReceiptRules } from './receipt-check.ts';
import { checkPage } from './verify-pages.ts';

// A thread that verifies pages in the order in which they come (verify-pages-in-workers.ts).
const rules = workerData as ReceiptRules;

parentPort?.on('message', (page: Uint8Array) => {
  parentPort?.postMessage(checkPage(page, rules, nativeSecp256k1));
});
