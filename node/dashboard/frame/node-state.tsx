import { Duration } from '../../../sdk/ui/duration.tsx';
import { countText } from '../../../sdk/ui/figures.ts';
import { Address } from '../../../sdk/ui/identifier.tsx';
import { Notice, type Tone } from '../../../sdk/ui/notice.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import type { StatusAnswer } from '../node-data/documents.ts';
import { AWAY, earningSentence } from './earning-sentence.ts';

const TONES: Readonly<Record<StatusAnswer['state'], Tone>> = {
  starting: 'info',
  serving: 'good',
  degraded: 'warning',
  draining: 'warning',
};

interface NodeStateProps {
  readonly status: StatusAnswer;
  /** The node does not answer any more: the status is the last one. */
  readonly isAway: boolean;
}

/** Who the node is, whether it earns, and what is not as it should be. */
export function NodeState({ status, isAway }: NodeStateProps) {
  const earning = isAway ? AWAY : status.earning;
  const { problems, state, role, region, operator, uptimeSeconds, chain } = status;
  return (
    <section class="stack" aria-label="State">
      <div class={earning.yes ? 'earning' : 'earning earning-no'}>
        <h1 class="earning-sentence">{earningSentence(earning)}</h1>
        <p class="row soft">
          {isAway ? <State tone="bad">not answering</State> : <State tone={TONES[state]}>{state}</State>}
          <span>
            {role} in {region}, <Address value={operator} />
            {isAway ? (
              '; what follows was last known'
            ) : (
              <>
                , for <Duration seconds={uptimeSeconds} />
              </>
            )}
          </span>
          {!isAway && (
            <span>
              chain {chain.state}
              {chain.block !== null && `, block ${countText(chain.block)}`}
            </span>
          )}
        </p>
      </div>
      {problems.map(({ code, message }) => (
        <Notice
          key={`${code} ${message}`}
          tone="warning"
          title={message}
          evidence={<code>{code}</code>}
          remedy="Run `bcdn-node doctor`, or look at the health checks below."
        />
      ))}
    </section>
  );
}
