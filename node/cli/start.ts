import type { Command } from 'commander';
import type { ComposedNode } from '../app/compose.ts';
import { loadConfig } from '../app/config/config-file.ts';
import { startSettings } from '../app/config/settings.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPasswordOption, addPlaceOptions, dataDirOf, passwordOf, type PlaceOptions } from './place.ts';
import { addSettingOptions, settingFlags } from './settings-options.ts';
import { mark, type Terminal } from '../../sdk/cli/terminal.ts';

export function describeStart(command: Command): Command {
  addPlaceOptions(command);
  addPasswordOption(command);
  addSettingOptions(command, startSettings);
  return command.description('run the node until it is told to stop').addHelpText(
    'after',
    `
SIGTERM or SIGINT drains: transfers end, receipts are flushed, the ring is left. A second one forces.

Examples:
  $ bcdn-node start --password-file secret
  $ bcdn-node start --http-host 0.0.0.0 --http-port 8080 --announce-host 203.0.113.7`,
  );
}

/** Runs the node in this process until it is told to stop. */
export async function runStart(options: PlaceOptions, terminal: Terminal): Promise<ExitCode> {
  const dataDir = dataDirOf(options);
  const config = await loadConfig(dataDir, settingFlags({ ...options }), process.env);
  // The whole node is loaded only here: the other commands answer quickly without it.
  const [{ composeNode }, { openLibp2pKey }, { openOperatorKeystore }] = await Promise.all([
    import('../app/compose.ts'),
    import('../adapters/keystore/libp2p-key.ts'),
    import('../adapters/keystore/operator-keystore.ts'),
  ]);
  const operator = await openOperatorKeystore(dataDir.keystore, await passwordOf(options, terminal));
  const libp2p = await openLibp2pKey(dataDir.libp2pKey);
  const node = await composeNode(config, { operator, libp2p });
  const stopped = stopOnSignals(node, terminal);
  try {
    const report = await node.start();
    terminal.document('start', { event: 'ready', ...report, nid: report.nid ?? null });
    terminal.data(report.httpUrl);
    terminal.say(`${mark('✓', '32')} ${config.settings.role} ${report.operator} serves at ${report.httpUrl}`);
  } catch (error) {
    if (!stopped.requested()) {
      await node.stop();
      throw error;
    }
  }
  await stopped.done;
  return EXIT.fine;
}

/** Drains on the first signal, ends at once on the second. */
function stopOnSignals(
  node: ComposedNode,
  terminal: Terminal,
): { readonly done: Promise<void>; readonly requested: () => boolean } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let requested = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (requested) process.exit(EXIT.failed);
    requested = true;
    terminal.say(`${signal}: draining. Once more to force.`);
    node.stop().then(() => resolve(), reject);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { done: promise, requested: () => requested };
}
