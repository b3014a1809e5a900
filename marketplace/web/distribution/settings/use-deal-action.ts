import { useEffect, useRef, useState } from 'preact/hooks';

import type { Hex } from '../../../../sdk/protocol/bytes.ts';
import type { Wallet } from '../../wallet/wallet.ts';
import type * as actions from './deal-actions.ts';

type Actions = typeof actions;

/** Parts of the settings: each shows what became of what was asked for in it. */
export type SettingsPart = 'top-up' | 'rest' | 'nodes' | 'audience' | 'content' | 'refund';

/** What is asked for, and where it is answered. */
export interface AskedAction {
  readonly part: SettingsPart;
  /** As its outcome begins: "Top up: the chain has it." */
  readonly name: string;
}

export type ActionState =
  | { readonly at: 'idle' }
  | { readonly at: 'asking' | 'waiting'; readonly asked: AskedAction }
  | { readonly at: 'mined'; readonly asked: AskedAction; readonly hash: Hex }
  | { readonly at: 'told'; readonly asked: AskedAction; readonly outcome: string }
  | { readonly at: 'failed'; readonly asked: AskedAction; readonly failure: unknown };

export interface DealAction {
  readonly state: ActionState;
  readonly isBusy: boolean;
  /** Sends a transaction and waits until the chain has it. */
  readonly run: (asked: AskedAction, send: (actions: Actions) => Promise<Hex>) => void;
  /** Gives somebody the publisher's signed word. @param say resolves to what became of it, in a sentence */
  readonly tell: (asked: AskedAction, say: (signal: AbortSignal) => Promise<string>) => void;
}

/** Makes one change of a deal at a time; then the figures are asked for again. */
export function useDealAction(wallet: Wallet, refresh: () => void): DealAction {
  const [state, setState] = useState<ActionState>({ at: 'idle' });
  const ended = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, []);
  const act = (asked: AskedAction, work: (signal: AbortSignal) => Promise<ActionState>): void => {
    const signal = ended.current?.signal ?? AbortSignal.abort();
    setState({ at: 'asking', asked });
    work(signal)
      .then((outcome) => {
        if (signal.aborted) return;
        setState(outcome);
        refresh();
      })
      .catch((failure: unknown) => {
        if (!signal.aborted) setState({ at: 'failed', asked, failure });
      });
  };
  const run: DealAction['run'] = (asked, send) =>
    act(asked, async (signal) => {
      const hash = await send(await import('./deal-actions.ts'));
      setState({ at: 'waiting', asked });
      await wallet.waitFor(hash, { signal });
      return { at: 'mined', asked, hash };
    });
  const tell: DealAction['tell'] = (asked, say) =>
    act(asked, async (signal) => ({ at: 'told', asked, outcome: await say(signal) }));
  return { state, isBusy: state.at === 'asking' || state.at === 'waiting', run, tell };
}
