import { useTerms } from '../../new-distribution/use-terms.ts';
import { SettingPanel, type SettingProps } from './setting.tsx';

/** A rest, and its end. */
export function RestSetting({ atHand, action }: SettingProps) {
  const { network, wallet, nodes } = atHand;
  const terms = useTerms(network, wallet);
  const thaw = terms.value?.thawSeconds;
  if (!nodes.some(({ state }) => state === 'active')) return <Resume {...{ atHand, action }} />;
  return (
    <SettingPanel part="rest" title="Pause" action={action}>
      <p>
        Viewers are granted nothing more; nodes are paid what they have delivered.{' '}
        {thaw === undefined ? 'After the thaw' : `${thaw} s later`} their rest can be taken back; until then
        and afterwards it can be given to them again. A distribution that runs out of money rests by itself
        and is not closed.
      </p>
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={action.isBusy}
          onClick={() => action.run({ part: 'rest', name: 'Pause' }, ({ pause }) => pause(atHand))}
        >
          Pause
        </button>
      </div>
    </SettingPanel>
  );
}

function Resume({ atHand, action }: SettingProps) {
  return (
    <SettingPanel part="rest" title="Resume" action={action}>
      <p>
        It rests: viewers are granted nothing. Resuming gives the nodes that it had what lies free and what
        has thawed, in equal shares, at the rates they had; what has not thawed yet is theirs again at once.
        No top-up is needed: if nothing is free, one unit of the token (10⁻¹⁸ BCDN) for each node is added,
        because an allocation cannot be empty.
      </p>
      <div class="row">
        <button
          type="button"
          class="button button-primary"
          disabled={action.isBusy || atHand.nodes.length === 0}
          onClick={() => action.run({ part: 'rest', name: 'Resume' }, ({ resume }) => resume(atHand))}
        >
          Resume
        </button>
      </div>
    </SettingPanel>
  );
}
