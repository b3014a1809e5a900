import type { Hex } from '../../../sdk/protocol/bytes.ts';
import type { Draft, OriginSignature } from './draft.ts';

/*
 * How a reviewed distribution becomes one that is delivered, as states, events and actions: what survives a closed tab,
 * a dead marketplace or a restarted chain is decided here and nowhere else.
 *
 * Nothing is charged twice: money moves in the one transaction that opens the deal under its salt, and the chain refuses
 * a second one. So after anything unclear the chain is looked at first, and a transaction is only asked for when the deal
 * is not there.
 *
 * Where nodes fetch the content from an origin, its publisher's word is signed and kept before the deal is opened, and given to
 * the coordinator before any node has a part of the content: so no node looks for bytes without knowing where they are.
 */

/** What went wrong, as every coded error says it. */
export interface ShownFailure {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Where a distribution stands. */
export type Progress =
  /** The chain is asked whether the deal is there. */
  | {
      readonly at: 'looking';
      readonly draft: Draft;
      readonly hasContent: boolean;
      readonly failure?: ShownFailure;
    }
  /** The deal is not there: the publisher decides whether to be asked (again). */
  | {
      readonly at: 'asking';
      readonly draft: Draft;
      readonly hasContent: boolean;
      readonly failure?: ShownFailure;
    }
  /** The wallet is asked to sign where the content is. */
  | {
      readonly at: 'signing';
      readonly draft: Draft;
      readonly hasContent: boolean;
      /** The deal is there already: the signature was lost. */
      readonly isOpen: boolean;
    }
  /** The wallet is asked to sign and to send. */
  | { readonly at: 'confirming'; readonly draft: Draft; readonly hasContent: boolean }
  /** The transaction was sent. */
  | { readonly at: 'waiting'; readonly draft: Draft; readonly hasContent: boolean }
  /** The deal is open; the coordinator is told where the content is. */
  | { readonly at: 'declaring'; readonly draft: Draft; readonly hasContent: boolean }
  /** The deal is open, and nobody was told where the content is. */
  | {
      readonly at: 'undeclared';
      readonly draft: Draft;
      readonly hasContent: boolean;
      readonly failure: ShownFailure;
    }
  /** The deal is open; the files are needed again because the page was loaded anew. */
  | { readonly at: 'choosing'; readonly draft: Draft; readonly otherCid?: string }
  /** The content goes to the nodes. */
  | { readonly at: 'uploading'; readonly draft: Draft }
  /** The upload stopped; what was sent is kept. */
  | { readonly at: 'interrupted'; readonly draft: Draft; readonly failure: ShownFailure }
  /** Every node has it. */
  | { readonly at: 'done'; readonly draft: Draft }
  /** The deal is there and no longer open. */
  | { readonly at: 'ended'; readonly draft: Draft }
  /** The chain of the draft is not the one of now. */
  | { readonly at: 'elsewhere'; readonly draft: Draft };

/** What happened. */
export type ProgressEvent =
  | { readonly type: 'seen'; readonly deal: 'none' | 'open' | 'closing' | 'closed' }
  | { readonly type: 'look-failed'; readonly failure: ShownFailure }
  | { readonly type: 'agreed' }
  | { readonly type: 'origin-signed'; readonly signed: OriginSignature }
  | { readonly type: 'declared' }
  | { readonly type: 'not-declared'; readonly failure: ShownFailure }
  | { readonly type: 'sent'; readonly transaction: Hex }
  | { readonly type: 'mined' }
  | { readonly type: 'refused'; readonly failure: ShownFailure }
  | { readonly type: 'chosen'; readonly cid: string }
  | { readonly type: 'placed' }
  | { readonly type: 'upload-failed'; readonly failure: ShownFailure }
  | { readonly type: 'again' };

/** What is to be done, in this order. */
export type ProgressAction =
  | { readonly do: 'save'; readonly draft: Draft }
  | { readonly do: 'forget'; readonly draft: Draft }
  | { readonly do: 'look'; readonly draft: Draft }
  | { readonly do: 'sign-origin'; readonly draft: Draft }
  | { readonly do: 'declare'; readonly draft: Draft }
  | { readonly do: 'confirm'; readonly draft: Draft }
  | { readonly do: 'wait'; readonly draft: Draft; readonly transaction: Hex }
  | { readonly do: 'upload'; readonly draft: Draft };

export interface ProgressStep {
  readonly progress: Progress;
  readonly actions: readonly ProgressAction[];
}

/** A plan was reviewed and agreed to; its content is at hand. The draft is written down before the wallet is asked. */
export function begin(draft: Draft): ProgressStep {
  return saved(draft, confirm(draft, true));
}

/** A draft was found when the page was loaded. @param genesisHash of the chain of now */
export function resume(draft: Draft, chain: { chainId: string; genesisHash: string }): ProgressStep {
  const isSame = draft.chainId === chain.chainId && draft.genesisHash === chain.genesisHash;
  if (!isSame) return { progress: { at: 'elsewhere', draft }, actions: [] };
  return look(draft, false);
}

/** What an event changes. An event that has no meaning where things stand changes nothing. */
export function step(progress: Progress, event: ProgressEvent): ProgressStep {
  switch (progress.at) {
    case 'looking':
      return afterLook(progress, event);
    case 'asking':
      if (event.type === 'agreed') return confirm(progress.draft, progress.hasContent);
      if (event.type === 'again') return look(progress.draft, progress.hasContent);
      return unchanged(progress);
    case 'signing':
      return afterSigning(progress, event);
    case 'declaring':
      return afterDeclaring(progress, event);
    case 'undeclared':
      return event.type === 'again' ? declare(progress.draft, progress.hasContent) : unchanged(progress);
    case 'confirming':
      return afterQuestion(progress, event);
    case 'waiting':
      if (event.type === 'mined' || event.type === 'again') return look(progress.draft, progress.hasContent);
      if (event.type === 'refused') return look(progress.draft, progress.hasContent, event.failure);
      return unchanged(progress);
    case 'choosing':
      return event.type === 'chosen' ? afterChoice(progress, event.cid) : unchanged(progress);
    case 'uploading':
      return afterUpload(progress, event);
    case 'interrupted':
      return event.type === 'again' ? upload(progress.draft) : unchanged(progress);
    default:
      return unchanged(progress);
  }
}

function afterLook(progress: Extract<Progress, { at: 'looking' }>, event: ProgressEvent): ProgressStep {
  const { draft, hasContent, failure } = progress;
  if (event.type === 'look-failed') {
    return { progress: { at: 'asking', draft, hasContent, failure: event.failure }, actions: [] };
  }
  if (event.type !== 'seen') return unchanged(progress);
  if (event.deal === 'open') return afterOpening(progress);
  if (event.deal !== 'none') return { progress: { at: 'ended', draft }, actions: [{ do: 'forget', draft }] };
  // It may still be on its way; only when the chain refused it, it is not.
  if (draft.transaction !== undefined && failure === undefined) {
    return {
      progress: { at: 'waiting', draft, hasContent },
      actions: [{ do: 'wait', draft, transaction: draft.transaction }],
    };
  }
  const asking = { at: 'asking', draft, hasContent } as const;
  return { progress: failure === undefined ? asking : { ...asking, failure }, actions: [] };
}

function afterOpening({ draft, hasContent, failure }: Extract<Progress, { at: 'looking' }>): ProgressStep {
  if (draft.origin === undefined) return deliver(draft, hasContent);
  // A wallet that has just refused to sign is asked again only when its owner wants to.
  if (draft.origin.signed === undefined && failure !== undefined) {
    return { progress: { at: 'undeclared', draft, hasContent, failure }, actions: [] };
  }
  return declare(draft, hasContent);
}

function afterSigning(progress: Extract<Progress, { at: 'signing' }>, event: ProgressEvent): ProgressStep {
  const { hasContent, isOpen } = progress;
  if (event.type === 'refused') return look(progress.draft, hasContent, event.failure);
  if (event.type !== 'origin-signed' || progress.draft.origin === undefined) return unchanged(progress);
  const draft = { ...progress.draft, origin: { ...progress.draft.origin, signed: event.signed } };
  return saved(draft, isOpen ? declare(draft, hasContent) : confirm(draft, hasContent));
}

function afterDeclaring(
  progress: Extract<Progress, { at: 'declaring' }>,
  event: ProgressEvent,
): ProgressStep {
  const { draft, hasContent } = progress;
  if (event.type === 'declared') return deliver(draft, hasContent);
  if (event.type !== 'not-declared') return unchanged(progress);
  return { progress: { at: 'undeclared', draft, hasContent, failure: event.failure }, actions: [] };
}

function afterQuestion(
  progress: Extract<Progress, { at: 'confirming' }>,
  event: ProgressEvent,
): ProgressStep {
  const { hasContent } = progress;
  if (event.type === 'sent') {
    const draft = { ...progress.draft, transaction: event.transaction };
    return {
      progress: { at: 'waiting', draft, hasContent },
      actions: [
        { do: 'save', draft },
        { do: 'wait', draft, transaction: event.transaction },
      ],
    };
  }
  // Whatever the wallet said, only the chain knows whether something was sent.
  return event.type === 'refused' ? look(progress.draft, hasContent, event.failure) : unchanged(progress);
}

function afterChoice({ draft }: Extract<Progress, { at: 'choosing' }>, cid: string): ProgressStep {
  if (cid === draft.cid) return upload(draft);
  return { progress: { at: 'choosing', draft, otherCid: cid }, actions: [] };
}

function afterUpload(progress: Extract<Progress, { at: 'uploading' }>, event: ProgressEvent): ProgressStep {
  const { draft } = progress;
  if (event.type === 'placed') return { progress: { at: 'done', draft }, actions: [{ do: 'forget', draft }] };
  if (event.type !== 'upload-failed') return unchanged(progress);
  return { progress: { at: 'interrupted', draft, failure: event.failure }, actions: [] };
}

function look(draft: Draft, hasContent: boolean, failure?: ShownFailure): ProgressStep {
  const looking = { at: 'looking', draft, hasContent } as const;
  return {
    progress: failure === undefined ? looking : { ...looking, failure },
    actions: [{ do: 'look', draft }],
  };
}

/** Asks the wallet for what is missing of it: the word where the content is, then the transaction. */
function confirm(draft: Draft, hasContent: boolean): ProgressStep {
  if (lacksSignature(draft)) return sign(draft, hasContent, false);
  return { progress: { at: 'confirming', draft, hasContent }, actions: [{ do: 'confirm', draft }] };
}

function sign(draft: Draft, hasContent: boolean, isOpen: boolean): ProgressStep {
  return {
    progress: { at: 'signing', draft, hasContent, isOpen },
    actions: [{ do: 'sign-origin', draft }],
  };
}

function declare(draft: Draft, hasContent: boolean): ProgressStep {
  if (lacksSignature(draft)) return sign(draft, hasContent, true);
  return { progress: { at: 'declaring', draft, hasContent }, actions: [{ do: 'declare', draft }] };
}

function deliver(draft: Draft, hasContent: boolean): ProgressStep {
  return hasContent ? upload(draft) : { progress: { at: 'choosing', draft }, actions: [] };
}

const lacksSignature = ({ origin }: Draft): boolean => origin !== undefined && origin.signed === undefined;

/** Writes the draft down before anything else. */
const saved = (draft: Draft, { progress, actions }: ProgressStep): ProgressStep => ({
  progress,
  actions: [{ do: 'save', draft }, ...actions],
});

function upload(draft: Draft): ProgressStep {
  return { progress: { at: 'uploading', draft }, actions: [{ do: 'upload', draft }] };
}

const unchanged = (progress: Progress): ProgressStep => ({ progress, actions: [] });
