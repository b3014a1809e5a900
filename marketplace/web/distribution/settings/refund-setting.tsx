import { Amount } from '../../../../sdk/ui/amount.tsx';
import { Identifier } from '../../../../sdk/ui/identifier.tsx';
import { Instant } from '../../../../sdk/ui/instant.tsx';
import { Notice } from '../../../../sdk/ui/notice.tsx';
import { SettingPanel, type SettingProps } from './setting.tsx';
import { without, type RefundAtHand } from './use-refund.ts';

interface RefundProps extends SettingProps {
  readonly availableAt: number | null;
  readonly isOpen: boolean;
  readonly refund: RefundAtHand | undefined;
}

/** The end, and the rest of the money. */
export function RefundSetting({ atHand, action, availableAt, isOpen, refund }: RefundProps) {
  return (
    <SettingPanel part="refund" title={isOpen ? 'Close and take back' : 'Take back'} action={action}>
      {isOpen && (
        <p>
          Closing sells nothing more. Nodes have until the end of the thaw to claim what they delivered; then
          the rest is yours.
        </p>
      )}
      {refund !== undefined && (
        <dl class="facts exact-facts">
          <div>
            <dt>Yours now, read from the chain</dt>
            <dd>
              <Amount wei={refund.wei} exact />
            </dd>
          </div>
          <div>
            <dt>Held for nodes until the thaw ends</dt>
            <dd>
              <Amount wei={refund.heldWei} exact />
            </dd>
          </div>
          {availableAt !== null && (
            <div>
              <dt>All of it has thawed</dt>
              <dd>
                <Instant at={availableAt} />
              </dd>
            </div>
          )}
        </dl>
      )}
      {refund !== undefined && refund.awaited.length > 0 && (
        <Notice
          tone="info"
          title={`${refund.awaited.length === 1 ? 'A node is' : `${refund.awaited.length} nodes are`} about to be paid for the last deliveries.`}
          evidence={refund.awaited.map((node) => (
            <Identifier key={node} value={node} what="address of the node" />
          ))}
          remedy="Their money is left out until then, for a minute at most; the rest can be taken back now."
        />
      )}
      <div class="row">
        {isOpen && (
          <button
            type="button"
            class="button button-danger"
            disabled={action.isBusy}
            onClick={() => action.run({ part: 'refund', name: 'Close' }, ({ close }) => close(atHand))}
          >
            Close the distribution
          </button>
        )}
        <button
          type="button"
          class="button button-primary"
          disabled={action.isBusy || refund === undefined || refund.wei === 0n}
          onClick={() =>
            action.run({ part: 'refund', name: 'Refund' }, ({ takeRefund }) =>
              takeRefund(without(atHand, refund?.awaited ?? [])),
            )
          }
        >
          Take back what is yours
        </button>
      </div>
    </SettingPanel>
  );
}
