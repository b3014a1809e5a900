import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { Wallet } from 'ethers';
import { Client } from 'undici';

import { openProvider } from '../../sdk/chain/provider.ts';
import { TransactionSender } from '../../sdk/chain/transactions.ts';
import { publish, type Publication } from '../../sdk/publish/publish.ts';
import { eventually } from '../node/cli/eventually.ts';
import type { NodeProcess } from '../node/cli/node-process.ts';
import { TestNetwork } from '../node/cli/test-network.ts';

const MIB = 1024 * 1024;
const CONTENT_BYTES = 128 * MIB;
const CLIENTS = 1_000;
const WORKERS = 2;
/** What others ask for. */
const OTHERS_BYTES = 64 * 1024;
const MAX_EDGE_MB = 500;
/** As `bcdn-node` runs (package.json). */
const NODE_FLAGS = ['--max-semi-space-size=4'];
/** An account of the local chain that nothing else uses. */
const PUBLISHER = 5;

/**
 * Memory of a process that it has to itself, and its share of what it has with others (PSS, proc(5)): the sum over
 * processes counts every page once.
 */
async function memoryBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
}

/** A process and all that it has started. */
async function familyOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const below = tasks.map(async (task) =>
    readFile(join('/proc', String(pid), 'task', task, 'children'), 'utf8'),
  );
  const children = (await Promise.all(below)).join(' ').split(/\s+/).filter(Boolean).map(Number);
  return [pid, ...(await Promise.all(children.map(familyOf))).flat()];
}

describe(`an edge with ${WORKERS} workers and ${CLIENTS} slow clients`, function () {
  this.timeout(240_000);
  let network: TestNetwork;
  let node: NodeProcess;
  let httpUrl: string;
  let publication: Publication;
  const content = randomBytes(CONTENT_BYTES);
  const sockets: Socket[] = [];

  before(async () => {
    network = await TestNetwork.start();
    const { url: marketplaceUrl } = await network.marketplace();
    const extra = ['--free-allowance', '1TiB', '--workers', String(WORKERS)];
    const edge = await network.init('edge', { extra });
    node = network.run(edge, [], NODE_FLAGS);
    await node.ready();
    const wallet = new Wallet(network.chain.privateKeys[PUBLISHER] ?? '');
    await network.fund(wallet.address);
    const provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
    publication = await eventually(() =>
      publish({
        source: { kind: 'stream', stream: Readable.from([content]) },
        ...{ sender, marketplaceUrl, replicas: 1, temporaryDirectory: network.directory },
      }),
    );
    provider.destroy();
    // What taking the content needed is not what is measured.
    await node.end('SIGTERM');
    node = network.run(edge, [], NODE_FLAGS);
    ({ httpUrl } = await node.ready());
  });

  after(async () => {
    for (const socket of sockets) socket.destroy();
    await network.stop();
  });

  /** Asks for half of the content and more, each from another place on, and reads the head only. */
  async function beSlow(index: number): Promise<void> {
    const { hostname, port } = new URL(httpUrl);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    sockets.push(socket);
    await once(socket, 'connect');
    const start = Math.floor((index * CONTENT_BYTES) / (2 * CLIENTS));
    const path = `/ipfs/${publication.cid.toString()}`;
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nrange: bytes=${start}-\r\n\r\n`);
    await once(socket, 'readable');
    expect(String(socket.read(1024)).slice(0, 12)).to.equal('HTTP/1.1 206');
  }

  it(`takes under ${MAX_EDGE_MB} MB of memory in all its processes, drops nobody, and others are served`, async () => {
    const pids = await familyOf(node.pid);
    expect(pids).to.have.length(1 + WORKERS);
    for (let index = 0; index < CLIENTS; index++) await beSlow(index);
    for (let part = 0; part < 2 * WORKERS; part++) {
      const from = part * MIB;
      const range = `bytes=${from}-${from + OTHERS_BYTES - 1}`;
      // A connection each, so that every worker is asked. It is kept, and asked for little: the system has hardly any memory
      // left for TCP, as clients do not take what it holds for them, and resets what is closed with bytes on the way.
      const other = new Client(httpUrl);
      try {
        const path = `/ipfs/${publication.cid.toString()}`;
        const { statusCode, body } = await other.request({ path, method: 'GET', headers: { range } });
        expect(statusCode).to.equal(206);
        const bytes = Buffer.from(await body.arrayBuffer());
        expect(Buffer.compare(bytes, content.subarray(from, from + OTHERS_BYTES))).to.equal(0);
      } finally {
        await other.close();
      }
    }
    const memory = await Promise.all(pids.map(memoryBytes));
    const total = memory.reduce((sum, bytes) => sum + bytes, 0);
    expect(total / 1e6, memory.join(' + ')).to.be.below(MAX_EDGE_MB);
    expect(await familyOf(node.pid)).to.have.members(pids);
    expect(sockets.filter(({ destroyed }) => destroyed)).to.have.length(0);
  });
});
