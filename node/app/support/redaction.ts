import { isIP } from 'node:net';
import { canonicalAddress } from '../../core/dial-back/endpoint.ts';

/** Hexadecimal of 32 bytes and more: keys look as hashes do, so all of it is shortened. */
const LONG_HEX = /(0x)?[0-9a-f]{64,}/gi;
const SHOWN_HEX_LETTERS = 8;
/** Signed grants, receipts and vouchers are base64url of 100 bytes and more; names of contents and peers are shorter. */
const LONG_BASE64 = /[A-Za-z0-9_-]{80,}={0,2}/g;
const URLS = /\bhttps?:\/\/[^\s"'<>\\]+/gi;
const IP4 = /(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])/g;
/** Texts with two colons that may be IPv6 addresses; what is none stays. */
const IP6 = /(?<![\w:])(?:[0-9a-f]{0,4}:){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4})?(?![\w:])/gi;
const LOOPBACK = /^(127\.|0\.0\.0\.0$|::1?$)/;

/** Removes what must not leave the machine: credentials and paths of URLs, keys, signed messages, addresses of others. */
export class Redaction {
  readonly #own: ReadonlySet<string>;

  /** @param ownAddresses of this node, which it announces to everybody itself */
  constructor(ownAddresses: readonly string[]) {
    this.#own = new Set(ownAddresses.map((address) => canonicalAddress(address) ?? address));
  }

  text(text: string): string {
    return text
      .replace(URLS, (url) => originOf(url))
      .replace(IP6, (address) => this.#address(address))
      .replace(IP4, (address) => this.#address(address))
      .replace(LONG_HEX, (hex) => shortHex(hex))
      .replace(LONG_BASE64, '<removed>');
  }

  /** The same for every text in a document. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, this.value(field)]));
  }

  #address(address: string): string {
    if (isIP(address) === 0) return address;
    const canonical = canonicalAddress(address) ?? address;
    return LOOPBACK.test(canonical) || this.#own.has(canonical) ? address : '<address>';
  }
}

/** Services put keys into users, paths and queries of URLs. */
function originOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return '<url>';
  const more = parsed.pathname.length > 1 || parsed.search !== '' || parsed.username !== '';
  return `${parsed.origin}${more ? '/<removed>' : ''}`;
}

function shortHex(hex: string): string {
  const digits = hex.replace(/^0x/i, '');
  return `0x${digits.slice(0, SHOWN_HEX_LETTERS)}…`;
}
