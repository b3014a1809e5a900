import { useEffect, useRef, useState } from 'preact/hooks';

import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type * as actions from './deal-actions.ts';

type Actions = typeof actions;

export type ActionState =
  | { readonly at: 'idle' }
  | { readonly at: 'asking' | 'waiting'; readonly name: string }
  | { readonly at: 'done'; readonly name: string; readonly hash: Hex }
  | { readonly at: 'failed'; readonly failure: unknown };

export interface DealAction {
  readonly state: ActionState;
  readonly isBusy: boolean;
  readonly run: (name: string, send: (actions: Actions) => Promise<Hex>) => void;
}

/** Sends one change of a deal at a time and waits until the chain has it; then the figures are asked for again. */
export function useDealAction(wallet: Wallet, refresh: () => void): DealAction {
  const [state, setState] = useState<ActionState>({ at: 'idle' });
  const ended = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, []);
  const isBusy = state.at === 'asking' || state.at === 'waiting';
  const run: DealAction['run'] = (name, send) => {
    const signal = ended.current?.signal ?? AbortSignal.abort();
    const act = async (): Promise<void> => {
      setState({ at: 'asking', name });
      const hash = await send(await import('./deal-actions.ts'));
      setState({ at: 'waiting', name });
      await wallet.waitFor(hash, { signal });
      setState({ at: 'done', name, hash });
      refresh();
    };
    act().catch((failure: unknown) => {
      if (!signal.aborted) setState({ at: 'failed', failure });
    });
  };
  return { state, isBusy, run };
}
