import {
  bytesToHex,
  bytesToUtf8,
  concatBytes,
  copyBytes,
  readUint64,
  requireLength,
  uint64ToBytes,
  utf8ToBytes,
} from './bytes.ts';
import {
  bytes32Word,
  stringWord,
  structHash,
  typedDataDigest,
  typeHash,
  uintWord,
  type Domain,
} from './eip712.ts';
import { ProtocolError } from './errors.ts';
import { requireVersion } from './grant.ts';
import {
  identifierBytes,
  parseContentRoot,
  parseDealId,
  type ContentRoot,
  type DealId,
} from './identifiers.ts';
import { MAX_UINT64 } from './limits.ts';
import { SIGNATURE_BYTES } from './signature.ts';

/**
 * What a publisher tells all who keep its content: `purge` drops copies, which may be fetched again; `takedown` ends the
 * deal's delivery for good; `tag` gives the content a name under which it can be purged with others.
 */
export const NOTICE_KINDS = ['purge', 'takedown', 'tag'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** Longest path that a notice names, in bytes of UTF-8. */
export const MAX_NOTICE_PATH_BYTES = 1_024;
/** Longest tag, in characters. */
export const MAX_TAG_LENGTH = 64;
/** Purges and tags are obeyed for so long after they were issued, so that nobody has to remember them for longer. */
export const NOTICE_VALIDITY_SECONDS = 3_600;
/** A notice may be issued so far in the future: clocks differ. */
export const NOTICE_SKEW_SECONDS = 300;

/** A publisher's word about the content of its deal. Never goes on chain. */
export interface ContentNotice {
  readonly dealId: DealId;
  readonly kind: NoticeKind;
  /** Content of the deal. */
  readonly contentRoot: ContentRoot;
  /** With `purge`: what lies below this path of the content, `/a/b`; empty for all of it. */
  readonly path: string;
  /** With `tag` the name; with `purge` all contents of the publisher that have it; else empty. */
  readonly tag: string;
  /** Tells notices of one deal apart: one of the same number counts once. */
  readonly sequence: bigint;
  /** Unix seconds. */
  readonly issuedAt: bigint;
}

export interface SignedContentNotice {
  readonly notice: ContentNotice;
  /** By the deal's publisher, EIP-2098. */
  readonly signature: Uint8Array;
}

/** Encoded type of the message (EIP-712, encodeType): wallets are shown its members by these names. */
export const CONTENT_NOTICE_TYPE =
  'ContentNotice(bytes32 dealId,string kind,bytes32 contentRoot,string path,string tag,uint64 sequence,uint64 issuedAt)';
const CONTENT_NOTICE_TYPE_HASH = typeHash(CONTENT_NOTICE_TYPE);
const VERSION = 1;
/** version, kind, deal, content, sequence, issuedAt, length of path, length of tag. */
const HEAD_BYTES = 1 + 1 + 32 + 32 + 8 + 8 + 2 + 1;
/** Longest signed notice on the wire. */
export const MAX_SIGNED_NOTICE_BYTES = HEAD_BYTES + MAX_NOTICE_PATH_BYTES + MAX_TAG_LENGTH + SIGNATURE_BYTES;

const TAG_FORM = /^[A-Za-z0-9._:-]+$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** @throws ProtocolError NOTICE_INVALID naming the field */
export function requireNoticeForm(notice: ContentNotice): void {
  const { kind, path, tag, sequence, issuedAt } = notice;
  if (!NOTICE_KINDS.includes(kind)) throw invalid('kind', `it is one of ${NOTICE_KINDS.join(', ')}`);
  if (path !== '') requirePath(notice);
  if (tag !== '') requireTag(tag);
  if (kind === 'tag' && tag === '') throw invalid('tag', 'a content is given a tag that is not empty');
  if (kind === 'takedown' && tag !== '') throw invalid('tag', 'a takedown is of one content, not of a tag');
  for (const [field, value] of Object.entries({ sequence, issuedAt })) {
    if (value < 0n || value > MAX_UINT64) throw invalid(field, 'it is an unsigned 64-bit number');
  }
}

/** @throws ProtocolError NOTICE_INVALID unless it is a tag of letters, digits, `.`, `_`, `:` and `-` */
export function requireTag(tag: string): void {
  if (tag.length <= MAX_TAG_LENGTH && TAG_FORM.test(tag)) return;
  throw invalid(
    'tag',
    `it has 1 to ${MAX_TAG_LENGTH} letters, digits, dots, underscores, colons and hyphens`,
  );
}

/** Signed by the deal's publisher. */
export function contentNoticeDigest(domain: Domain, notice: ContentNotice): Uint8Array {
  return typedDataDigest(
    domain,
    structHash(
      CONTENT_NOTICE_TYPE_HASH,
      bytes32Word(notice.dealId),
      stringWord(notice.kind),
      bytes32Word(notice.contentRoot),
      stringWord(notice.path),
      stringWord(notice.tag),
      uintWord(notice.sequence),
      uintWord(notice.issuedAt),
    ),
  );
}

/** @throws ProtocolError NOTICE_INVALID, LENGTH_INVALID */
export function encodeSignedNotice({ notice, signature }: SignedContentNotice): Uint8Array {
  requireNoticeForm(notice);
  requireLength(signature, SIGNATURE_BYTES);
  const path = utf8ToBytes(notice.path);
  const tag = utf8ToBytes(notice.tag);
  return concatBytes(
    Uint8Array.of(VERSION, NOTICE_KINDS.indexOf(notice.kind)),
    identifierBytes(notice.dealId),
    identifierBytes(notice.contentRoot),
    uint64ToBytes(notice.sequence),
    uint64ToBytes(notice.issuedAt),
    Uint8Array.of(path.length >> 8, path.length & 0xff, tag.length),
    path,
    tag,
    signature,
  );
}

/**
 * Decodes and checks the form; who signed it is another matter.
 * @throws ProtocolError LENGTH_INVALID, VERSION_UNKNOWN, UTF8_INVALID, NOTICE_INVALID
 */
export function decodeSignedNotice(bytes: Uint8Array): SignedContentNotice {
  if (bytes.length < HEAD_BYTES + SIGNATURE_BYTES || bytes.length > MAX_SIGNED_NOTICE_BYTES) {
    throw new ProtocolError('LENGTH_INVALID', 'These bytes are no signed notice.', {
      actual: bytes.length,
      max: MAX_SIGNED_NOTICE_BYTES,
    });
  }
  requireVersion(bytes, VERSION);
  const kind = NOTICE_KINDS[bytes[1] ?? NOTICE_KINDS.length];
  if (kind === undefined) throw invalid('kind', `it is one of ${NOTICE_KINDS.join(', ')}`);
  const pathBytes = ((bytes[82] ?? 0) << 8) | (bytes[83] ?? 0);
  const tagBytes = bytes[84] ?? 0;
  requireLength(bytes, HEAD_BYTES + pathBytes + tagBytes + SIGNATURE_BYTES);
  const tagAt = HEAD_BYTES + pathBytes;
  const signatureAt = tagAt + tagBytes;
  const notice: ContentNotice = {
    kind,
    dealId: parseDealId(bytesToHex(bytes.subarray(2, 34))),
    contentRoot: parseContentRoot(bytesToHex(bytes.subarray(34, 66))),
    sequence: readUint64(bytes, 66),
    issuedAt: readUint64(bytes, 74),
    path: bytesToUtf8(bytes.subarray(HEAD_BYTES, tagAt)),
    tag: bytesToUtf8(bytes.subarray(tagAt, signatureAt)),
  };
  requireNoticeForm(notice);
  return { notice, signature: copyBytes(bytes.subarray(signatureAt)) };
}

function requirePath({ kind, path, tag }: ContentNotice): void {
  if (kind !== 'purge' || tag !== '') throw invalid('path', 'only a purge without a tag names a path');
  const names = path.split('/').slice(1);
  const good =
    path.startsWith('/') &&
    utf8ToBytes(path).length <= MAX_NOTICE_PATH_BYTES &&
    !CONTROL_CHARACTER.test(path) &&
    names.every((name) => name !== '' && name !== '.' && name !== '..');
  if (!good) {
    throw invalid(
      'path',
      `it begins with a slash and has names only, at most ${MAX_NOTICE_PATH_BYTES} bytes`,
    );
  }
}

function invalid(field: string, rule: string): ProtocolError {
  return new ProtocolError('NOTICE_INVALID', `The ${field} of the notice is not valid: ${rule}.`, { field });
}
