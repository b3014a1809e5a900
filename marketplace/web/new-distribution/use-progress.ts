import { useEffect, useRef, useState } from 'preact/hooks';

import type { PlacementProgress } from '../../../sdk/publish/place-content.ts';
import type { Network } from '../market-data/network.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { Draft } from './draft.ts';
import { forgetDraft, keepDraft } from './drafts.ts';
import { failureOf } from './failure.ts';
import type { ContentAtHand } from './placing.ts';
import {
  begin,
  resume,
  step,
  type Progress,
  type ProgressAction,
  type ProgressEvent,
  type ProgressStep,
} from './progress.ts';

/** How far the content is on its way, by node. */
export interface PlacingDetail {
  /** Bytes that each node has been sent, of how many. */
  readonly sent: ReadonlyMap<string, { readonly bytes: number; readonly of: number }>;
  readonly holders: number;
}

const NOTHING_PLACED: PlacingDetail = { sent: new Map(), holders: 0 };

export interface DistributionRun {
  readonly progress: Progress | undefined;
  readonly placing: PlacingDetail;
  readonly begin: (draft: Draft, atHand: ContentAtHand) => void;
  readonly resume: (draft: Draft, genesisHash: string) => void;
  /** Files were chosen again and read. */
  readonly choose: (atHand: ContentAtHand) => void;
  readonly send: (event: ProgressEvent) => void;
}

/** Runs the machine of progress.ts: keeps its state, does its actions with the wallet and the network. */
export function useProgress(network: Network, wallet: Wallet): DistributionRun {
  const [progress, setProgress] = useState<Progress>();
  const [placing, setPlacing] = useState(NOTHING_PLACED);
  const now = useRef<Progress | undefined>(undefined);
  const atHand = useRef<ContentAtHand | undefined>(undefined);
  const ended = useRef<AbortController | undefined>(undefined);
  const surroundings = useRef({ network, wallet });
  surroundings.current = { network, wallet };
  useEffect(() => {
    ended.current = new AbortController();
    return () => ended.current?.abort();
  }, []);

  const take = (next: ProgressStep): void => {
    now.current = next.progress;
    setProgress(next.progress);
    for (const action of next.actions) void perform(action);
  };
  const send = (event: ProgressEvent): void => {
    if (now.current !== undefined && ended.current?.signal.aborted !== true) take(step(now.current, event));
  };
  const perform = async (action: ProgressAction): Promise<void> => {
    const signal = ended.current?.signal ?? AbortSignal.abort();
    if (action.do === 'save') keepDraft(action.draft);
    else if (action.do === 'forget') forgetDraft(action.draft);
    else {
      const parts = { ...surroundings.current, signal, atHand: atHand.current };
      const event = await eventOf(action, parts, (placed) => setPlacing((before) => after(before, placed)));
      if (event !== undefined) send(event);
    }
  };
  return {
    ...{ progress, placing, send },
    begin: (draft, content) => {
      atHand.current = content;
      setPlacing(NOTHING_PLACED);
      take(begin(draft));
    },
    resume: (draft, genesisHash) => take(resume(draft, { chainId: network.chainId, genesisHash })),
    choose: (content) => {
      atHand.current = content;
      send({ type: 'chosen', cid: content.content.root.toString() });
    },
  };
}

interface Parts {
  readonly network: Network;
  readonly wallet: Wallet;
  readonly signal: AbortSignal;
  readonly atHand: ContentAtHand | undefined;
}

type Effect = Exclude<ProgressAction, { do: 'save' | 'forget' }>;

/** Does what takes time; undefined when the page is left meanwhile. */
async function eventOf(
  action: Effect,
  parts: Parts,
  onPlacing: (progress: PlacementProgress) => void,
): Promise<ProgressEvent | undefined> {
  const { network, wallet, signal, atHand } = parts;
  try {
    switch (action.do) {
      case 'look': {
        const { lookForDeal } = await import('./opening.ts');
        return { type: 'seen', deal: await lookForDeal(wallet, network, action.draft) };
      }
      case 'sign-origin': {
        const { signOrigin } = await import('./declaring.ts');
        return { type: 'origin-signed', signed: await signOrigin(wallet, network, action.draft) };
      }
      case 'declare': {
        const { declareDraftOrigin } = await import('./declaring.ts');
        await declareDraftOrigin(action.draft, signal);
        return { type: 'declared' };
      }
      case 'confirm': {
        const { openDistribution } = await import('./opening.ts');
        return { type: 'sent', transaction: await openDistribution(wallet, network, action.draft) };
      }
      case 'wait':
        await wallet.waitFor(action.transaction, { signal });
        return { type: 'mined' };
      case 'upload': {
        if (atHand === undefined) return undefined;
        const { placeDistribution } = await import('./placing.ts');
        await placeDistribution(network, action.draft, atHand, { signal, onProgress: onPlacing });
        return { type: 'placed' };
      }
    }
  } catch (failure) {
    return signal.aborted ? undefined : { type: FAILED[action.do], failure: failureOf(failure) };
  }
}

const FAILED = {
  look: 'look-failed',
  'sign-origin': 'refused',
  declare: 'not-declared',
  confirm: 'refused',
  wait: 'refused',
  upload: 'upload-failed',
} as const satisfies Record<Effect['do'], ProgressEvent['type']>;

function after(before: PlacingDetail, progress: PlacementProgress): PlacingDetail {
  if (progress.phase === 'placing') return { ...before, holders: progress.holders };
  const sent = new Map(before.sent);
  sent.set(progress.node, { bytes: progress.sentBytes, of: progress.totalBytes });
  return { ...before, sent };
}
