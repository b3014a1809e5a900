import type { Libp2p, Stream } from '@libp2p/interface';
import { expect } from 'chai';

import { StreamStuckError, untilTaken } from '../../../../node/adapters/libp2p/stream-backpressure.ts';
import { createViewerHost } from '../../../../sdk/libp2p/viewer-host.ts';
import { bareHost } from '../../../sdk/libp2p/stream-node.ts';

const PROTOCOL = '/bcdn-test/backpressure/1';
/** More than the window that an unread stream gets. */
const MESSAGE = new Uint8Array(2_000_000);

describe('waiting until a stream takes more', function () {
  this.timeout(20_000);
  let reader: Libp2p;
  let writer: Libp2p;
  let received: number;
  let reading: Stream;
  let writing: Stream;

  beforeEach(async () => {
    reader = await bareHost();
    writer = await createViewerHost();
    received = 0;
    const { promise, resolve } = Promise.withResolvers<Stream>();
    await reader.handle(PROTOCOL, (stream) => {
      stream.addEventListener('message', ({ data }) => {
        received += data.byteLength;
      });
      resolve(stream);
    });
    writing = await writer.dialProtocol(reader.getMultiaddrs(), PROTOCOL);
    reading = await promise;
  });

  afterEach(async () => {
    await Promise.all([reader.stop(), writer.stop()]);
  });

  async function codeOf(work: Promise<void>): Promise<string> {
    try {
      await work;
      return 'taken';
    } catch (error) {
      if (error instanceof StreamStuckError) return error.code;
      throw error;
    }
  }

  it('holds a writer back every time, not only the first', async () => {
    for (let message = 1; message <= 4; message++) {
      writing.send(MESSAGE);
      await Promise.all([writing.onDrain(), untilTaken(writing, 10_000)]);
      expect(writing.writeBufferLength).to.equal(0);
    }
    // libp2p's own promise was kept once and is never renewed: when this fails, `untilTaken` can go.
    reading.pause();
    writing.send(MESSAGE);
    await writing.onDrain();
    expect(writing.writeBufferLength).to.be.greaterThan(0);
  });

  it('gives up on a reader that takes nothing', async () => {
    reading.pause();
    writing.send(MESSAGE);
    expect(await codeOf(untilTaken(writing, 300))).to.equal('STREAM_STUCK');
    expect(received).to.be.below(MESSAGE.length);
  });

  it('waits for a slow reader as long as it takes something', async () => {
    reading.pause();
    writing.send(MESSAGE);
    const taken = codeOf(untilTaken(writing, 10_000));
    reading.resume();
    expect(await taken).to.equal('taken');
  });

  it('ends with the stream', async () => {
    reading.pause();
    writing.send(MESSAGE);
    const taken = codeOf(untilTaken(writing, 10_000));
    reading.abort(new TypeError('enough'));
    expect(await taken).to.equal('STREAM_CLOSED');
    expect(await codeOf(untilTaken(writing, 10_000))).to.equal('STREAM_CLOSED');
  });
});
