import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto';

import type { Ed25519PrivateKey } from '@libp2p/interface';
import { LRUCache } from 'lru-cache';

import type { RingPorts } from '../../core/one-hop-ring/ring-ports.ts';

/** Verification keys kept ready; making one costs as much as a third of a verification. */
const MAX_CACHED_KEYS = 4_096;
const SEED_BYTES = 32;

/** Ed25519 of the ring by the platform's implementation, synchronous as the machine needs it. */
export function ringSignature(privateKey: Ed25519PrivateKey): Pick<RingPorts, 'sign' | 'verify'> {
  const signingKey = createPrivateKey({
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: base64Url(privateKey.raw.subarray(0, SEED_BYTES)),
      x: base64Url(privateKey.publicKey.raw),
    },
    format: 'jwk',
  });
  return {
    sign: (message) => new Uint8Array(sign(null, message, signingKey)),
    verify: ringVerification(),
  };
}

/** Verification alone, for those who only ask. */
export function ringVerification(): RingPorts['verify'] {
  const keys = new LRUCache<string, KeyObject>({ max: MAX_CACHED_KEYS });
  return (publicKey, message, signature) => {
    const x = base64Url(publicKey);
    const key = keys.get(x) ?? createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    keys.set(x, key);
    return verify(null, message, key, signature);
  };
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
