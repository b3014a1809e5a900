import { duplexPair, type Duplex } from 'node:stream';

import { expect } from 'chai';
import fc from 'fast-check';

import { FrontDesk } from '../../../../node/adapters/delivery-desk/front-desk.ts';
import { DeskError } from '../../../../node/adapters/delivery-desk/desk-error.ts';
import { GatewayError } from '../../../../node/adapters/http/gateway-error.ts';
import { AccountsDoor } from '../../../../node/adapters/workers/accounts-door.ts';
import { packError, unpackError } from '../../../../node/adapters/workers/crossing-error.ts';
import { ProcessChannel, type ChannelDuties } from '../../../../node/adapters/workers/process-channel.ts';
import { RemoteAccounts } from '../../../../node/adapters/workers/remote-accounts.ts';
import type { WorkerError } from '../../../../node/adapters/workers/worker-error.ts';
import { MAX_FRAME_BYTES } from '../../../../node/adapters/workers/worker-limits.ts';
import { DeliveryError } from '../../../../node/core/delivery/delivery-error.ts';
import { StorageError } from '../../../../node/core/storage/storage-error.ts';
import { ProtocolError } from '../../../../sdk/protocol/errors.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import { DeskFixture, grantBytes, grantOf, receiptBytes, refusal } from '../delivery-desk/desk-fixture.ts';
import { DEAL_ID, DOMAIN } from '../http/gateway-fixture.ts';

const SILENT: ChannelDuties = {
  answer: async () => null,
  hear: () => undefined,
  closed: () => undefined,
};

function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

/** A channel whose other end is written by hand, and why it closed. */
function listening(duties: Partial<ChannelDuties> = {}): {
  raw: Duplex;
  closed: Promise<WorkerError | undefined>;
} {
  const [raw, end] = duplexPair();
  raw.on('error', () => undefined);
  const { promise: closed, resolve } = Promise.withResolvers<WorkerError | undefined>();
  void new ProcessChannel(end, { ...SILENT, ...duties, closed: resolve });
  return { raw, closed };
}

describe('Channel between processes', () => {
  it('carries questions and answers, many at once, in any order', async () => {
    const [one, other] = duplexPair();
    const asking = new ProcessChannel(one, SILENT);
    void new ProcessChannel(other, {
      ...SILENT,
      answer: async (kind, question) => {
        if (question === 0) await new Promise((resolve) => setImmediate(resolve));
        return `${kind} ${String(question)} ${'é'.repeat(2_000)}`;
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 1_500 }, (_, index) => asking.ask('double', index)),
    );
    expect(answers.map((answer) => String(answer).split(' ')[1])).to.deep.equal(
      Array.from({ length: 1_500 }, (_, index) => String(index)),
    );
    asking.close();
    expect(await refusal(asking.ask('double', 1))).to.include({ code: 'CHANNEL_CLOSED' });
  });

  it('lets errors of ours cross whole, and hides what nobody foresaw', () => {
    const details = { values: { bytes: 1n << 70n, name: 'a', count: 3, yes: true }, remedy: 'Do so.' };
    const errors = [
      new DeliveryError('CREDIT_EXHAUSTED', 'No credit.', details),
      new DeskError('GRANT_MALFORMED', 'No grant.', details),
      new StorageError('JOURNAL_FULL', 'Full.', details),
      new GatewayError(503, 'FILLS_BUSY', { message: 'Busy.', ...details, headers: { 'retry-after': '1' } }),
    ];
    for (const error of errors) {
      const crossed = unpackError(JSON.parse(JSON.stringify(packError(error))));
      expect(crossed).to.be.instanceOf(error.constructor);
      expect(crossed).to.deep.include({ ...error });
      expect(crossed.message).to.equal(error.message);
    }
    const protocol = unpackError(packError(new ProtocolError('HEX_INVALID', 'No hex.', { at: 1 })));
    expect(protocol).to.deep.include({ code: 'HEX_INVALID', values: { at: 1 } });
    expect(unpackError(packError(new TypeError('secret')))).to.include({ status: 500, code: 'INTERNAL' });
  });

  it('closes on what is no message, on frames that are too long, and on answers nobody asked for', async () => {
    const tooLong = Buffer.alloc(4);
    tooLong.writeUInt32BE(MAX_FRAME_BYTES + 1);
    const broken = [
      ...[frame('no json'), frame('{}'), frame('[1]'), frame('[["ask"]]'), frame('[["answer",7,null]]')],
      ...[frame('[["shout","x",1]]'), tooLong],
    ];
    for (const bytes of broken) {
      const { raw, closed } = listening();
      raw.write(bytes);
      expect((await closed)?.code).to.equal('MESSAGE_INVALID');
    }
  });

  it('never fails otherwise on any bytes, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), async (chunks) => {
        const { raw, closed } = listening();
        for (const chunk of chunks) raw.write(chunk);
        raw.end();
        raw.destroy();
        const reason = await closed;
        expect(reason?.code ?? 'CLOSED').to.be.oneOf(['CLOSED', 'MESSAGE_INVALID']);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses open questions when the other side is gone', async () => {
    const [one, other] = duplexPair();
    const asking = new ProcessChannel(one, SILENT);
    const asked = refusal(asking.ask('anything', null));
    other.destroy();
    one.destroy();
    expect(await asked).to.include({ code: 'CHANNEL_CLOSED' });
  });
});

