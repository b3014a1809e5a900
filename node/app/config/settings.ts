import { isIP } from 'node:net';
import { z } from 'zod';
import { parseAddress, type Address } from '../../../sdk/protocol/identifiers.ts';
import { DEFAULT_FREE_BYTES_PER_MINUTE, MAX_UINT128 } from '../../../sdk/protocol/limits.ts';
import { DOMAIN_LABEL } from '../../../sdk/protocol/network-domain.ts';
import { MAX_WORKERS } from '../../adapters/workers/worker-limits.ts';
import { NodeError } from '../node-error.ts';
import { parseSize, parseTokens } from './units.ts';

/** Longest region code that fits the registry's bytes8. */
export const MAX_REGION_LETTERS = 8;
/** The registry takes at most eight endpoints; each announced host makes three. */
export const MAX_ANNOUNCED_HOSTS = 2;
export const MAX_BOOTSTRAP_ADDRESSES = 32;
const MAX_PORT = 65_535;
const MAX_URL_LETTERS = 512;

/** One setting: where it comes from in each source, and what it means. */
export interface SettingDescription {
  readonly flag: string;
  readonly argument: string;
  readonly description: string;
  readonly environment: string;
  readonly fallback?: string;
}

const size = z.string().transform((text, context) => {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a size such as 10GiB' });
  return z.NEVER;
});

const optionalSize = z.string().transform((text, context): number | undefined => {
  if (text === 'none') return undefined;
  const bytes = parseSize(text);
  if (bytes !== undefined && bytes > 0) return bytes;
  context.addIssue({ code: 'custom', message: 'must be a size above zero such as 10MiB, or none' });
  return z.NEVER;
});

const wei = z
  .string()
  .regex(/^\d{1,39}$/, 'must be a whole number of wei')
  .transform((text) => BigInt(text))
  .refine((value) => value <= MAX_UINT128, 'is beyond what the registry can hold');

/** An amount of tokens: bare digits are wei, as the setting's name says; a unit is taken at its word. */
const tokenWei = z.string().transform((text, context): bigint => {
  const amount = /^\d{1,39}$/.test(text) ? BigInt(text) : parseTokens(text);
  if (amount !== undefined && amount <= MAX_UINT128) return amount;
  const message =
    amount === undefined
      ? 'must be a whole number of wei, or an amount with its unit such as 2.5BCDN'
      : 'is beyond what the registry can hold';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const wholeNumber = (max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value <= max, `must not exceed ${max}`);

/** What a schema reads, or the word that stands for none. */
const optional = <T>(schema: z.ZodType<T, z.ZodTypeDef, string>, word: string) =>
  z.string().transform((text, context): T | undefined => {
    if (text === word) return undefined;
    const result = schema.safeParse(text);
    if (result.success) return result.data;
    context.addIssue({ code: 'custom', message: `${result.error.issues[0]?.message}, or ${word}` });
    return z.NEVER;
  });

const httpUrl = z
  .string()
  .max(MAX_URL_LETTERS)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'must be an http:// or https:// URL')
  .transform((text) => text.replace(/\/+$/, ''));

const address = z.string().transform((text, context): Address => {
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) return parseAddress(text);
  context.addIssue({ code: 'custom', message: 'must be an address: 0x and 40 hex digits' });
  return z.NEVER;
});

const host = z.string().refine((text) => isIP(text) !== 0, 'must be an IP address');

const list = (item: z.ZodType<string>, max: number) =>
  z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part.length > 0),
    )
    .pipe(z.array(item).max(max));

const announcedHost = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text),
    'must be a host',
  );

const multiaddr = z.string().max(256).startsWith('/', 'must be a multiaddr');

