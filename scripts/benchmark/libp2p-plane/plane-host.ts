import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

import { connectionOptions } from '../../../node/adapters/libp2p/host.ts';
import { untilTaken } from '../../../node/adapters/libp2p/stream-backpressure.ts';
import { BenchError } from '../bench-error.ts';
import { encrypterOf } from './encrypters.ts';
import type { PlaneSetting, Received } from './plane-protocol.ts';

const PROTOCOL = '/bcdn-bench/plane/1';
/** A request is how many bytes are wanted. */
const REQUEST_BYTES = 8;
const TIMEOUT_MS = 60_000;

/** A host of one setting, started: TCP on the loopback interface, nothing that talks by itself. */
export async function planeHost(setting: PlaneSetting): Promise<Libp2p> {
  const connectionEncrypters = await encrypterOf(setting.encrypter);
  if (connectionEncrypters === undefined) {
    throw new BenchError('BENCH_RESULT_WRONG', {
      message: `No package for ${setting.encrypter} is installed.`,
      remedy: 'Ask whether it is present first.',
    });
  }
  const { noDelay, initialWindowBytes, maxWindowBytes } = setting;
  const privateKey = await generateKeyPair('Ed25519');
  const listenAddresses = ['/ip4/127.0.0.1/tcp/0'];
  const streamOptions = { initialStreamWindowSize: initialWindowBytes, maxStreamWindowSize: maxWindowBytes };
  return await createLibp2p({
    ...connectionOptions({ privateKey, listenAddresses }),
    transports: [tcp({ dialOpts: { noDelay }, listenOpts: { noDelay } })],
    connectionEncrypters,
    streamMuxers: [yamux({ streamOptions })],
    connectionMonitor: { enabled: false },
    start: true,
  });
}

/** Sends whatever is asked for, in messages of one size. @returns where */
export async function serve(host: Libp2p, setting: PlaneSetting): Promise<string> {
  const message = new Uint8Array(setting.messageBytes).fill(7);
  await host.handle(PROTOCOL, (stream) => {
    let asked = new Uint8Array(0);
    stream.addEventListener('message', ({ data }) => {
      asked = new Uint8Array([...asked, ...data.subarray()]);
      if (asked.length < REQUEST_BYTES) return;
      const bytes = Number(new DataView(asked.buffer).getBigUint64(0));
      void send(stream, { message, waits: setting.waits }, bytes);
    });
  });
  return String(host.getMultiaddrs()[0]);
}

interface Sending {
  readonly message: Uint8Array;
  readonly waits: PlaneSetting['waits'];
}

async function send(stream: Stream, { message, waits }: Sending, bytes: number): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  for (let left = bytes; left > 0;) {
    const part = left < message.length ? message.subarray(0, left) : message;
    left -= part.length;
    if (stream.send(part)) continue;
    if (waits === 'queue') await untilTaken(stream, TIMEOUT_MS);
    else await stream.onDrain({ signal });
  }
  await stream.close({ signal });
}

/** Fetches bytes over one stream of a new connection and lets them go. */
export async function receive(host: Libp2p, address: string, bytes: number): Promise<Received> {
  const stream = await host.dialProtocol(multiaddr(address), PROTOCOL);
  const request = new DataView(new ArrayBuffer(REQUEST_BYTES));
  request.setBigUint64(0, BigInt(bytes));
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  let received = 0;
  stream.addEventListener('message', ({ data }) => {
    received += data.byteLength;
    if (received >= bytes) resolve(undefined);
  });
  stream.addEventListener('close', ({ error }) => reject(error ?? new TypeError('The stream ended early.')));
  const startedMs = performance.now();
  stream.send(new Uint8Array(request.buffer));
  await promise;
  return { seconds: (performance.now() - startedMs) / 1_000 };
}
