import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { expect } from 'chai';

import { createBareHost } from '../../../node/adapters/libp2p/host.ts';
import { monotonicMs } from '../../../scripts/ring-lab/monotonic-clock.ts';
import { split, type LinkShape } from '../../../scripts/ring-lab/network-shape.ts';
import { ShapedNetwork } from '../../../scripts/ring-lab/shaped-network.ts';
import { shapedTcp } from '../../../scripts/ring-lab/shaped-tcp.ts';

const ECHO = '/test/echo/1';

/** Real hosts over Noise and yamux; only the time their bytes take is made up. */
describe('shaped TCP', function () {
  this.timeout(20_000);
  const hosts: Libp2p[] = [];

  afterEach(async () => {
    await Promise.all(hosts.splice(0).map(async (host) => host.stop()));
  });

  async function pair(link: LinkShape): Promise<{ network: ShapedNetwork; from: Libp2p; to: Libp2p }> {
    const network = new ShapedNetwork({ seed: 3, link });
    const made = await Promise.all(
      [0, 1].map(async () => {
        const privateKey = await generateKeyPair('Ed25519');
        const local = peerIdFromPrivateKey(privateKey).toString();
        const transports = [shapedTcp(network, local)];
        const host = await createBareHost({
          ...{ privateKey, transports },
          listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
        });
        await host.start();
        await host.handle(ECHO, (stream) => {
          stream.addEventListener('message', ({ data }) => stream.send(data));
        });
        hosts.push(host);
        return host;
      }),
    );
    const [from, to] = made;
    if (from === undefined || to === undefined) throw new RangeError('Two hosts are needed.');
    return { network, from, to };
  }

  async function open(from: Libp2p, to: Libp2p): Promise<Stream> {
    return from.dialProtocol(to.getMultiaddrs(), ECHO, { signal: AbortSignal.timeout(10_000) });
  }

  async function echo(stream: Stream, text: string): Promise<{ text: string; tookMs: number }> {
    const beginMs = monotonicMs();
    const { promise, resolve } = Promise.withResolvers<string>();
    let heard = '';
    const listener = ({ data }: { data: { subarray(): Uint8Array } }): void => {
      heard += Buffer.from(data.subarray()).toString();
      if (heard.length >= text.length) resolve(heard);
    };
    stream.addEventListener('message', listener);
    stream.send(Buffer.from(text));
    const answer = await promise;
    stream.removeEventListener('message', listener);
    return { text: answer, tookMs: monotonicMs() - beginMs };
  }

  it('takes a round trip for an answer, and several to connect', async () => {
    const { from, to } = await pair({ delayMs: 40 });
    const beginMs = monotonicMs();
    const stream = await open(from, to);
    // TCP, the choice of Noise and its two messages at least.
    expect(monotonicMs() - beginMs).to.be.at.least(3 * 80);
    const { text, tookMs } = await echo(stream, 'hello');
    expect(text).to.equal('hello');
    expect(tookMs).to.be.at.least(79);
  });

  it('delivers everything in order through loss and jitter', async () => {
    const { from, to } = await pair({ delayMs: 2, jitterMs: 5, lossRate: 0.05 });
    const stream = await open(from, to);
    const sent = Array.from({ length: 40 }, (_, i) => `message ${i};`).join('');
    expect((await echo(stream, sent)).text).to.equal(sent);
  });

  it('holds bytes back while a direction is cut, without an error, and delivers them afterwards', async () => {
    const { network, from, to } = await pair({ delayMs: 5 });
    const stream = await open(from, to);
    await echo(stream, 'before');
    const there = [from.peerId.toString()];
    const back = [to.peerId.toString()];
    network.setCuts([{ from: back, to: there }]);
    const answer = echo(stream, 'during');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 300, 'silence'))]);
    expect(early).to.equal('silence');
    expect(stream.status).to.equal('open');
    network.setCuts([]);
    expect((await answer).text).to.equal('during');
  });

  it('lets nobody connect over a cut, nor see that a connection ended', async () => {
    const { network, from, to } = await pair({ delayMs: 1 });
    await open(from, to);
    network.setCuts(split([from.peerId.toString()], [to.peerId.toString()]));
    for (const connection of from.getConnections()) connection.abort(new RangeError('gone'));
    await expectRejection(from.dial(to.getMultiaddrs(), { signal: AbortSignal.timeout(200) }));
    expect(to.getConnections(from.peerId).map(({ status }) => status)).to.deep.equal(['open']);
    network.setCuts([]);
    const { text } = await echo(await open(from, to), 'whole again');
    expect(text).to.equal('whole again');
  });
});

async function expectRejection(promise: Promise<unknown>): Promise<void> {
  const outcome = await promise.then(
    () => 'connected',
    () => 'refused',
  );
  expect(outcome).to.equal('refused');
}
