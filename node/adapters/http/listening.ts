import type { ListenOptions, Server } from 'node:net';

import { errorCode } from '../disk/disk-error.ts';

/** Why the gateway could not begin to listen. */
export class GatewayStartError extends Error {
  readonly code: 'HTTP_PORT_IN_USE' | 'HTTP_LISTEN_FAILED';
  readonly values: { readonly host: string; readonly port: number };
  readonly remedy: string;

  constructor(code: GatewayStartError['code'], values: GatewayStartError['values'], cause: unknown) {
    const inUse = code === 'HTTP_PORT_IN_USE';
    super(
      inUse
        ? `Port ${values.port} on ${values.host} is used by another program.`
        : `The gateway cannot listen on ${values.host}:${values.port}.`,
      { cause },
    );
    this.name = 'GatewayStartError';
    this.code = code;
    this.values = values;
    this.remedy = inUse
      ? 'Choose another port with --http-port, or 0 to let the system choose.'
      : 'Check that the address belongs to this machine and that the port may be opened by this user.';
  }
}

/** Listens. @throws GatewayStartError HTTP_PORT_IN_USE, HTTP_LISTEN_FAILED */
export function listen(
  server: Server,
  where: ListenOptions,
  values: GatewayStartError['values'],
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = errorCode(error) === 'EADDRINUSE' ? 'HTTP_PORT_IN_USE' : 'HTTP_LISTEN_FAILED';
      reject(new GatewayStartError(code, values, error));
    });
    server.listen(where, () => resolve());
  });
}
