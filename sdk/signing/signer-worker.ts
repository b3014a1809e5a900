import { parentPort, workerData } from 'node:worker_threads';

import type { Domain } from '../protocol/eip712.ts';
import { decodeSignedReceipt, receiptDigest } from '../protocol/receipt.ts';
import { signerOf } from '../protocol/signature.ts';
import { nativeSecp256k1 } from './native-secp256k1.ts';

// A thread that finds out who signed receipts, in the order in which they come (signer-thread.ts).
const domain = workerData as Domain;

parentPort?.on('message', (text: string) => {
  const { receipt, signature } = decodeSignedReceipt(Buffer.from(text, 'latin1'));
  parentPort?.postMessage(signerOf(nativeSecp256k1, receiptDigest(domain, receipt), signature) ?? 'nobody');
});

parentPort?.postMessage('ready');
