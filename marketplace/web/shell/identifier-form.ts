/** Kinds of things that have a page under their identifier. */
export type IdentifierKind = 'node' | 'deal' | 'transaction' | 'content';

interface Form {
  readonly pattern: RegExp;
  /** What its identifier looks like, in words. */
  readonly words: string;
}

const FORMS: Readonly<Record<IdentifierKind, Form>> = {
  node: { pattern: /^0x[0-9a-f]{40}$/, words: 'The address of a node is 0x and 40 hexadecimal digits.' },
  deal: { pattern: /^0x[0-9a-f]{64}$/, words: 'The identifier of a deal is 0x and 64 hexadecimal digits.' },
  transaction: {
    pattern: /^0x[0-9a-f]{64}$/,
    words: 'The hash of a transaction is 0x and 64 hexadecimal digits.',
  },
  // Version 1 in base32, version 0 in base58; whether one that has the form is right is said by who reads it.
  content: {
    pattern: /^(b[a-z2-7]{48,126}|Qm[1-9A-HJ-NP-Za-km-z]{44})$/,
    words: 'The CID of a content begins with "b" or "Qm" and has at least 46 letters and digits.',
  },
};

/** Whether a text can be an identifier of this kind at all. */
export function hasForm(kind: IdentifierKind, text: string): boolean {
  return FORMS[kind].pattern.test(text);
}

/** What one looks like, as a sentence. */
export function formWords(kind: IdentifierKind): string {
  return FORMS[kind].words;
}
