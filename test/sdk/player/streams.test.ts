import { expect } from 'chai';

import { ByteCredit } from '../../../sdk/player/link/byte-credit.ts';
import { byteStream } from '../../../sdk/player/service-worker/byte-stream.ts';

describe('ByteCredit', () => {
  it('holds the sender until the reader has taken something', async () => {
    const credit = new ByteCredit(10);
    const { signal } = new AbortController();
    await credit.take(10, signal);
    let sent = false;
    const waiting = credit.take(5, signal).then(() => (sent = true));
    await Promise.resolve();
    expect(sent).to.equal(false);
    credit.grant(10);
    await waiting;
    expect(sent).to.equal(true);
  });

  it('ends a wait when the reader leaves', async () => {
    const credit = new ByteCredit(0);
    const stop = new AbortController();
    const waiting = Promise.allSettled([credit.take(1, stop.signal)]);
    stop.abort();
    expect((await waiting)[0]).to.include({ status: 'rejected' });
  });
});

describe('byteStream', () => {
  it('writes no more than one piece ahead of its reader', async () => {
    let written = 0;
    const { stream, ended } = byteStream(async (take) => {
      for (; written < 4; written++) await take(Uint8Array.of(written));
    });
    const reader = stream.getReader();
    expect(await reader.read()).to.deep.equal({ done: false, value: Uint8Array.of(0) });
    expect(written).to.be.at.most(2);
    const rest: number[] = [];
    for (let next = await reader.read(); !next.done; next = await reader.read()) rest.push(...next.value);
    expect(rest).to.deep.equal([1, 2, 3]);
    await ended;
  });

  it('ends the writer when its reader leaves', async () => {
    let reason: unknown;
    const { stream, ended } = byteStream(async (take, signal) => {
      for (;;)
        await take(new Uint8Array(1)).catch((error: unknown) => {
          reason = signal.aborted;
          throw error;
        });
    });
    const reader = stream.getReader();
    await reader.read();
    await reader.cancel();
    await ended;
    expect(reason).to.equal(true);
  });

  it('hands a failure on to its reader', async () => {
    const { stream, ended } = byteStream(async () => Promise.reject(new TypeError('broken')));
    const [read] = await Promise.allSettled([stream.getReader().read()]);
    expect(read).to.have.nested.property('reason.message', 'broken');
    await ended;
  });
});
