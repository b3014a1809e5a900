import { createHash } from 'node:crypto';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Longest path that every system takes for a unix socket. */
const MAX_SOCKET_PATH_BYTES = 100;

/** Files of one node. */
export interface DataDir {
  readonly root: string;
  readonly config: string;
  readonly keystore: string;
  readonly libp2pKey: string;
  readonly lock: string;
  readonly content: string;
  readonly journal: string;
  readonly controlSocket: string;
  /** Where worker processes reach the process that holds the state. */
  readonly gatewaySocket: string;
  /** What a browser must show to see the operator's desk. */
  readonly dashboardToken: string;
  readonly settlements: string;
  readonly peerAccounts: string;
  /** What was carried between domains. */
  readonly carriage: string;
  /** Takedowns and purges of publishers. */
  readonly notices: string;
  /** The last log lines, and those before them. */
  readonly log: string;
  readonly previousLog: string;
  /** What was sent this month, where there is a monthly cap. */
  readonly traffic: string;
  /** There while the operator drains the node. */
  readonly drain: string;
  /** Receipts of sampled claims as they were committed. */
  readonly claims: string;
}

/** The default data directory by the XDG rules. */
export function defaultDataDir(environment: Readonly<Record<string, string | undefined>>): string {
  const base = environment['XDG_DATA_HOME'];
  const home = environment['HOME'] ?? homedir();
  return join(base !== undefined && base.startsWith('/') ? base : join(home, '.local', 'share'), 'bcdn-node');
}

/** Names of the files inside a data directory. */
export function dataDirAt(path: string): DataDir {
  const root = resolve(path);
  return {
    root,
    config: join(root, 'config.json'),
    keystore: join(root, 'keystore.json'),
    libp2pKey: join(root, 'libp2p.key'),
    lock: join(root, 'lock.sqlite'),
    content: join(root, 'content'),
    journal: join(root, 'receipts.journal'),
    controlSocket: socketPath(root, 'control.sock'),
    gatewaySocket: socketPath(root, 'gateway.sock'),
    dashboardToken: join(root, 'dashboard.token'),
    settlements: join(root, 'settlements.sqlite'),
    peerAccounts: join(root, 'peer-accounts.sqlite'),
    carriage: join(root, 'carriage.sqlite'),
    notices: join(root, 'notices.sqlite'),
    log: join(root, 'node.log'),
    previousLog: join(root, 'node.log.1'),
    traffic: join(root, 'traffic.json'),
    drain: join(root, 'drain.json'),
    claims: join(root, 'claims'),
  };
}

/**
 * Sockets lie in the data directory; where a path would be too long for a socket, in a private folder of
 * the system's temporary directory named by the hash of the data directory.
 */
function socketPath(root: string, fileName: string): string {
  const inside = join(root, fileName);
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH_BYTES) return inside;
  const name = createHash('sha256').update(root).digest('hex').slice(0, 24);
  return join(tmpdir(), `bcdn-node-${process.getuid?.() ?? 0}-${name}`, fileName);
}
