import { Instant } from '../../../sdk/ui/instant.tsx';
import type { Tone } from '../../../sdk/ui/notice.tsx';
import { Skeleton } from '../../../sdk/ui/skeleton.tsx';
import { State } from '../../../sdk/ui/state.tsx';
import { callNode } from '../node-data/call-node.ts';
import { healthAnswer, type HealthAnswer } from '../node-data/documents.ts';
import { Failure } from '../node-data/failure.tsx';
import { useAnswer } from '../node-data/use-answer.ts';

/** Other edges dial this one, six of them at most, half a minute each at most. */
const HEALTH_TIMEOUT_MS = 200_000;
/** The node looks anew once a minute at most. */
const HEALTH_EVERY_MS = 120_000;

type Finding = HealthAnswer['findings'][number];

const TONES: Readonly<Record<Finding['state'], Tone>> = { fine: 'good', warning: 'warning', failed: 'bad' };
const WORDS: Readonly<Record<Finding['state'], string>> = {
  fine: 'fine',
  warning: 'look at it',
  failed: 'failed',
};
/** What is to be mended comes first. */
const ORDER: readonly Finding['state'][] = ['failed', 'warning', 'fine'];

/** The checks of `bcdn-node doctor`: each with its evidence, and the one command that mends it. */
export function Health() {
  const { value, failure, refresh } = useAnswer(
    (signal) => callNode({ action: '/doctor', answer: healthAnswer, signal, timeoutMs: HEALTH_TIMEOUT_MS }),
    { key: 'health', everyMs: HEALTH_EVERY_MS },
  );
  return (
    <section class="stack" aria-labelledby="health">
      <div class="spread">
        <h2 id="health">Health</h2>
        <span class="row soft">
          {value !== undefined && (
            <span>
              checked <Instant at={value.at} />
            </span>
          )}
          <button type="button" class="button" onClick={refresh}>
            Check again
          </button>
        </span>
      </div>
      <Failure failure={failure} retry={refresh} />
      {value === undefined && failure === undefined && (
        <Skeleton what="the checks: other edges dial this node" lines={6} />
      )}
      {value !== undefined && <Findings findings={value.findings} />}
    </section>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  const ordered = ORDER.flatMap((state) => findings.filter((finding) => finding.state === state));
  return (
    <ul class="plain findings">
      {ordered.map(({ check, state, evidence, run }, index) => (
        <li key={`${check} ${index}`} class="finding">
          <State tone={TONES[state]}>{WORDS[state]}</State>
          <strong>{check}</strong>
          <span class="finding-evidence">
            {evidence}
            {run !== null && (
              <>
                {' '}
                → <code>{run}</code>
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
