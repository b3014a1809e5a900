import { expect } from 'chai';

import { viewSentences } from '../../../../marketplace/web/watch/view-sentences.ts';
import type { ViewReport } from '../../../../sdk/player/engine/view-report.ts';

const REPORT: ViewReport = {
  viewerKey: '0x00',
  nodes: [
    {
      node: '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc',
      region: 'eu-west',
      bytes: 2_048,
      blocks: 2,
      badBlocks: 0,
    },
    {
      node: '0x15d34aaf54267db7d7c367839aaf71a00a2c6a65',
      region: 'us-east',
      bytes: 1_024,
      blocks: 1,
      badBlocks: 0,
    },
    {
      ...{ node: '0x90f79bf6eb2c4f870365e785982e1f101e93b906', region: 'ap-south', bytes: 0, blocks: 0 },
      ...{ badBlocks: 1, dropped: { reason: 'corrupt', detail: 'wrong bytes' } },
    },
  ],
  ...{ verifiedBytes: 3_072, verifiedBlocks: 3, badBlocks: 1, receiptsSigned: 1, confirmedBytes: 3_072 },
  ...{ payableWei: '0', originBytes: 0, unverifiedBytes: 0, onOrigin: false },
};

describe('viewSentences', () => {
  it('says who serves and where, what was checked, and who was dropped for what', () => {
    expect(viewSentences(REPORT)).to.deep.equal([
      'Served by 2 nodes in eu-west and us-east.',
      'Your browser checked 3.00 KiB in 3 blocks against the name of the content.',
      'One receipt was signed with a key of this page: all of it is confirmed.',
      '0x90f7…b906 sent a block with wrong bytes and is not asked any more.',
    ]);
  });

  it('says that nodes are looked for, and what is not confirmed yet', () => {
    expect(viewSentences({ ...REPORT, nodes: [], verifiedBytes: 0 })[0]).to.match(/being looked for/);
    expect(viewSentences({ ...REPORT, confirmedBytes: 1_024 })[2]).to.match(/1\.00 KiB of it is confirmed/);
  });

  it('never calls bytes checked that nothing could check', () => {
    const origin = { ...REPORT, nodes: [], verifiedBytes: 0, unverifiedBytes: 2_048, onOrigin: true };
    expect(viewSentences(origin)).to.deep.equal([
      'No node serves this content now; the publisher’s own server stands in.',
      '2.00 KiB came from the publisher’s own server; nothing could check them.',
    ]);
  });
});
