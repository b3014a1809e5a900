import { useCallback, useRef, useState } from 'preact/hooks';

import type { DeskError } from './desk-error.ts';
import { deskFailure } from './use-answer.ts';

/** Something that the operator has the node do. */
export interface Deed<T> {
  readonly busy: boolean;
  readonly outcome: T | undefined;
  readonly failure: DeskError | undefined;
  /** Does it; a second click while it is being done changes nothing. */
  readonly run: () => void;
  readonly forget: () => void;
}

/** Does something once for each time that it is asked to, and keeps what came of it. */
export function useDeed<T>(act: () => Promise<T>): Deed<T> {
  const [state, setState] = useState<{ busy: boolean; outcome?: T; failure?: DeskError }>({ busy: false });
  const newest = useRef(act);
  newest.current = act;
  const isBusy = useRef(false);
  const run = useCallback(() => {
    if (isBusy.current) return;
    isBusy.current = true;
    setState({ busy: true });
    newest
      .current()
      .then(
        (outcome) => setState({ busy: false, outcome }),
        (error: unknown) => setState({ busy: false, failure: deskFailure(error) }),
      )
      .finally(() => {
        isBusy.current = false;
      });
  }, []);
  const forget = useCallback(() => setState({ busy: false }), []);
  return { busy: state.busy, outcome: state.outcome, failure: state.failure, run, forget };
}