/** How each setting is read; every source gives text, so all take the same way. */
const settingSchemas = {
  role: z.enum(['edge', 'peer'], { message: 'must be edge or peer' }),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be lower-case letters, digits and dashes')
    .max(MAX_REGION_LETTERS, `must not exceed ${MAX_REGION_LETTERS} letters`),
  domain: z
    .string()
    .regex(
      new RegExp(`^$|${DOMAIN_LABEL.source}`),
      'must be up to 32 lower-case letters, digits, dots and dashes',
    ),
  disk: size.refine((bytes) => bytes >= 4 * 2 ** 20, 'must be at least 4MiB'),
  rpcUrl: httpUrl,
  marketplaceUrl: httpUrl,
  askWeiPerGib: tokenWei,
  stakeWei: tokenWei,
  payout: address,
  httpHost: host,
  httpPort: wholeNumber(MAX_PORT),
  listenHost: host,
  tcpPort: wholeNumber(MAX_PORT),
  wsPort: wholeNumber(MAX_PORT),
  announceHosts: list(announcedHost, MAX_ANNOUNCED_HOSTS),
  bootstrap: list(multiaddr, MAX_BOOTSTRAP_ADDRESSES),
  uploadCap: optionalSize,
  monthlyCap: optionalSize,
  carriage: wholeNumber(100),
  freeAllowance: size,
  memoryCache: size,
  allowPrivateOrigins: z
    .enum(['yes', 'no'], { message: 'must be yes or no' })
    .transform((text) => text === 'yes'),
  workers: wholeNumber(MAX_WORKERS).refine((count) => count >= 1, 'must be at least 1'),
  settleMinimumWei: tokenWei,
  directClaimAfterEpochs: wholeNumber(10_000),
  sampledClaimFromReceipts: optional(wholeNumber(100_000), 'auto'),
  gasTokenWei: tokenWei,
  maxGasPriceWei: optional(wei, 'none'),
  dashboardPort: optional(wholeNumber(MAX_PORT), 'none'),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'must be fatal, error, warn, info, debug, trace or silent',
  }),
} as const;

export type SettingName = keyof typeof settingSchemas;

/** Checked settings of a node. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof settingSchemas)[Name]> };

/** Settings as text, as they come from flags, environment or file. */
export type SettingTexts = Partial<Record<SettingName, string>>;

export const settingNames = Object.keys(settingSchemas) as SettingName[];

/** Every setting with its flag and default; BCDN_ and the flag in capitals is the environment's name. */
export const settingDescriptions: Readonly<Record<SettingName, SettingDescription>> = describeAll({
  role: ['--role', '<edge|peer>', 'edge: serves, is on the ring and is paid; peer: local gateway'],
  region: ['--region', '<code>', 'region code of at most 8 letters, such as eu-west'],
  domain: [
    '--domain',
    '<label>',
    'provider or site inside the region, such as as3320: peers exchange directly inside it',
    '',
  ],
  disk: ['--disk', '<size>', 'hard limit of stored content', '10GiB'],
  rpcUrl: ['--rpc-url', '<url>', 'JSON-RPC of the chain'],
  marketplaceUrl: ['--marketplace-url', '<url>', 'the marketplace whose coordinator issues grants'],
  askWeiPerGib: [
    '--ask-wei-per-gib',
    '<wei>',
    'lowest price for a delivered GiB, such as 0.25BCDN',
    '1000000000000000000',
  ],
  stakeWei: ['--stake-wei', '<wei>', 'stake to lock at registration, such as 100BCDN', '0'],
  payout: ['--payout', '<address>', 'where `withdraw` sends earnings'],
  httpHost: ['--http-host', '<ip>', 'address the gateway listens on', '127.0.0.1'],
  httpPort: ['--http-port', '<port>', 'port of the gateway, 0 for any', '0'],
  listenHost: ['--listen-host', '<ip>', 'address libp2p listens on', '127.0.0.1'],
  tcpPort: ['--tcp-port', '<port>', 'libp2p TCP port, 0 for any', '0'],
  wsPort: ['--ws-port', '<port>', 'libp2p WebSocket port, 0 for any', '0'],
  announceHosts: ['--announce-host', '<hosts>', 'public hosts to announce, comma-separated', ''],
  bootstrap: ['--bootstrap', '<multiaddrs>', 'edges to join through besides the registry', ''],
  uploadCap: ['--upload-cap', '<size>', 'most bytes per second sent to viewers, or none', 'none'],
  monthlyCap: [
    '--monthly-cap',
    '<size>',
    'most bytes sent to viewers and other nodes in a calendar month (UTC), or none',
    'none',
  ],
  carriage: [
    '--carriage',
    '<percent>',
    'share of the upload cap that an edge lends to carry contents of peers between domains, 0 for none',
    '25',
  ],
  freeAllowance: [
    '--free-allowance',
    '<size>',
    'bytes per address and minute without a grant',
    String(DEFAULT_FREE_BYTES_PER_MINUTE),
  ],
  memoryCache: ['--memory-cache', '<size>', 'blocks kept in memory', '32MiB'],
  allowPrivateOrigins: [
    '--allow-private-origins',
    '<yes|no>',
    'whether publishers may name origins at private and loopback addresses',
    'no',
  ],
  workers: ['--workers', '<count>', 'processes that serve viewers behind one port, for an edge', '1'],
  settleMinimumWei: ['--settle-minimum-wei', '<wei>', 'settle by itself from this due amount on', '1'],
  directClaimAfterEpochs: [
    '--direct-claim-after-epochs',
    '<epochs>',
    'claim receipts on chain after the coordinator failed this long',
    '10',
  ],
  sampledClaimFromReceipts: [
    '--sampled-claim-from-receipts',
    '<count>',
    'claim by samples from so many receipts on, or auto: where it is cheaper than claiming each',
    'auto',
  ],
  gasTokenWei: ['--gas-token-wei', '<wei>', 'token wei that one native coin is worth, to weigh gas', '0'],
  maxGasPriceWei: [
    '--max-gas-price-wei',
    '<wei>',
    'settle only while a unit of gas costs at most this, or none; the windows of an open claim come first',
    'none',
  ],
  dashboardPort: [
    '--dashboard-port',
    '<port>',
    "port of the operator's desk on 127.0.0.1, 0 for any, or none for no desk",
    '0',
  ],
  logLevel: ['--log-level', '<level>', 'how much is logged to stderr', 'info'],
});

