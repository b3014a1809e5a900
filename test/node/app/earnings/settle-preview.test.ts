import { expect } from 'chai';
import { settlePreviewDocument } from '../../../../node/app/control/documents.ts';
import { settlePreview } from '../../../../node/app/earnings/settle-preview.ts';
import { previewLines } from '../../../../node/cli/settle-lines.ts';
import { planSettlement } from '../../../../node/core/settlement/settlement-plan.ts';
import type { DealAccount, SettlementPolicy } from '../../../../node/core/settlement/settlement-question.ts';
import { parseDealId, parseEpoch } from '../../../../sdk/protocol/identifiers.ts';
import { GIB_BYTES } from '../../../../sdk/protocol/limits.ts';

const dealId = (n: number) => parseDealId(`0x${n.toString(16).padStart(64, '0')}`);

/** A deal of which epoch 1 has ended with 1,000 wei due. */
function account(n: number, changes: Partial<DealAccount> = {}): DealAccount {
  return {
    dealId: dealId(n),
    ratePerGiB: GIB_BYTES,
    balanceWei: 10_000n,
    paidWei: 0n,
    throughEpoch: parseEpoch(0),
    epochs: [{ epoch: parseEpoch(1), bytes: 1_000n, receipts: 40 }],
    coordinatorMayKnowMore: false,
    ...changes,
  };
}

function preview(deals: readonly DealAccount[], policy: Partial<SettlementPolicy> = {}, gasTokenWei = 0n) {
  const question = {
    ...{ nowMs: 100_000, epochSeconds: 10, gasPriceWei: 3n, bondableWei: 500n, deals },
    claimTerms: { samples: 4, bondFloorWei: 200n },
    policy: { minimumDueWei: 1n, directClaimAfterEpochs: 1, tokenWeiPerGas: 0n, ...policy },
  };
  const plans = {
    requested: planSettlement({ ...question, requested: true }),
    automatic: planSettlement({ ...question, requested: false }),
  };
  return settlePreviewDocument.parse(settlePreview({ ...plans, gasPriceWei: 3n, gasTokenWei }));
}

describe('a dry run of settling', () => {
  it('names the route of each deal, its gas, and what is held', () => {
    const failing = { coordinatorFailingSince: parseEpoch(1) };
    const document = preview([account(1), account(2, failing), account(3, failing)], {
      sampledClaimFromReceipts: 30,
    });
    expect(document.steps.map(({ route }) => route)).to.deep.equal([
      'voucher',
      'sampled-claim',
      'sampled-claim',
    ]);
    const [voucher, sampled] = document.steps;
    expect(voucher).to.include({ receipts: null, bondWei: null, dueWei: '1000' });
    expect(sampled).to.include({ receipts: 40, bondWei: '250', dueWei: '1000' });
    const gas = document.steps.reduce((sum, step) => sum + BigInt(step.gas), 0n);
    expect([document.gas, document.gasCostWei]).to.deep.equal([gas.toString(), (gas * 3n).toString()]);
    expect(document.netWei).to.equal(null);
    expect(preview([account(1)], {}, 10n ** 18n).netWei).to.equal((1_000n - 3n * 60_000n).toString());
  });

  it('names for each deal that waits the rule and what would satisfy it, asked or by itself', () => {
    const document = preview([account(1), account(2, { balanceWei: 0n })], { minimumDueWei: 5_000n });
    expect(document.steps.map((step) => step.dealId)).to.deep.equal([dealId(1)]);
    expect(document.waiting.map(({ reason }) => reason)).to.deep.equal(['ESCROW_EXHAUSTED']);
    expect(document.waiting[0]?.message).to.contain('top it up');
    expect(document.byItself.map(({ reason }) => reason)).to.deep.equal([
      'BELOW_MINIMUM',
      'ESCROW_EXHAUSTED',
    ]);
    const lines = previewLines(document).join('\n');
    expect(lines).to.contain('by voucher').and.to.contain('--settle-minimum-wei').and.to.contain('top it up');
  });
});
