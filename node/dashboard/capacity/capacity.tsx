import { Amount } from '../../../sdk/ui/amount.tsx';
import { Bytes } from '../../../sdk/ui/bytes.tsx';
import { byteText, countedText, countText, shareText, tokenText } from '../../../sdk/ui/figures.ts';
import { Instant } from '../../../sdk/ui/instant.tsx';
import { Progress } from '../../../sdk/ui/progress.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { callNode } from '../node-data/call-node.ts';
import { capacityAnswer, type CapacityAnswer, type StatusAnswer } from '../node-data/documents.ts';
import { Failure } from '../node-data/failure.tsx';
import { useAnswer } from '../node-data/use-answer.ts';

const CAPACITY_EVERY_MS = 5_000;

/** What the operator lends, how much of it is taken, and what a crash now would cost. */
export function Capacity({ status }: { readonly status: StatusAnswer }) {
  const { value, failure, refresh } = useAnswer(
    (signal) => callNode({ action: '/capacity', answer: capacityAnswer, signal }),
    { key: 'capacity', everyMs: CAPACITY_EVERY_MS },
  );
  const { traffic, bytes, content } = status;
  return (
    <section class="stack" aria-labelledby="capacity">
      <h2 id="capacity">Capacity</h2>
      <Failure failure={failure} retry={refresh} />
      {value === undefined && failure === undefined && <Skeleton what="capacity" />}
      <div class="panel">
        {value !== undefined && (
          <>
            <Share name="Disk" used={value.disk.usedBytes} limit={value.disk.limitBytes} />
            <Share name="Memory for blocks" used={value.memory.usedBytes} limit={value.memory.limitBytes} />
          </>
        )}
        {traffic !== null && (
          <Share name={`Sent in ${traffic.month}`} used={traffic.sentBytes} limit={traffic.capBytes} />
        )}
        <p>
          <strong>Bytes at risk:</strong> <Bytes bytes={bytes.atRisk} />, sent and not yet safely receipted: a
          crash now would leave them unpaid. <Bytes bytes={bytes.lost} /> have been lost so.
        </p>
        <p>
          {countedText(content.complete, 'content')} complete, {countText(content.incomplete)} being filled.
          {traffic === null ? (
            ' There is no monthly cap.'
          ) : (
            <>
              {' '}
              The month ends <Instant at={traffic.resetsAt} />.
            </>
          )}
        </p>
        {value !== undefined && <Settings capacity={value} />}
      </div>
    </section>
  );
}

interface ShareProps {
  readonly name: string;
  readonly used: bigint;
  readonly limit: bigint;
}

function Share({ name, used, limit }: ShareProps) {
  const [done, of] = [Number(used), Number(limit)];
  const text = `${byteText(used)} of ${byteText(limit)}, ${shareText(done, of)}`;
  return <Progress label={name} done={done} of={Math.max(1, of)} text={text} />;
}

function Settings({ capacity }: { readonly capacity: CapacityAnswer }) {
  const { uploadBytesPerSecond, freeBytesPerMinute, carriagePercent, workers } = capacity;
  return (
    <dl class="facts">
      <div>
        <dt>Upload cap</dt>
        <dd>{uploadBytesPerSecond === null ? 'none' : <Bytes bytes={uploadBytesPerSecond} perSecond />}</dd>
      </div>
      <div>
        <dt>Lent between domains</dt>
        <dd>{carriagePercent === 0 ? 'nothing' : `${carriagePercent} %`}</dd>
      </div>
      <div>
        <dt>Free for each address</dt>
        <dd>
          <Bytes bytes={freeBytesPerMinute} /> a minute
        </dd>
      </div>
      <div>
        <dt>Processes that serve</dt>
        <dd>{countText(workers)}</dd>
      </div>
      <div>
        <dt>Settles by itself from</dt>
        <dd>
          <Amount wei={capacity.settleMinimumWei} />
        </dd>
      </div>
      <div>
        <dt>Highest gas price</dt>
        <dd>
          {capacity.maxGasPriceWei === null ? 'none' : `${tokenText(capacity.maxGasPriceWei, 18)} a unit`}
        </dd>
      </div>
    </dl>
  );
}
