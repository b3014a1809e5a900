import type { ComponentChildren } from 'preact';

import { ActionOutcome } from './action-outcome.tsx';
import type { DealAtHand } from './deal-actions.ts';
import type { DealAction, SettingsPart } from './use-deal-action.ts';

/** What every setting is given. */
export interface SettingProps {
  readonly atHand: DealAtHand;
  readonly action: DealAction;
}

interface SettingPanelProps {
  readonly part: SettingsPart;
  readonly title: string;
  readonly action: DealAction;
  readonly children: ComponentChildren;
}

/** One thing that can be changed, with what became of it below. */
export function SettingPanel({ part, title, action, children }: SettingPanelProps) {
  const id = `setting-${part}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
      <ActionOutcome of={part} action={action} />
    </section>
  );
}
