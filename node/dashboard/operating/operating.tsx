import { useState } from 'preact/hooks';

import { Amount } from '../../../sdk/ui/amount.tsx';
import { Instant } from '../../../sdk/ui/instant.tsx';
import type { StatusAnswer } from '../node-data/documents.ts';
import { DrainDialog } from './drain-dialog.tsx';
import { PriceDialog } from './price-dialog.tsx';
import { SettleDialog } from './settle-dialog.tsx';

type Opened = 'settle' | 'drain' | 'price';

interface OperatingProps {
  readonly status: StatusAnswer;
  /** Looks at the state again. */
  readonly refresh: () => void;
}

/** The three things that are changed here; each says first what it will do. */
export function Operating({ status, refresh }: OperatingProps) {
  const [opened, setOpened] = useState<Opened>();
  const close = (): void => {
    setOpened(undefined);
    refresh();
  };
  const { settlement, drainingSince, role } = status;
  return (
    <section class="stack" aria-label="Operating">
      <div class="row">
        {role === 'edge' && (
          <button type="button" class="button button-primary" onClick={() => setOpened('settle')}>
            Settle now …
          </button>
        )}
        <button type="button" class="button" onClick={() => setOpened('price')}>
          Price …
        </button>
        <button type="button" class="button" onClick={() => setOpened('drain')}>
          {drainingSince === null ? 'Drain …' : 'Take new work again …'}
        </button>
        {role === 'edge' && (
          <span class="soft">
            <Amount wei={settlement.dueWei} /> due; the node settles by itself, next{' '}
            <Instant at={settlement.nextAt} />
          </span>
        )}
      </div>
      <SettleDialog open={opened === 'settle'} onClose={close} />
      <DrainDialog open={opened === 'drain'} status={status} onClose={close} />
      <PriceDialog open={opened === 'price'} onClose={close} />
    </section>
  );
}
