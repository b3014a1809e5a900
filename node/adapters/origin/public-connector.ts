import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';

import { buildConnector } from 'undici';

import { OriginError } from '../../core/origin/origin-error.ts';
import { isSpecialAddress } from './special-addresses.ts';

export interface ConnectorOptions {
  readonly timeoutMs: number;
  /** Whether loopback, private and other special addresses may be connected to. */
  readonly allowPrivate: boolean;
  /** Resolves names. @default the system's resolver */
  readonly lookup?: LookupFunction;
}

/**
 * Connects to public addresses only. Names are checked where they are resolved for this very connection, so that no
 * second answer of a name server comes between check and use; what was connected to is checked once more.
 */
export function publicConnector(options: ConnectorOptions): buildConnector.connector {
  const { timeoutMs, allowPrivate } = options;
  const resolve = options.lookup ?? systemLookup;
  if (allowPrivate) return buildConnector({ timeout: timeoutMs, lookup: resolve });
  const connect = buildConnector({ timeout: timeoutMs, lookup: publicLookup(resolve) });
  return (target, callback) => {
    const host = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && isSpecialAddress(host)) {
      callback(refused(host), null);
      return;
    }
    connect(target, (...outcome) => {
      const [error, socket] = outcome;
      if (error === null && isSpecialAddress(socket.remoteAddress ?? '')) {
        socket.destroy();
        callback(refused(host), null);
      } else callback(...outcome);
    });
  };
}

/** A resolver that leaves special addresses out, and fails when nothing is left. */
function publicLookup(resolve: LookupFunction): LookupFunction {
  return (hostname: string, options: LookupOptions, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = (found as LookupAddress[]).filter(({ address }) => !isSpecialAddress(address));
      const [first] = allowed;
      if (first === undefined) callback(refused(hostname), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(host: string): OriginError {
  return new OriginError('ORIGIN_ADDRESS_REFUSED', 'The origin leads to an address that is not public.', {
    values: { host },
    remedy:
      'The publisher serves the file from a public address; in a network of your own start with --allow-private-origins yes.',
  });
}
