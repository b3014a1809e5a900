import { createServer } from 'node:net';
import { errorCode } from '../../adapters/keystore/private-file.ts';
import type { NodeConfig } from '../config/config-file.ts';
import type { StatusDocument } from '../control/documents.ts';
import { failed, fine, type Finding } from './finding.ts';
import { ownerOfPort } from './port-owner.ts';

type Port = readonly [flag: string, host: string, port: number];

/** Whether the node has its ports, or could have them. */
export async function checkPorts(config: NodeConfig, status: StatusDocument | undefined): Promise<Finding> {
  if (status !== undefined) {
    const listening = status.multiaddrs.length;
    return listening === 0
      ? failed('ports', 'the node listens nowhere yet', 'bcdn-node status --watch')
      : fine('ports', `the node listens: gateway ${status.httpUrl}, ${listening} address(es) announced`);
  }
  const { httpHost, httpPort, listenHost, tcpPort, wsPort } = config.settings;
  const ports: readonly Port[] = [
    ['--http-port', httpHost, httpPort],
    ['--tcp-port', listenHost, tcpPort],
    ['--ws-port', listenHost, wsPort],
  ];
  for (const [flag, host, port] of ports) {
    const trouble = await bindTrouble(host, port);
    if (trouble === undefined) continue;
    const owner = trouble === 'EADDRINUSE' ? await ownerOfPort(port) : undefined;
    const taken = trouble === 'EADDRINUSE' ? `is taken by ${owner ?? 'another process'}` : `gives ${trouble}`;
    return failed('ports', `${host} port ${port} ${taken}`, `bcdn-node start ${flag} ${freePort(trouble)}`);
  }
  const fixed = ports.filter(([, , port]) => port !== 0).map(([, host, port]) => `${host}:${port}`);
  const free = fixed.length === 0 ? 'the system chooses them at each start' : `free: ${fixed.join(', ')}`;
  return fine('ports', free);
}

/** Which port the command that mends it names: below 1024 only the administrator may listen. */
function freePort(trouble: string): string {
  return trouble === 'EACCES' ? '8080' : '0';
}

async function bindTrouble(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
    return undefined;
  } catch (error) {
    return errorCode(error) ?? 'an unknown error';
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
