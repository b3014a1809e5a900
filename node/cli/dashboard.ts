import type { Command } from 'commander';
import { askNode } from '../app/control/control-client.ts';
import { statusDocument } from '../app/control/documents.ts';
import { dashboardAddress, readDashboardToken } from '../app/dashboard/dashboard-token.ts';
import { NodeError } from '../app/node-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { addPlaceOptions, dataDirOf, type PlaceOptions } from './place.ts';
import type { Terminal } from '../../sdk/cli/terminal.ts';

const STATUS_TIMEOUT_MS = 10_000;

export function describeDashboard(command: Command): Command {
  return addPlaceOptions(command)
    .description("print the address of the operator's desk of the running node")
    .addHelpText(
      'after',
      `
The desk is served on 127.0.0.1 only, to browsers that have the token of the node. The address carries the token after
its #, which browsers send to no server; it is good until dashboard.token in the data directory is deleted and the node
started again. From another machine: ssh -L PORT:127.0.0.1:PORT HOST with the port of the desk on both sides, then the
same address; --dashboard-port keeps the port the same.

Exit code: 0 printed, 1 the node has no desk (--dashboard-port none), 4 offline.

Examples:
  $ bcdn-node dashboard
  $ xdg-open "$(bcdn-node dashboard)"`,
    );
}

/** Prints the address with the token. */
export async function runDashboard(options: PlaceOptions, terminal: Terminal): Promise<ExitCode> {
  const { controlSocket, dashboardToken } = dataDirOf(options);
  const { dashboardUrl } = await askNode({
    socket: controlSocket,
    path: '/status',
    answer: statusDocument,
    timeoutMs: STATUS_TIMEOUT_MS,
  });
  const token = await readDashboardToken(dashboardToken);
  if (dashboardUrl === null || token === undefined) {
    throw new NodeError('DASHBOARD_OFF', {
      message: "The running node has no operator's desk: it was started with --dashboard-port none.",
      remedy: 'Start it without that, or with --dashboard-port 0 for any free port.',
    });
  }
  const address = dashboardAddress(dashboardUrl, token);
  terminal.document('dashboard', { url: dashboardUrl, address });
  terminal.data(address);
  return EXIT.fine;
}
