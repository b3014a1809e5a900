import type { Settings } from '../config/settings.ts';
import { warning, type Finding } from './finding.ts';

/** What a stopped node would do about being reached. */
export type StoppedSettings = Pick<
  Settings,
  'httpHost' | 'httpPort' | 'listenHost' | 'tcpPort' | 'wsPort' | 'announceHosts'
>;

/** What is wrong already, before anybody dials, and the command that mends it. */
interface Obstacle {
  readonly evidence: string;
  readonly run: string;
}

const WILDCARDS = new Set(['0.0.0.0', '::']);

/**
 * What can be known of a node that does not run: its settings and what it registered. Whether others reach it cannot: only a
 * node that runs can be dialled.
 * @param registered endpoints in the registry; undefined where the chain could not be asked
 */
export function checkStoppedReachability(
  settings: StoppedSettings,
  registered: readonly string[] | undefined,
): Finding {
  const obstacle = obstacleOf(settings);
  const known = obstacle?.evidence ?? 'nothing in its settings keeps others away';
  return warning(
    'reachability',
    `not known while the node is stopped, because others can only dial one that runs; ${known}; ${registryText(registered)}`,
    obstacle?.run ?? 'bcdn-node start, then bcdn-node doctor',
  );
}

function obstacleOf(settings: StoppedSettings): Obstacle | undefined {
  const { httpHost, listenHost, announceHosts } = settings;
  const bound = [...new Set([httpHost, listenHost])];
  const loopback = bound.filter(isLoopback);
  if (loopback.length > 0) {
    return {
      evidence: `by its settings it would listen on ${loopback.join(' and ')}, which no other machine reaches`,
      run: 'bcdn-node start --http-host 0.0.0.0 --listen-host 0.0.0.0 --announce-host ADDRESS',
    };
  }
  const wildcards = bound.filter((host) => WILDCARDS.has(host));
  if (wildcards.length > 0 && announceHosts.length === 0) {
    return {
      evidence: `by its settings it would announce ${wildcards.join(' and ')}, which is no address that others can dial`,
      run: 'bcdn-node start --announce-host ADDRESS',
    };
  }
  const anyPort = [settings.httpPort, settings.tcpPort, settings.wsPort].includes(0);
  if (!anyPort) return undefined;
  return {
    evidence:
      'the system chooses ports anew at each start, so neither router nor firewall can be opened for them',
    run: 'bcdn-node start --http-port 8080 --tcp-port 4001 --ws-port 4002',
  };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

function registryText(registered: readonly string[] | undefined): string {
  if (registered === undefined) return 'the registry could not be asked what it announced';
  if (registered.length === 0) return 'the registry has no endpoint of it yet';
  return `the registry has ${registered.length} endpoint(s) of its last run: ${registered.join(', ')}`;
}
