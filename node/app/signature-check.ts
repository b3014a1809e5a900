import type { Secp256k1 } from '../../sdk/protocol/signature.ts';
import { nativeSecp256k1 } from '../../sdk/signing/native-secp256k1.ts';

/**
 * Signature checks of a node. Signatures that arrive in request bodies are views of Node's buffers, whose `slice` does
 * not copy: each is copied here first, so that checking one can never change the bytes that are journaled after it.
 */
export const nodeSecp256k1: Secp256k1 = {
  ...nativeSecp256k1,
  recover: (digest, signature) => nativeSecp256k1.recover(digest, Uint8Array.from(signature)),
};
