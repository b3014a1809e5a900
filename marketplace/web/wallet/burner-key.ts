import type { Hex } from '../../../sdk/protocol/bytes.ts';
import { burnerKey, checkedKey } from './burner-wallet.ts';

const STORAGE_KEY = 'bcdn-burner-key';
const KEY_BYTES = 32;

/** The key that this browser keeps, if there is one. */
export function keptBurnerKey(): Hex | undefined {
  const kept = localStorage.getItem(STORAGE_KEY);
  return kept === null ? undefined : checkedKey(kept);
}

/** The key that this browser keeps; makes one where there is none. */
export function burnerKeyOfBrowser(): Hex {
  const kept = keptBurnerKey();
  if (kept !== undefined) return kept;
  const made = burnerKey(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  localStorage.setItem(STORAGE_KEY, made);
  return made;
}