describe('Accounts of another process', () => {
  const grant = grantOf();

  /** A desk of a worker over the accounts of a node, with a channel between them. */
  function workerDesk(fixture: DeskFixture) {
    const [one, other] = duplexPair();
    const door = new AccountsDoor({ accounts: fixture.local.accounts, domain: DOMAIN });
    const { promise: closed, resolve } = Promise.withResolvers<WorkerError | undefined>();
    void new ProcessChannel(other, {
      answer: (kind, question) => door.answer(kind, question) ?? Promise.resolve(null),
      hear: (kind, note) => void door.hear(kind, note),
      closed: resolve,
    });
    const channel = new ProcessChannel(one, SILENT);
    const metrics = { served: () => undefined, aborted: () => undefined, receipt: () => undefined };
    const accounts = new RemoteAccounts(channel);
    const desk = new FrontDesk(
      { accounts, domain: DOMAIN, secp256k1: nativeSecp256k1, metrics },
      { freeBytesPerMinute: 1_000, ownUserIsFree: false },
    );
    return { desk, door, channel, closed };
  }

  it('give the same answers as the own ones', async () => {
    const fixture = new DeskFixture({ freeBytesPerMinute: 1_000 });
    const { desk, door, channel } = workerDesk(fixture);
    const open = await desk.admit({ grant: grantBytes(grant) });
    const leave = await desk.reserve(open, 1_000);
    expect(open.standing).to.deep.equal({ windowBytes: 65_536, servedBytes: 1_000, durableBytes: 0 });
    expect(door.openLeaves).to.equal(1);
    leave.settle({ sentBytes: 1_000, complete: true });
    const answers = desk.takeReceipts(receiptBytes(grant, 1_000));
    while (fixture.journaled.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await fixture.written();
    expect(await answers).to.deep.equal([{ grantHash: open.grantHash, durableBytes: 1_000 }]);
    expect(door.openLeaves).to.equal(0);
    const wrong = await refusal(desk.admit({ grant: grantBytes(grantOf({ epoch: 7 as never })) }));
    const own = await refusal(
      fixture.local.desk.admit({ grant: grantBytes(grantOf({ epoch: 7 as never })) }),
    );
    expect(wrong).to.deep.equal(own);
    await desk.takeFree('192.0.2.1', 900);
    expect(await refusal(desk.takeFree('192.0.2.1', 900))).to.include({ code: 'FREE_ALLOWANCE_EXHAUSTED' });
    const [refused] = await desk.takeReceipts(receiptBytes(grantOf({ capBytes: 9n }), 1));
    expect(refused).to.have.nested.property('error.code', 'RECEIPT_UNKNOWN_GRANT');
    channel.close();
  });

  it('lose what a worker held open when it is gone: nothing is credited, but a receipt may name it', async () => {
    const fixture = new DeskFixture();
    const { desk, door, channel } = workerDesk(fixture);
    const open = await desk.admit({ grant: grantBytes(grant) });
    await desk.reserve(open, 1_000);
    channel.close();
    door.close();
    expect(fixture.ledger.meterOf(DEAL_ID)).to.include({
      servedBytes: 0,
      receiptedBytes: 0,
      unreceiptedBytes: 0,
    });
    const own = await fixture.local.desk.admit({
      grant: grantBytes(grant),
      receipt: receiptBytes(grant, 1_000),
    });
    expect(own.standing.servedBytes).to.equal(1_000);
    const more = { grant: grantBytes(grant), receipt: receiptBytes(grant, 1_001) };
    expect(await refusal(fixture.local.desk.admit(more))).to.include({ code: 'RECEIPT_BEYOND_SERVED' });
  });

  it('close the channel on a worker that settles what it did not reserve, or sends what does not decode', async () => {
    const say: ((channel: ProcessChannel) => void)[] = [
      (channel) => channel.tell('settle', { leaveId: 99, sentBytes: 1, complete: true }),
      (channel) => channel.tell('settle', { leaveId: 'x' }),
      (channel) => void channel.ask('open', { grant: 'AAAA', signer: NOBODY }).catch(() => undefined),
      (channel) => void channel.ask('resume', { grantHash: '0x12' }).catch(() => undefined),
      (channel) =>
        void channel.ask('reserve', { grantHash: `0x${'ab'.repeat(32)}`, bytes: -1 }).catch(() => undefined),
      (channel) => void channel.ask('takeFree', { client: 'x'.repeat(65), bytes: 1 }).catch(() => undefined),
      (channel) =>
        void channel.ask('takeReceipts', { receipts: '', signers: [NOBODY] }).catch(() => undefined),
    ];
    for (const speak of say) {
      const { channel, closed } = workerDesk(new DeskFixture());
      speak(channel);
      expect((await closed)?.code).to.equal('MESSAGE_INVALID');
    }
  });
});

const NOBODY = `0x${'00'.repeat(20)}`;
