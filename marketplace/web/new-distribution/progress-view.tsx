import { Amount } from '../../../sdk/ui/amount.tsx';
import { FailureNotice } from '../../../sdk/ui/failure-notice.tsx';
import { byteText } from '../../../sdk/ui/figures.ts';
import { Identifier } from '../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../sdk/ui/notice.tsx';
import { Progress as Bar } from '../../../sdk/ui/progress.tsx';
import { paths } from '../shell/paths.ts';
import type { Progress } from './progress.ts';
import { FileChoice } from './source-step.tsx';
import { useContent } from './use-content.ts';
import type { DistributionRun } from './use-progress.ts';

const UPLOAD_STEPS = ['Read the files', 'Open the deal', 'Upload', 'Every node has it'] as const;
const ORIGIN_STEPS = ['Read the file', 'Open the deal', 'Tell the nodes', 'Every node serves it'] as const;

/** Where a distribution stands: four steps, what is happening, and what is asked of the publisher. */
export function ProgressView({ run, leave }: { readonly run: DistributionRun; readonly leave: () => void }) {
  const { progress } = run;
  if (progress === undefined) return null;
  const reached = reachedStep(progress);
  const steps = progress.draft.origin === undefined ? UPLOAD_STEPS : ORIGIN_STEPS;
  return (
    <section class="panel progress-view" aria-label="Progress">
      <h2>{progress.draft.name}</h2>
      <ol class="steps">
        {steps.map((title, index) => (
          <li
            key={title}
            class={index < reached ? 'step step-done' : index === reached ? 'step step-now' : 'step'}
            aria-current={index === reached ? 'step' : undefined}
          >
            {title}
            {index < reached && <span class="visually-hidden"> (done)</span>}
          </li>
        ))}
      </ol>
      <Now run={run} progress={progress} leave={leave} />
      <p class="soft small">
        Deal{' '}
        <Identifier
          value={progress.draft.dealId}
          href={paths.distribution(progress.draft.dealId)}
          what="deal"
        />
        , deposit <Amount wei={progress.draft.depositWei} exact />, content{' '}
        <Identifier value={progress.draft.cid} what="CID" />
      </p>
    </section>
  );
}

function reachedStep(progress: Progress): number {
  switch (progress.at) {
    case 'looking':
    case 'asking':
    case 'signing':
    case 'confirming':
    case 'waiting':
    case 'elsewhere':
      return 1;
    case 'declaring':
    case 'undeclared':
    case 'choosing':
    case 'uploading':
    case 'interrupted':
      return 2;
    default:
      return UPLOAD_STEPS.length;
  }
}

interface NowProps {
  readonly run: DistributionRun;
  readonly progress: Progress;
  readonly leave: () => void;
}

function Now({ run, progress, leave }: NowProps) {
  switch (progress.at) {
    case 'looking':
      return <Bar label="Looking at the chain whether the deal is there" />;
    case 'asking':
      return <Asking run={run} progress={progress} leave={leave} />;
    case 'signing':
      return <Bar label="Your wallet asks you: sign where nodes can fetch the content" />;
    case 'declaring':
      return <Bar label="Open. Telling the marketplace where nodes can fetch the content" />;
    case 'undeclared':
      return <FailureNotice failure={progress.failure} retry={() => run.send({ type: 'again' })} />;
    case 'confirming':
      return (
        <Bar label="Your wallet asks you: sign the permit if it shows one, then confirm the transaction" />
      );
    case 'waiting':
      return (
        <>
          <Bar label="Sent. Waiting until the chain has it" />
          <div class="row">
            <button type="button" class="button" onClick={() => run.send({ type: 'again' })}>
              Look again
            </button>
          </div>
        </>
      );
    case 'choosing':
      return <Choosing run={run} progress={progress} />;
    case 'uploading':
      return <Uploading run={run} progress={progress} />;
    case 'interrupted':
      return <FailureNotice failure={progress.failure} retry={() => run.send({ type: 'again' })} />;
    case 'ended':
      return (
        <Notice
          tone="info"
          title="This distribution was closed meanwhile."
          remedy={
            <a href={paths.distribution(progress.draft.dealId)}>See its money and take back what is left.</a>
          }
        />
      );
    case 'elsewhere':
      return <Elsewhere progress={progress} leave={leave} />;
    case 'done':
      return (
        <Notice
          tone="good"
          title={
            progress.draft.origin === undefined
              ? 'It is in place: every node of the plan has the whole content.'
              : 'It is in place: every node of the plan knows the content and where to fetch it.'
          }
          remedy={
            progress.draft.origin === undefined
              ? 'From now on viewers fetch it, and you see here what that costs.'
              : 'From now on viewers fetch it. Keep your server running until the nodes have filled themselves.'
          }
        >
          <a class="button button-primary" href={paths.distribution(progress.draft.dealId)}>
            Open the distribution
          </a>
          <a class="button" href={paths.watch(progress.draft.cid)}>
            Watch it
          </a>
        </Notice>
      );
  }
}

