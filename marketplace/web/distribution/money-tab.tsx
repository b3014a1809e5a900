import { Amount } from '../../../sdk/ui/amount.tsx';
import { Duration } from '../../../sdk/ui/duration.tsx';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Table } from '../../../sdk/ui/table.tsx';
import { DealSumTable } from '../explorer/deal-sum-table.tsx';
import { useCommandNames } from '../market-data/command-names.ts';
import { dealSums } from '../market-data/deal-sums.ts';
import { LOSS_RULE } from '../market-data/loss-rule.ts';
import { paths } from '../shell/paths.ts';
import type { DealMoney } from './deal-figures.ts';

interface MoneyTabProps {
  readonly dealId: string;
  readonly money: DealMoney;
}

/** Where every unit of the deposit is. */
export function MoneyTab({ dealId, money }: MoneyTabProps) {
  const sums = dealSums(money);
  const { bcdn } = useCommandNames();
  return (
    <div class="stack">
      <dl class="facts">
        <div>
          <dt>Metered by receipts</dt>
          <dd>
            <Amount wei={money.totals.meteredWei} />
          </dd>
        </div>
        <div>
          <dt>Vouched for</dt>
          <dd>
            <Amount wei={money.totals.vouchedWei} />
          </dd>
        </div>
        <div>
          <dt>Paid</dt>
          <dd>
            <Amount wei={money.totals.paidWei} />
          </dd>
        </div>
        <div>
          <dt>Lost to nodes</dt>
          <dd>
            <Amount wei={money.totals.lostWei} />
          </dd>
          {money.totals.lostWei > 0n && <dd class="small soft">{LOSS_RULE}</dd>}
        </div>
        <div>
          <dt>Cost of the last hour</dt>
          <dd>
            <Amount wei={money.burnWeiPerHour} />
          </dd>
        </div>
        <div>
          <dt>Lasts at this pace</dt>
          <dd>
            {money.runwaySeconds === null || sums.heldForNodesWei === 0n ? (
              '–'
            ) : (
              <Duration seconds={money.runwaySeconds} />
            )}
          </dd>
        </div>
      </dl>
      <DealSumTable deal={money} />
      <Table
        caption="By node"
        showsCaption
        columns={[
          {
            id: 'node',
            title: 'Node',
            cell: ({ node }) => (
              <Identifier value={node} href={paths.node(node)} what="address of the node" />
            ),
          },
          {
            id: 'allocated',
            title: 'Allocated',
            isFigure: true,
            cell: (row) => <Amount wei={row.allocatedWei} />,
          },
          { id: 'metered', title: 'Metered', isFigure: true, cell: (row) => <Amount wei={row.meteredWei} /> },
          { id: 'vouched', title: 'Vouched', isFigure: true, cell: (row) => <Amount wei={row.vouchedWei} /> },
          { id: 'paid', title: 'Paid', isFigure: true, cell: (row) => <Amount wei={row.paidWei} /> },
          { id: 'left', title: 'Left', isFigure: true, cell: (row) => <Amount wei={row.balanceWei} /> },
        ]}
        rows={money.allocations}
        rowKey={({ node }) => node}
      />
      <p>
        Every receipt and transaction behind these figures:{' '}
        <a href={paths.deal(dealId)}>the deal in the explorer</a>, or recompute the bill yourself with{' '}
        <code>{bcdn} audit</code>.
      </p>
    </div>
  );
}
