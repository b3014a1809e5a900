import { expect } from 'chai';

import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';
import { overlayModel } from '../../../sdk/player/element/overlay-model.ts';

const NODE = '0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc';
const LIAR = '0x90f79bf6eb2c4f870365e785982e1f101e93b906';

const REPORT: ViewReport = {
  viewerKey: '0x00',
  nodes: [
    {
      node: NODE,
      region: 'eu-west',
      bytes: 3 * 1_048_576,
      blocks: 12,
      badBlocks: 0,
      bytesPerSecond: 2_097_152,
    },
    {
      ...{ node: LIAR, region: 'ap-south', bytes: 1_024, blocks: 1, badBlocks: 1 },
      dropped: { reason: 'corrupt', detail: 'wrong bytes for bafy' },
    },
  ],
  ...{ verifiedBytes: 3 * 1_048_576 + 1_024, verifiedBlocks: 13, badBlocks: 1, receiptsSigned: 7 },
  ...{
    confirmedBytes: 1_048_576,
    payableWei: '29296875000000',
    originBytes: 0,
    unverifiedBytes: 0,
    onOrigin: false,
  },
};

describe('overlayModel', () => {
  it('says who serves, where, how fast, and how much was verified', () => {
    const { headline, rows } = overlayModel(REPORT);
    expect(headline).to.equal('Served by 1 node');
    expect(rows[0]).to.deep.equal({
      ...{ node: NODE, name: '0x3c44…93bc', region: 'eu-west', state: 'serving' },
      ...{ rate: '2.00 MiB/s', bytes: '3.00 MiB', blocks: '12', note: '' },
    });
  });

  it('names a node that lied, and why it is gone', () => {
    expect(overlayModel(REPORT).rows[1]).to.include({
      state: 'dropped',
      note: 'Dropped: it sent bytes that are not those of the content (1 bad block refused).',
    });
  });

  it('says what was signed and what it is worth', () => {
    expect(overlayModel(REPORT).notes[1]).to.match(
      /^7 receipts signed, 1\.00 MiB confirmed, worth 0\.0000292 BCDN/,
    );
  });

  it('never calls bytes of an origin verified that nobody could verify', () => {
    const origin = { ...REPORT, nodes: [], verifiedBytes: 0, unverifiedBytes: 2_048, onOrigin: true };
    expect(overlayModel(origin).headline).to.equal('Served by the origin, unverified');
    const checked = { ...REPORT, onOrigin: true, originBytes: 4_096 };
    expect(overlayModel(checked).headline).to.equal('Served by the origin, verified');
  });
});
