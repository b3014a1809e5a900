import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { Dialog } from '../../../sdk/ui/dialog.tsx';
import { countedText } from '../../../sdk/ui/figures.ts';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { callNode } from '../node-data/call-node.ts';
import { drainAnswer, type DrainAnswer, type StatusAnswer } from '../node-data/documents.ts';
import { Failure } from '../node-data/failure.tsx';
import { useAnswer } from '../node-data/use-answer.ts';
import { useDeed } from '../node-data/use-deed.ts';

/** Filling that is under way ends first. */
const DRAIN_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 3_000;

interface DrainDialogProps {
  readonly open: boolean;
  readonly status: StatusAnswer;
  readonly onClose: () => void;
}

/** Begins and cancels draining, and says what is left to do. */
export function DrainDialog({ open, status, onClose }: DrainDialogProps) {
  const title = status.drainingSince === null ? 'Drain the node' : 'The node is draining';
  return (
    <Dialog title={title} open={open} onClose={onClose}>
      <DrainState onClose={onClose} />
    </Dialog>
  );
}

function DrainState({ onClose }: { readonly onClose: () => void }) {
  const report = useAnswer(
    (signal) => callNode({ action: '/drain', question: { what: 'report' }, answer: drainAnswer, signal }),
    { key: 'drain', everyMs: LOOK_EVERY_MS },
  );
  const isDraining = report.value?.draining === true;
  const deed = useDeed(async () => {
    const question = { what: isDraining ? 'cancel' : 'begin' };
    const answer = await callNode({
      ...{ action: '/drain', question, answer: drainAnswer, timeoutMs: DRAIN_TIMEOUT_MS },
    });
    report.refresh();
    return answer;
  });
  return (
    <>
      <Failure failure={deed.failure ?? report.failure} />
      {!isDraining && (
        <p>
          The node takes no new grants, uploads or fills. What is open is served until its epoch ends, and
          everything due is settled. This outlives a restart, until it is cancelled.
        </p>
      )}
      {report.value !== undefined && isDraining && <Left report={report.value} />}
      <div class="row">
        <button
          type="button"
          class={isDraining ? 'button button-primary' : 'button button-danger'}
          disabled={deed.busy || report.value === undefined}
          onClick={deed.run}
        >
          {isDraining ? 'Take new work again' : 'Drain'}
        </button>
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
}

function Left({ report: { done, left } }: { readonly report: DrainAnswer }) {
  if (done)
    return <Notice tone="good" title="Nothing is under way and nothing is owed. It may be stopped." />;
  if (left === null) return null;
  const { openGrants, atRiskBytes, unsettledWei, voucherDueWei, inClaimWei } = left;
  return (
    <p>
      Left: {countedText(openGrants, 'open grant')}, <Bytes bytes={atRiskBytes} /> not receipted,{' '}
      <Amount wei={unsettledWei} /> not settled, <Amount wei={voucherDueWei} /> in vouchers,{' '}
      <Amount wei={inClaimWei} /> in claims.
    </p>
  );
}
