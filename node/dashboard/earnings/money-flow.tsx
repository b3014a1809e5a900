import type { ComponentChildren } from 'preact';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import type { EarningsRow } from '../node-data/money-documents.ts';
import { partsOf } from './today.ts';

interface MoneyFlowProps {
  readonly title: string;
  readonly row: EarningsRow;
}

/** Metered → settled → paid, and below it the parts that add up to what is metered. */
export function MoneyFlow({ title, row }: MoneyFlowProps) {
  const parts = partsOf(row).filter(({ name, wei }) => wei !== 0n || name === 'paid');
  return (
    <div class="panel money" data-row={row.key}>
      <h3>{title}</h3>
      <dl class="money-steps">
        <Step name="Metered" wei={row.meteredWei}>
          receipts for <Bytes bytes={row.bytes} />
        </Step>
        <Step name="Settled" wei={row.settledWei}>
          agreed: paid, in a voucher or in a claim
        </Step>
        <Step name="Paid" wei={row.paidWei}>
          on the operator account
        </Step>
      </dl>
      <p class="soft">
        <Amount wei={row.meteredWei} /> metered ={' '}
        {parts.map(({ name, wei, meaning }, index) => (
          <span key={name} title={meaning}>
            {index > 0 && ' + '}
            <Amount wei={wei} /> {name}
          </span>
        ))}
      </p>
    </div>
  );
}

function Step({ name, wei, children }: { name: string; wei: bigint; children: ComponentChildren }) {
  return (
    <div class="money-step">
      <dt>{name}</dt>
      <dd class="money-sum">
        <Amount wei={wei} />
      </dd>
      <dd class="soft small">{children}</dd>
    </div>
  );
}
