import { expect } from 'chai';
import type { Stream } from '@libp2p/interface';

import { encodeRequest, type DeliveryRequest } from '../../../sdk/libp2p/delivery-requests.ts';
import { frame } from '../../../sdk/libp2p/frames.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { contentOf, patternBytes } from '../../node/adapters/content-fixture.ts';
import { DEAL_ID, grantHeader } from '../../node/adapters/http/gateway-fixture.ts';
import { blockOf, codeOf, StreamNode, wanted } from './stream-node.ts';

const MIB = 1_048_576;

describe('a node under hostile streams', function () {
  this.timeout(30_000);
  let node: StreamNode;

  afterEach(async () => {
    await node.stop();
  });

  /** Resolves with how the stream ended. */
  async function ending(stream: Stream): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    stream.addEventListener('close', () => resolve(undefined));
    if (stream.status === 'open') await promise;
    return stream.status;
  }

  async function servesOthers(): Promise<void> {
    const [leaf] = node.fixture.content.leaves;
    if (leaf === undefined) throw new RangeError('no leaf');
    const answer = await node.source().fetchBlock(wanted(leaf.cid, grantHeader(node.fixture.grant())));
    expect(Buffer.compare(blockOf(answer).bytes, leaf.bytes)).to.equal(0);
  }

  for (const [what, bytes] of [
    ['a message that is none', frame(Uint8Array.of(0x05))],
    ["a node's answer", frame(Uint8Array.of(0x81, 0, 0, 0, 1))],
    ['a message too long', Uint8Array.of(0, 1, 0xff, 0xff)],
    ['HTTP', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
  ] as const) {
    it(`resets the stream for ${what}, and serves others`, async () => {
      node = await StreamNode.start();
      const stream = await node.bareStream();
      const ended = ending(stream);
      stream.send(bytes);
      expect(await ended).to.equal('reset');
      await servesOthers();
    });
  }

  it('resets the stream for a request beyond sixteen without an answer', async () => {
    node = await StreamNode.start({
      components: { fill: () => new Promise(() => undefined) },
      empty: true,
    });
    const stream = await node.bareStream();
    const ended = ending(stream);
    say(stream, { kind: 'present', lane: 0, grant: grantBytes(node) });
    const [first] = node.fixture.content.leaves;
    if (first === undefined) throw new RangeError('no leaf');
    for (let request = 0; request < 17; request++) {
      say(stream, { kind: 'want', request, lane: 0, cid: first.cid });
    }
    expect(await ended).to.equal('reset');
    expect(node.failures.map(String).join()).to.contain('more at once');
  });

  it('ends the stream of a client that does not take its block, and counts what left as aborted', async () => {
    const content = await contentOf([{ content: patternBytes(MIB) }], MIB);
    node = await StreamNode.start({ content }, { slowClientTimeoutMs: 200 });
    const stream = await node.bareStream();
    const ended = ending(stream);
    stream.pause();
    say(stream, { kind: 'present', lane: 0, grant: grantBytes(node) });
    say(stream, { kind: 'want', request: 1, lane: 0, cid: content.root });
    expect(await ended).to.equal('reset');
    expect(node.fixture.ledger.meterOf(DEAL_ID)?.servedBytes).to.equal(0);
    // Rule 8 of the delivery: what left stays counted against the grant, so that the block does not fit any more.
    const again = await node.source().fetchBlock(wanted(content.root, grantHeader(node.fixture.grant())));
    expect(codeOf(again)).to.equal('GRANT_ABORTS_EXHAUSTED');
  });

  it('closes a stream on which nothing is asked', async () => {
    node = await StreamNode.start({}, { idleMs: 50 });
    expect(await ending(await node.bareStream())).to.equal('reset');
  });

  it('takes no more streams than it may', async () => {
    node = await StreamNode.start({}, { maxStreams: 2 });
    const kept = [await node.bareStream(), await node.bareStream()];
    expect(await ending(await node.bareStream())).to.equal('reset');
    expect(kept.map(({ status }) => status)).to.deep.equal(['open', 'open']);
    expect(node.server.openStreams).to.equal(2);
  });
});

function say(stream: Stream, message: DeliveryRequest): void {
  stream.send(frame(encodeRequest(message)));
}

function grantBytes(node: StreamNode): Uint8Array {
  return base64UrlDecode(grantHeader(node.fixture.grant()));
}
