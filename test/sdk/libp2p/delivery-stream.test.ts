import { expect } from 'chai';

import { contentOf, patternBytes, rawCidOf } from '../../node/adapters/content-fixture.ts';
import {
  DEAL_ID,
  grantHeader,
  hashOfGrant,
  keys,
  signedReceipt,
} from '../../node/adapters/http/gateway-fixture.ts';
import { blockOf, codeOf, StreamNode, wanted } from './stream-node.ts';

describe('blocks for grants over a libp2p stream', function () {
  this.timeout(30_000);
  let node: StreamNode;

  afterEach(async () => {
    await node.stop();
  });

  it('serves a content byte for byte, and what was sent, receipted and recorded is one sum', async () => {
    node = await StreamNode.start({ content: await contentOf([{ content: patternBytes(1_000_000) }]) });
    const source = node.source();
    const grant = node.fixture.grant();
    const header = grantHeader(grant);
    let verified = 0;
    for (const { cid, bytes } of node.fixture.content.blocks) {
      const receipt = verified === 0 ? undefined : signedReceipt(grant, verified);
      const answer = blockOf(await source.fetchBlock(wanted(cid, header, { ...(receipt && { receipt }) })));
      expect(Buffer.compare(answer.bytes, bytes)).to.equal(0);
      verified += bytes.length;
    }
    const acknowledged = await source.deliverReceipts([signedReceipt(grant, verified)]);
    expect(acknowledged).to.deep.equal([{ grantHash: hashOfGrant(grant), bytes: verified }]);
    const meter = node.fixture.ledger.meterOf(DEAL_ID);
    expect(meter?.servedBytes).to.equal(verified);
    expect(meter?.receiptedBytes).to.equal(verified);
  });

  it('answers requests that are under way together', async () => {
    node = await StreamNode.start({ content: await contentOf([{ content: patternBytes(60_000) }], 4_096) });
    const source = node.source();
    const header = grantHeader(node.fixture.grant());
    const { leaves } = node.fixture.content;
    const answers = await Promise.all(leaves.map(({ cid }) => source.fetchBlock(wanted(cid, header))));
    expect(answers.map((answer) => Buffer.from(blockOf(answer).bytes))).to.deep.equal(
      leaves.map(({ bytes }) => Buffer.from(bytes)),
    );
  });

  it('refuses with the codes of the desk and goes on', async () => {
    node = await StreamNode.start();
    const source = node.source();
    const [first] = node.fixture.content.leaves;
    if (first === undefined) throw new RangeError('no leaf');
    const forged = grantHeader(node.fixture.grant(), keys.stranger);
    expect(codeOf(await source.fetchBlock(wanted(first.cid, forged)))).to.equal('GRANT_BAD_SIGNATURE');
    const grant = node.fixture.grant();
    const missing = rawCidOf(patternBytes(100, 7));
    expect(codeOf(await source.fetchBlock(wanted(missing, grantHeader(grant))))).to.equal(
      'GRANT_WRONG_CONTENT',
    );
    const answer = await source.fetchBlock(wanted(first.cid, grantHeader(grant)));
    expect(blockOf(answer).state.windowBytes).to.equal(65_536);
    const wrong = await source.fetchBlock(
      wanted(first.cid, grantHeader(grant), { receipt: signedReceipt(grant, 10 ** 7) }),
    );
    expect(codeOf(wrong)).to.equal('RECEIPT_BEYOND_SERVED');
  });

  it('knows more grants than lanes: the oldest lane is presented anew', async () => {
    node = await StreamNode.start({ content: await contentOf([{ content: patternBytes(60_000) }], 4_096) });
    const source = node.source();
    const [leaf] = node.fixture.content.leaves;
    if (leaf === undefined) throw new RangeError('no leaf');
    const grants = Array.from({ length: 66 }, (_, index) =>
      node.fixture.grant({ capBytes: 1_000_000n + BigInt(index) }),
    );
    for (const grant of [...grants, ...grants.slice(0, 2)]) {
      blockOf(await source.fetchBlock(wanted(leaf.cid, grantHeader(grant))));
    }
    expect(node.fixture.ledger.meterOf(DEAL_ID)?.servedBytes).to.equal(68 * leaf.bytes.length);
  });

  it('credits a receipt before the want behind it, and tells a refused one once', async () => {
    node = await StreamNode.start();
    const source = node.source();
    const [first, second, third] = node.fixture.content.leaves;
    if (first === undefined || second === undefined || third === undefined)
      throw new RangeError('too few leaves');
    const grant = node.fixture.grant();
    const header = grantHeader(grant);
    blockOf(await source.fetchBlock(wanted(first.cid, header)));
    expect(codeOf(await source.fetchBlock(wanted(second.cid, header)))).to.equal('CREDIT_EXHAUSTED');
    const forged = signedReceipt(grant, first.bytes.length, keys.stranger);
    const told = await source.fetchBlock(wanted(second.cid, header, { receipt: forged }));
    expect(codeOf(told)).to.match(/^RECEIPT_/);
    const receipt = signedReceipt(grant, first.bytes.length);
    const { state } = blockOf(await source.fetchBlock(wanted(second.cid, header, { receipt })));
    expect(state.windowBytes).to.equal(65_536 * 1.5);
  });

  it('ends what is under way when it stops, and refuses what comes then', async () => {
    const { promise: reading, resolve: isReading } = Promise.withResolvers<undefined>();
    const { promise: mayRead, resolve: letRead } = Promise.withResolvers<undefined>();
    node = await StreamNode.start({
      decorate: (reader) => ({
        sizeOf: (cid) => reader.sizeOf(cid),
        get: async (cid) => {
          isReading(undefined);
          await mayRead;
          return await reader.get(cid);
        },
      }),
    });
    const source = node.source();
    const [first, second] = node.fixture.content.leaves;
    if (first === undefined || second === undefined) throw new RangeError('too few leaves');
    const header = grantHeader(node.fixture.grant());
    const underWay = source.fetchBlock(wanted(first.cid, header));
    await reading;
    const stopped = node.server.stop(10_000);
    const refused = await source.fetchBlock(wanted(second.cid, header));
    expect(codeOf(refused)).to.equal('DRAINING');
    letRead(undefined);
    expect(Buffer.compare(blockOf(await underWay).bytes, first.bytes)).to.equal(0);
    await stopped;
    expect(node.fixture.ledger.meterOf(DEAL_ID)?.servedBytes).to.equal(first.bytes.length);
  });
});
