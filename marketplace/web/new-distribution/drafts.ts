import { chainPrefix } from '../wallet/chain-memory.ts';
import type { Draft } from './draft.ts';
import { draftText, parseDraft } from './draft-text.ts';

/*
 * Drafts are in localStorage, which writes before the next line runs: a draft is kept before a wallet is asked. They stand
 * under the chain's prefix, so they are forgotten with their chain, and only when its publisher says so.
 */
const WISHES_KEY = 'bcdn-wishes';
const ANY_CHAIN = chainPrefix('').slice(0, -1);
const DRAFT = ':new-distribution:';

const keyOf = (draft: Pick<Draft, 'genesisHash' | 'dealId'>): string =>
  `${chainPrefix(draft.genesisHash).slice(0, -1)}${DRAFT}${draft.dealId}`;

export function keepDraft(draft: Draft): void {
  localStorage.setItem(keyOf(draft), draftText(draft));
}

export function forgetDraft(draft: Pick<Draft, 'genesisHash' | 'dealId'>): void {
  localStorage.removeItem(keyOf(draft));
}

/** All distributions that were begun in this browser and not finished, of every chain, the newest first. */
export function keptDrafts(): readonly Draft[] {
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(ANY_CHAIN) && key.includes(DRAFT))
    .flatMap((key) => parseDraft(localStorage.getItem(key) ?? '') ?? [])
    .toSorted((a, b) => b.reviewedAt - a.reviewedAt);
}

export const keptWishes = (): string | null => localStorage.getItem(WISHES_KEY);

export function keepWishes(text: string): void {
  localStorage.setItem(WISHES_KEY, text);
}
