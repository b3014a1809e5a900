import { readFile } from 'node:fs/promises';

import { Command, InvalidArgumentError, Option } from 'commander';
import { pino, type Logger } from 'pino';

import { ChainError } from '../sdk/chain/chain-errors.ts';
import { decodeDeployment, type Deployment } from '../sdk/chain/deployment.ts';
import { copyCommand } from './copy-command.ts';
import { describeFailure, MarketplaceError } from './errors.ts';
import { SHUTDOWN_TIMEOUT_MS } from './limits.ts';
import { startMarketplace } from './server/start-marketplace.ts';

/** Largest deployment file that is read. */
const MAX_DEPLOYMENT_CHARACTERS = 65_536;

interface Flags {
  readonly dataDir: string;
  readonly databaseUrl?: string;
  readonly rpcUrl: string;
  readonly deployment: string;
  readonly host: string;
  readonly port: number;
  readonly pollInterval: number;
  readonly probeInterval: number;
  readonly posterKeyFile?: string;
  readonly peerRootInterval?: number;
  readonly peerRootThresholdWei?: bigint;
  readonly development: boolean;
  readonly faucetKeyFile?: string;
  readonly trustedProxy?: readonly string[];
  readonly resetReplacedChain: boolean;
  readonly logLevel: string;
  readonly json: boolean;
}

/** Wrong use of the command, as opposed to a failure while it runs. */
const USAGE_EXIT_CODE = 2;

const serveCommand = new Command('bcdn-marketplace')
  .description('Indexes the contracts, serves the marketplace API and coordinates grants and vouchers.')
  .requiredOption('--data-dir <dir>', 'database and secret; back both up together')
  .addOption(
    new Option(
      '--database-url <url>',
      'postgres://user:password@host:port/database (default: SQLite in the data directory)',
    ).env('BCDN_DATABASE_URL'),
  )
  .requiredOption('--rpc-url <url>', 'Ethereum JSON-RPC endpoint')
  .requiredOption('--deployment <file>', 'JSON: chainId, token, registry, market, deployedAtBlock')
  .option('--host <address>', 'where to listen', '127.0.0.1')
  .option('--port <number>', 'where to listen, 0 for any free port', integerFrom(0, 65_535), 0)
  .option('--poll-interval <ms>', 'time between looks at the chain', integerFrom(10, 600_000), 500)
  .option('--probe-interval <ms>', 'time between probes of the nodes', integerFrom(100, 600_000), 2000)
  .option(
    '--reset-replaced-chain',
    'forget the index when the chain was restarted from another genesis',
    false,
  )
  .option('--poster-key-file <file>', 'key of an account with gas that posts the roots of what peers earned')
  .option(
    '--peer-root-interval <seconds>',
    'time after which anything that peers earned is worth a root (default: a day)',
    integerFrom(0, 31_536_000),
  )
  .option(
    '--peer-root-threshold-wei <wei>',
    'earnings of peers that are worth a root at once (default: one token)',
    wei,
  )
  .option('--development', 'chain 31337 only: lets pages of this address reach the chain', false)
  .option(
    '--faucet-key-file <file>',
    'with --development: key of an account that gives ether and tokens away',
  )
  .option(
    '--trusted-proxy <address...>',
    'addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto count (default: nobody)',
  )
  .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
  .option('--json', 'print one line of JSON on stdout when serving', false)
  .addHelpText(
    'after',
    '\nCommands:\n  copy-database --from DIR --to URL  moves a ledger from SQLite to PostgreSQL',
  )
  .action((flags: Flags) => run(flags));

/** A subcommand in the usual way would demand the flags for serving. */
const [command, words] =
  process.argv[2] === 'copy-database'
    ? [copyCommand(), process.argv.slice(3)]
    : [serveCommand, process.argv.slice(2)];
command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : USAGE_EXIT_CODE));
await command.parseAsync(words, { from: 'user' });

async function run(flags: Flags): Promise<void> {
  const logger = pino({ level: flags.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  try {
    const marketplace = await startMarketplace(
      {
        dataDir: flags.dataDir,
        databaseUrl: flags.databaseUrl,
        rpcUrl: flags.rpcUrl,
        deployment: await readDeployment(flags.deployment),
        host: flags.host,
        port: flags.port,
        pollIntervalMs: flags.pollInterval,
        probeIntervalMs: flags.probeInterval,
        onReplacedChain: flags.resetReplacedChain ? 'reset' : 'refuse',
        peerRoots: {
          ...(flags.peerRootInterval !== undefined && { intervalSeconds: flags.peerRootInterval }),
          ...(flags.peerRootThresholdWei !== undefined && { thresholdWei: flags.peerRootThresholdWei }),
        },
        ...(flags.posterKeyFile !== undefined && {
          posterKey: await readKey(flags.posterKeyFile, 'POSTER_KEY_INVALID'),
        }),
        ...(flags.development && {
          development: {
            ...(flags.faucetKeyFile !== undefined && {
              faucetKey: await readKey(flags.faucetKeyFile, 'FAUCET_KEY_INVALID'),
            }),
          },
        }),
        ...(flags.trustedProxy !== undefined && { trustedProxies: flags.trustedProxy }),
      },
      logger,
    );
    stopOnSignal(() => marketplace.stop(), logger);
    const { url } = marketplace;
    process.stdout.write(flags.json ? `${JSON.stringify({ event: 'ready', url })}\n` : `Serving at ${url}\n`);
  } catch (failure) {
    const coded = failure instanceof MarketplaceError ? failure : undefined;
    logger.fatal(
      {
        code: coded?.code,
        values: coded?.values,
        remedy: coded?.remedy,
        err: coded === undefined ? failure : undefined,
      },
      describeFailure(failure),
    );
    process.exitCode = 1;
  }
}

/** The first signal stops in order; a second one, or a stop that hangs, ends the process. */
function stopOnSignal(stop: () => Promise<void>, logger: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.info({ signal }, 'Stopping.');
    setTimeout(() => process.exit(1), SHUTDOWN_TIMEOUT_MS).unref();
    stop().then(
      () => process.exit(0),
      (failure: unknown) => {
        logger.error({ err: failure }, 'Stopping failed.');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

/** @throws MarketplaceError DEPLOYMENT_INVALID */
async function readDeployment(file: string): Promise<Deployment> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.length <= MAX_DEPLOYMENT_CHARACTERS) return decodeDeployment(text);
    throw new MarketplaceError('DEPLOYMENT_INVALID', `${file} is too large to be a deployment.`, { file });
  } catch (failure) {
    if (failure instanceof MarketplaceError) throw failure;
    const code = failure instanceof ChainError ? failure.code : 'UNREADABLE';
    throw new MarketplaceError(
      'DEPLOYMENT_INVALID',
      `${file} cannot be used: ${describeFailure(failure)}`,
      { file, reason: code },
      failure,
    );
  }
}

/** @throws MarketplaceError POSTER_KEY_INVALID, FAUCET_KEY_INVALID */
async function readKey(file: string, code: 'POSTER_KEY_INVALID' | 'FAUCET_KEY_INVALID'): Promise<string> {
  const key = await readFile(file, 'utf8').catch(() => '');
  if (/^0x[0-9a-fA-F]{64}$/.test(key.trim())) return key.trim();
  throw new MarketplaceError(code, `${file} does not hold a private key.`, { file });
}

function wei(text: string): bigint {
  if (!/^\d{1,39}$/.test(text)) throw new InvalidArgumentError('Expected an amount in wei, decimal.');
  return BigInt(text);
}

function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Expected an integer from ${min} to ${max}.`);
    }
    return value;
  };
}