function Asking({ run, progress, leave }: NowProps & { progress: Extract<Progress, { at: 'asking' }> }) {
  const wasSent = progress.draft.transaction !== undefined;
  return (
    <Notice
      tone={progress.failure === undefined ? 'info' : 'warning'}
      title={progress.failure?.message ?? 'The deal is not on the chain, so nothing was taken.'}
      evidence={progress.failure === undefined ? undefined : <code>{progress.failure.code}</code>}
      remedy={
        wasSent
          ? 'An earlier transaction may still be on its way. Asking again is safe: the chain opens this deal only once.'
          : (progress.failure?.remedy ?? 'Go on when you are ready: your wallet asks again.')
      }
    >
      <button type="button" class="button button-primary" onClick={() => run.send({ type: 'agreed' })}>
        Ask the wallet again
      </button>
      <button type="button" class="button" onClick={() => run.send({ type: 'again' })}>
        Look at the chain again
      </button>
      <button type="button" class="button" onClick={leave}>
        Leave it for later
      </button>
    </Notice>
  );
}

function Choosing({
  run,
  progress,
}: {
  run: DistributionRun;
  progress: Extract<Progress, { at: 'choosing' }>;
}) {
  const reading = useContent(run.choose);
  const { origin } = progress.draft;
  return (
    <div class="stack">
      <Notice
        tone="info"
        title={
          origin === undefined
            ? 'The deal is open and paid. Choose the same file or folder again to upload it.'
            : 'The deal is open and paid. The file is read once more, so that nodes learn what it is made of.'
        }
        evidence={`${progress.draft.name}, ${byteText(progress.draft.bytes)}`}
        remedy={
          origin === undefined
            ? 'A page may not keep your files. Only what the nodes lack is sent.'
            : 'Read it at your server, or choose the same file on this device. Its bytes are not uploaded.'
        }
      >
        {origin !== undefined && (
          <button type="button" class="button button-primary" onClick={() => reading.readUrl(origin.url)}>
            Read it at the server again
          </button>
        )}
      </Notice>
      {progress.otherCid !== undefined && (
        <p class="field-error" role="alert">
          That is another content ({progress.otherCid}): this deal is for {progress.draft.cid}. Choose what
          you chose when you opened it, unchanged.
        </p>
      )}
      <FileChoice reading={reading} />
    </div>
  );
}

function Uploading({
  run,
  progress,
}: {
  run: DistributionRun;
  progress: Extract<Progress, { at: 'uploading' }>;
}) {
  const { sent, holders } = run.placing;
  const { nodes } = progress.draft;
  return (
    <div class="stack">
      {[...sent].map(([node, { bytes, of }]) => (
        <Bar
          key={node}
          label={`To ${nodes.find((one) => one.node === node)?.region ?? 'a node'}, ${node.slice(0, 10)}…`}
          done={bytes}
          of={Math.max(1, of)}
          text={`${byteText(bytes)} of ${byteText(of)}`}
        />
      ))}
      <Bar
        label={
          progress.draft.origin === undefined
            ? 'Nodes that hold all of it; the others of a region fill themselves from the first'
            : 'Nodes that know what it is made of and where to fetch it'
        }
        done={holders}
        of={Math.max(1, nodes.length)}
        text={`${holders} of ${nodes.length}`}
      />
      <p class="soft small">You may close this page: opened again, it goes on where it stopped.</p>
    </div>
  );
}

function Elsewhere({
  progress,
  leave,
}: {
  progress: Extract<Progress, { at: 'elsewhere' }>;
  leave: () => void;
}) {
  const { chainId, genesisHash } = progress.draft;
  return (
    <Notice
      tone="warning"
      title="This was begun on a chain that is not the one of this marketplace now."
      evidence={
        <>
          It was chain {chainId} with the first block <Identifier value={genesisHash} what="first block" />. A
          development chain that was started anew is another chain: the deal and its money are not on it.
        </>
      }
      remedy="Nothing is signed or sent for it here. It is kept until you forget it, and goes on if that chain comes back."
    >
      <button type="button" class="button" onClick={leave}>
        Back
      </button>
    </Notice>
  );
}
