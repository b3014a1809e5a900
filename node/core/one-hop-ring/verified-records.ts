import { bytesToHex, equalBytes, type Hex } from '../../../sdk/protocol/bytes.ts';
import { MAX_VERIFIED_RECORDS } from './limits.ts';
import { verifyProviderRecord, type ProviderRecord } from './provider-record.ts';

type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** Signatures of provider records, each checked once: popular contents are looked up again and again. */
export class VerifiedRecords {
  readonly #network: string;
  readonly #verify: Verify;
  /** Whole records by signature; the oldest is forgotten first. */
  readonly #verified = new Map<Hex, Uint8Array>();

  constructor(network: string, verify: Verify) {
    this.#network = network;
    this.#verify = verify;
  }

  isGenuine(record: ProviderRecord): boolean {
    const id = bytesToHex(record.signature);
    const held = this.#verified.get(id);
    if (held !== undefined && equalBytes(held, record.encoded)) return true;
    if (!verifyProviderRecord(record, this.#network, this.#verify)) return false;
    this.#verified.set(id, record.encoded);
    const oldest = this.#verified.keys().next();
    if (this.#verified.size > MAX_VERIFIED_RECORDS && oldest.done !== true)
      this.#verified.delete(oldest.value);
    return true;
  }
}
