import { Mark } from '../../../sdk/ui/icons.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { ThemeSwitch } from '../../../sdk/ui/theme-switch.tsx';
import { Capacity } from '../capacity/capacity.tsx';
import { Earnings } from '../earnings/earnings.tsx';
import { Health } from '../health/health.tsx';
import { callNode } from '../node-data/call-node.ts';
import { statusAnswer } from '../node-data/documents.ts';
import { Failure } from '../node-data/failure.tsx';
import { useAnswer } from '../node-data/use-answer.ts';
import { Operating } from '../operating/operating.tsx';
import { Traffic } from '../traffic/traffic.tsx';
import { Network } from './network.tsx';
import { NodeState } from './node-state.tsx';

/** The node answers from memory; its operator sees a change soon. */
const STATUS_EVERY_MS = 2_000;

/** The operator's desk: one page. */
export function Desk() {
  const status = useAnswer((signal) => callNode({ action: '/status', answer: statusAnswer, signal }), {
    key: 'status',
    everyMs: STATUS_EVERY_MS,
  });
  const { value, failure, refresh } = status;
  const isAway = failure?.code === 'NODE_UNREACHABLE';
  return (
    <>
      <a class="skip-link" href="#content">
        Skip to the content
      </a>
      <header class="desk-header">
        <div class="desk-bar">
          <span class="desk-brand">
            <Mark />
            <span>bcdn node</span>
          </span>
          <ThemeSwitch />
        </div>
      </header>
      <main id="content" tabIndex={-1} class="page">
        <Failure failure={failure} retry={refresh} />
        {value === undefined && failure === undefined && <Skeleton what="the state of the node" lines={6} />}
        {value !== undefined && (
          <>
            <NodeState status={value} isAway={isAway} />
            {!isAway && <Operating status={value} refresh={refresh} />}
            <Earnings />
            <Health />
            <Traffic />
            <Capacity status={value} />
            <Network status={value} />
          </>
        )}
      </main>
    </>
  );
}
