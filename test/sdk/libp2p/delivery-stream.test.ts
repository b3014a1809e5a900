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
});
