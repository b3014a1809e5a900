import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import type { Address } from '../../../../sdk/protocol/identifiers.ts';
import type { Secp256k1 } from '../../../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { keyOf } from './played-deal.ts';

/**
 * Signs as libsecp256k1 does, but with the first, second, … key of a word in the place of the first, second, … private
 * key that it is shown. The vault draws its keys from the system's randomness, and equal runs need equal keys.
 */
export class CountedKeys implements Secp256k1 {
  readonly #word: string;
  readonly #known = new Map<string, Uint8Array>();

  constructor(word: string) {
    this.#word = word;
  }

  recover(digest: Uint8Array, signature: Uint8Array): Address {
    return nativeSecp256k1.recover(digest, signature);
  }

  sign(digest: Uint8Array, privateKey: Uint8Array): Uint8Array {
    return nativeSecp256k1.sign(digest, this.#inPlaceOf(privateKey));
  }

  addressOf(privateKey: Uint8Array): Address {
    return nativeSecp256k1.addressOf(this.#inPlaceOf(privateKey));
  }

  #inPlaceOf(privateKey: Uint8Array): Uint8Array {
    const shown = bytesToHex(privateKey);
    const key = this.#known.get(shown) ?? keyOf(`${this.#word} ${this.#known.size}`);
    this.#known.set(shown, key);
    return key;
  }
}
