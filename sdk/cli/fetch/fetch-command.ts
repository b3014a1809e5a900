import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { Option, type Command } from 'commander';
import type { Libp2p } from '@libp2p/interface';

import { fetchContent, type FetchResult } from '../../client/fetch-content.ts';
import { openFileSink } from '../../client/file-sink.ts';
import { bytesText, progressLine } from '../../client/progress-line.ts';
import { UndiciExchange } from '../../client/undici-exchange.ts';
import { chooseSource, type Transport } from '../../libp2p/source-choice.ts';
import { hexToBytes } from '../../protocol/bytes.ts';
import { CliError } from '../cli-error.ts';
import type { AddCommand } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { liveLine } from '../live-line.ts';
import { cidOf, dealIdOf } from '../option-values.ts';
import { addSettings, Settings } from '../settings/settings.ts';
import type { Terminal } from '../terminal.ts';

const TRANSPORTS: readonly Transport[] = ['auto', 'http', 'libp2p'];
const PRIVATE_KEY_BYTES = 32;

interface FetchFlags {
  readonly json?: boolean;
  readonly marketplace?: string;
  readonly out: string;
  readonly path?: string;
  readonly deal?: string;
  readonly region?: string;
  readonly domain?: string;
  readonly viewerKeyFile?: string;
  readonly transport: Transport;
  readonly resume?: boolean;
}

/** `bcdn fetch`. */
export const addFetch: AddCommand = (program, perform) => {
  const fetching = program
    .command('fetch')
    .description('fetch a file from several nodes at once, verify every block and sign receipts for it')
    .exitOverride()
    .argument('<cid>', 'root CID of the content');
  addSettings(fetching, ['marketplace'])
    .requiredOption('--out <file>', 'where to write')
    .addOption(new Option('--path <path>', 'a file inside a directory'))
    .addOption(new Option('--deal <id>', 'the deal that pays').default(undefined, 'the first open one'))
    .addOption(new Option('--region <code>', 'where you are: the nearest nodes come first'))
    .addOption(
      new Option('--domain <label>', 'your provider or site inside the region: peers there come first'),
    )
    .addOption(
      new Option('--viewer-key-file <file>', 'your key, 0x and 64 digits').default(undefined, 'a new one'),
    )
    .addOption(
      new Option('--transport <how>', 'how nodes are reached; auto: HTTP where a node has it, else libp2p')
        .choices(TRANSPORTS)
        .default('auto'),
    )
    .addOption(new Option('--resume', 'go on with what an interrupted fetch has left'))
    .addOption(new Option('--json', 'print one JSON document on stdout'))
    .addHelpText('after', HELP)
    .action(async (cid: string, flags: FetchFlags, command: Command) => {
      const options: FetchFlags = { ...flags, ...command.optsWithGlobals<{ json?: boolean }>() };
      await perform('fetch', options, (terminal) => runFetch(cid, options, terminal));
    });
};

const HELP = `
Nothing is written that was not verified, and a file of the name given is always whole: until then it is <file>.part.

Examples:
  $ bcdn fetch bafybei… --marketplace https://market.example --out film.mp4
  $ bcdn fetch bafybei… --marketplace https://market.example --out film.mp4 --resume --transport libp2p`;

async function runFetch(text: string, flags: FetchFlags, terminal: Terminal): Promise<ExitCode> {
  const cid = cidOf('<cid>', text);
  const marketplaceUrl = (await Settings.read({ marketplace: flags.marketplace })).require('marketplace');
  const dealId = flags.deal === undefined ? undefined : dealIdOf('--deal', flags.deal);
  const viewerKey = await viewerKeyOf(flags.viewerKeyFile);
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const http = new UndiciExchange();
  const viewer = new ViewerHost();
  const line = liveLine(process.stderr);
  try {
    const sink = await openFileSink(flags.out, { resume: flags.resume === true });
    const openSource = chooseSource({ http, host: () => viewer.open() }, flags.transport);
    const result = await fetchContent(
      { cid, marketplaceUrl, viewerKey, sink, path: flags.path },
      {
        ...{
          dealId,
          region: flags.region,
          domainLabel: flags.domain,
          signal: stopping.signal,
          onProgress: (progress) => line.show((columns) => progressLine(progress, columns)),
        },
        components: { http, openSource },
      },
    );
    line.clear();
    tell(terminal, flags.out, result);
    return EXIT.fine;
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
    line.clear();
    terminal.say(`Stopped. ${flags.out}.part is kept: go on with --resume.`);
    return EXIT.failed;
  } finally {
    line.clear();
    process.removeListener('SIGINT', stop).removeListener('SIGTERM', stop);
    await Promise.all([http.close(), viewer.close()]);
  }
}

/** A libp2p host that is there once it is needed: it takes half a second to load. */
class ViewerHost {
  #host: Promise<Libp2p> | undefined;

  open(): Promise<Libp2p> {
    this.#host ??= import('../../libp2p/viewer-host.ts').then(({ createViewerHost }) => createViewerHost());
    return this.#host;
  }

  async close(): Promise<void> {
    await (await this.#host)?.stop();
  }
}

async function viewerKeyOf(file: string | undefined): Promise<Uint8Array> {
  if (file === undefined) return randomBytes(PRIVATE_KEY_BYTES);
  try {
    return hexToBytes((await readFile(file, 'utf8')).trim(), PRIVATE_KEY_BYTES);
  } catch (cause) {
    throw new CliError('OPTION_INVALID', `${file} holds no viewer key.`, {
      values: { file },
      remedy: 'Give a file with 0x and 64 hexadecimal digits, or leave --viewer-key-file out.',
      cause,
    });
  }
}

function tell(terminal: Terminal, file: string, result: FetchResult): void {
  const { bytes, blocks, duplicateBlocks, seconds, receiptsSigned, receipts, droppedNodes, badBlocks } =
    result;
  terminal.document('fetch', {
    ...{ file, bytes, blocks, duplicateBlocks, seconds, receiptsSigned },
    bytesByNode: Object.fromEntries(result.bytesByNode),
    receipts: receipts.map(({ node, epoch, bytes: named, heldBy }) => ({
      node,
      epoch,
      bytes: named,
      heldBy,
    })),
    ...{ droppedNodes, badBlocks },
  });
  terminal.data(
    `${file}: ${bytesText(bytes)} from ${result.bytesByNode.size} nodes in ${seconds.toFixed(1)} s`,
  );
  for (const { node, reason, detail } of droppedNodes)
    terminal.say(`! ${node} was left: ${reason}, ${detail}`);
  const lost = receipts.filter(({ heldBy }) => heldBy === 'nobody').length;
  if (lost > 0)
    terminal.say(`! ${lost} receipts could be handed to nobody: their nodes are not paid for them`);
}
