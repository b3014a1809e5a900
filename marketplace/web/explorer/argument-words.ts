import { exactAmountText } from '../../../sdk/ui/figures.ts';

const WORDS: Readonly<Record<string, string>> = {
  amountWei: 'amount',
  askWeiPerGiB: 'asks per GiB',
  bondWei: 'bond',
  burnedWei: 'burned',
  bytesTotal: 'bytes',
  contentCodec: 'codec',
  contentRoot: 'root of the content',
  cumulative: 'earned in all',
  cumulativeWei: 'earned in all',
  dealId: 'deal',
  depositWei: 'deposit',
  feeWei: 'fee',
  fromEpoch: 'from epoch',
  grantKey: 'grant key',
  keyLastEpoch: 'last epoch of the old keys',
  libp2pPublicKey: 'libp2p key',
  lockedWei: 'locked',
  nid: 'place on the ring',
  paidWei: 'paid',
  positionBlock: 'drawn from block',
  ratePerGiB: 'per GiB',
  seedBlock: 'seed from block',
  serviceLevel: 'service level',
  stakeWei: 'stake',
  thawEndEpoch: 'thawed after epoch',
  throughEpoch: 'through epoch',
  toEpoch: 'through epoch',
  totalBytes: 'bytes',
  totalWei: 'in all',
  unbondingEndsAt: 'free at',
};
/** Roles by their number in the registry. */
const ROLES: Readonly<Record<string, string>> = { 1: 'peer', 2: 'edge' };
/** A region code: up to eight bytes of ASCII, filled with zeros. */
const REGION = /^0x(?:[2-7][0-9a-f]){1,8}(?:00)*$/i;

/** Name of an argument as people would say it; one that these pages do not know stays as it is. */
export function argumentName(name: string): string {
  return WORDS[name] ?? name;
}

/** Value of an argument as people read it: amounts in tokens, codes in letters, lists with commas. */
export function argumentText(name: string, value: string): string {
  const isAmount = /wei|perGiB|cumulative/i.test(name);
  if (isAmount && /^\d{1,39}$/.test(value)) return exactAmountText(BigInt(value));
  if (name === 'role') return ROLES[value] ?? value;
  if (name === 'region' && REGION.test(value)) return asciiOf(value.slice(2));
  if (name === 'endpoints') return listed(value);
  return value;
}

function asciiOf(hex: string): string {
  const codes = hex.match(/../g) ?? [];
  return String.fromCharCode(...codes.map((code) => Number.parseInt(code, 16)).filter((code) => code > 0));
}

/** A list that came as JSON. */
function listed(json: string): string {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.join(', ') : json;
  } catch {
    // What is no JSON is shown as the contracts said it.
    return json;
  }
}
