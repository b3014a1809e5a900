import { expect } from 'chai';
import pino from 'pino';

import { NodeError } from '../../../../node/app/node-error.ts';
import type { SettlementAnswer, SettlementPage } from '../../../../node/app/settlement/coordinator-client.ts';
import { handInReceipts, type HandInParts } from '../../../../node/app/settlement/receipt-hand-in.ts';
import type { DealAccount } from '../../../../node/core/settlement/settlement-question.ts';
import {
  parseAddress,
  parseContentRoot,
  parseDealId,
  parseEpoch,
} from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';
import type { SignedVoucher } from '../../../../sdk/protocol/voucher.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';

const node = parseAddress(`0x${'44'.repeat(20)}`);
const [first, second] = ['11', '12'].map((byte) => parseDealId(`0x${byte.repeat(32)}`)) as [
  DealAccount['dealId'],
  DealAccount['dealId'],
];
const THROUGH = parseEpoch(10);
const RELEASED = {
  ...{ state: 'released' as const, balanceWei: 0n, paidWei: 40n, ratePerGiB: GIB_BYTES },
  ...{ throughEpoch: parseEpoch(8), thawEndEpoch: undefined },
};

function accountOf(dealId: DealAccount['dealId']): DealAccount {
  return {
    ...{ dealId, ratePerGiB: GIB_BYTES, balanceWei: 0n, paidWei: 40n, throughEpoch: parseEpoch(8) },
    epochs: [{ epoch: THROUGH, bytes: 100n, receipts: 1 }],
    coordinatorMayKnowMore: false,
  };
}

describe('receipts of escrow that was taken back', () => {
  const pages: SettlementPage[] = [];
  const kept: SignedVoucher[] = [];
  const asked: string[] = [];
  let isAway = false;

  const parts: HandInParts = {
    coordinator: {
      settle: async (page): Promise<SettlementAnswer> => {
        pages.push(page);
        const { dealId, throughEpoch } = page;
        if (isAway && dealId === first)
          throw new NodeError('COORDINATOR_UNREACHABLE', { message: 'Silent.', remedy: 'Wait.' });
        const voucher = {
          voucher: { dealId, node, throughEpoch, cumulative: 40n },
          signature: new Uint8Array(64),
        };
        return { voucher, refused: [], better: [] };
      },
    },
    journal: { receipts: () => [], appendPair: async () => undefined, totals: () => undefined },
    store: { claimedSpans: () => [], keepVoucher: (signed) => void kept.push(signed) },
    late: { noteAsked: (dealId) => void asked.push(dealId) },
    directory: {
      known: (dealId) => ({
        deal: {
          ...{
            dealId,
            publisher: node,
            contentRoot: parseContentRoot(`0x${'22'.repeat(32)}`),
            contentCodec: 0x55,
          },
          ...{ state: 'closed', grantKey: node },
        },
        allocation: RELEASED,
      }),
    },
    secp256k1: nativeSecp256k1,
    domain: { chainId: 31337n, verifyingContract: node },
    node,
    log: pino({ level: 'silent' }),
  };

  const handIn = (): Promise<void> => {
    const handIns = [first, second].map((dealId) => ({
      ...{ dealId, throughEpoch: THROUGH, afterEpoch: parseEpoch(8) },
    }));
    const accounts = [first, second].map(accountOf);
    return handInReceipts(parts, { handIns, accounts }, new AbortController().signal);
  };

  beforeEach(() => {
    for (const list of [pages, kept, asked]) list.length = 0;
    isAway = false;
  });

  it('are handed to the coordinator all the same, so that its books hold the same bytes', async () => {
    await handIn();
    expect(pages).to.deep.equal(
      [first, second].map((dealId) => ({ dealId, node, throughEpoch: THROUGH, receipts: [], final: true })),
    );
    expect(kept.map(({ voucher }) => voucher.cumulative)).to.deep.equal([40n, 40n]);
    expect(asked).to.deep.equal([first, second]);
  });

  it('stay due where the coordinator is away, which holds no other deal up', async () => {
    isAway = true;
    await handIn();
    expect(asked).to.deep.equal([second]);
  });
});