/** Settings that `start` may override for one run; the others are decided by `init`. */
export const startSettings: readonly SettingName[] = settingNames.filter(
  (name) => name !== 'role' && name !== 'region' && name !== 'stakeWei',
);

function describeAll(
  rows: Record<SettingName, [flag: string, argument: string, description: string, fallback?: string]>,
): Record<SettingName, SettingDescription> {
  const described: Partial<Record<SettingName, SettingDescription>> = {};
  for (const name of settingNames) {
    const [flag, argument, description, fallback] = rows[name];
    const environment = `BCDN_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`;
    described[name] = {
      flag,
      argument,
      description,
      environment,
      ...(fallback === undefined ? {} : { fallback }),
    };
  }
  return described as Record<SettingName, SettingDescription>;
}

/** The three places a setting may come from, in order of precedence; defaults come last. */
export interface SettingSources {
  readonly flags: SettingTexts;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly file: SettingTexts;
}

/**
 * Texts of all settings by the precedence flag > environment > file > default; missing ones stay out. An empty variable
 * says nothing: service files and containers leave such behind for what nobody set.
 */
export function mergeSettings(sources: SettingSources): SettingTexts {
  const merged: SettingTexts = {};
  for (const name of settingNames) {
    const { environment, fallback } = settingDescriptions[name];
    const variable = variableOf(sources.environment, environment);
    const text = sources.flags[name] ?? variable ?? sources.file[name] ?? fallback;
    if (text !== undefined) merged[name] = text;
  }
  return merged;
}

/** What a variable of the environment says; an empty one says nothing. */
export function variableOf(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const text = environment[name];
  return text === '' ? undefined : text;
}

/**
 * Checks merged settings.
 *
 * @throws NodeError SETTING_MISSING naming all that are missing, SETTING_INVALID naming the setting, its flag and what it must be
 */
export function parseSettings(texts: SettingTexts): Settings {
  const missing = settingNames.filter((name) => texts[name] === undefined);
  if (missing.length > 1) throw severalMissing(missing.map((name) => settingDescriptions[name]));
  const parsed: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) parsed[name] = parseSetting(name, texts[name]);
  return parsed as Settings;
}

function severalMissing(settings: readonly SettingDescription[]): NodeError {
  const flags = settings.map(({ flag }) => flag);
  const variables = settings.map(({ environment }) => environment);
  return new NodeError('SETTING_MISSING', {
    message: `${flags.slice(0, -1).join(', ')} and ${flags.at(-1) ?? ''} are missing.`,
    remedy: `Give them, or set ${variables.join(', ')}.`,
    values: { flags: flags.join(' ') },
  });
}

/** Checks one setting. @throws NodeError SETTING_MISSING, SETTING_INVALID */
export function parseSetting(name: SettingName, text: string | undefined): unknown {
  const { flag, environment } = settingDescriptions[name];
  if (text === undefined) {
    throw new NodeError('SETTING_MISSING', {
      message: `${flag} is missing.`,
      remedy: `Give ${flag}, or set ${environment}.`,
      values: { setting: name, flag },
    });
  }
  const result = settingSchemas[name].safeParse(text);
  if (result.success) return result.data;
  const reason = result.error.issues[0]?.message ?? 'is not valid';
  throw new NodeError('SETTING_INVALID', {
    message: `${flag} ${reason}; it is "${text.slice(0, 80)}".`,
    remedy: `Correct ${flag} (or ${environment}, or the configuration file).`,
    values: { setting: name, flag, given: text.slice(0, 80) },
  });
}
