import { FailureNotice } from '../../../../sdk/ui/failure-notice.tsx';
import { Identifier } from '../../../../sdk/ui/identifier.tsx';
import { Notice } from '../../../../sdk/ui/notice.tsx';
import { Progress } from '../../../../sdk/ui/progress.tsx';
import { failureOf } from '../../new-distribution/failure.ts';
import { paths } from '../../shell/paths.ts';
import type { DealAction, SettingsPart } from './use-deal-action.ts';

/** What became of the last thing that was asked for in a part of the settings. */
export function ActionOutcome({ of, action }: { readonly of: SettingsPart; readonly action: DealAction }) {
  const { state } = action;
  if (state.at === 'idle' || state.asked.part !== of) return null;
  const { name } = state.asked;
  if (state.at === 'failed') return <FailureNotice failure={failureOf(state.failure)} />;
  if (state.at === 'told') return <Notice tone="good" title={`${name}: ${state.outcome}`} />;
  if (state.at === 'mined') {
    return (
      <Notice
        tone="good"
        title={`${name}: the chain has it.`}
        evidence={<Identifier value={state.hash} href={paths.transaction(state.hash)} what="transaction" />}
      />
    );
  }
  const isAsking = state.at === 'asking';
  return (
    <Progress
      label={isAsking ? `${name}: confirm it in your wallet` : `${name}: sent, waiting for the chain`}
    />
  );
}
