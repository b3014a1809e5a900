import { epochAt, epochEndsAt, epochStartsAt } from '../../../sdk/protocol/epoch.ts';
import type { Grant } from '../../../sdk/protocol/grant.ts';
import type { Address, Epoch } from '../../../sdk/protocol/identifiers.ts';
import type { AllocationView, DealView } from './deal-directory.ts';
import { refused, type DeliveryError } from './delivery-error.ts';
import { DEFAULT_EPOCH_SKEW_SECONDS, MAX_EPOCH_SKEW_SHARE } from './delivery-limits.ts';

/** What a grant is measured against. */
export interface AdmissionRules {
  /** The operator's address of this node. */
  readonly node: Address;
  readonly epochSeconds: number;
  /** Epochs that the contract leaves a node to claim after an epoch ended. */
  readonly claimWindowEpochs: number;
  /** @default 2 s, at most a tenth of an epoch */
  readonly epochSkewSeconds?: number | undefined;
}

type Refusal = { readonly ok: false; readonly error: DeliveryError } | undefined;

/** Whether the grant is for this node, this deal and its content, and by a key that may issue it. */
export function refuseGrant(
  grant: Grant,
  signer: Address,
  deal: DealView | undefined,
  rules: AdmissionRules,
): Refusal {
  if (grant.node !== rules.node) {
    return refused('GRANT_WRONG_NODE', 'The grant is for another node.', {
      values: { expected: rules.node, actual: grant.node },
      remedy:
        'Send the request to the node that the grant names, or ask the coordinator for a grant for this one.',
    });
  }
  if (deal === undefined) {
    return refused('GRANT_UNKNOWN_DEAL', 'No deal of this number is known on chain.', {
      values: { dealId: grant.dealId },
      remedy: 'Check the deal id and the chain, and try again when the deal is confirmed.',
    });
  }
  if (signer !== deal.grantKey && !isPreviousKey(grant, signer, deal)) {
    return refused('GRANT_BAD_SIGNATURE', 'The grant is not signed by the grant key of its deal.', {
      values: { expected: deal.grantKey, actual: signer },
      remedy: 'Ask the coordinator of the deal for a new grant.',
    });
  }
  if (grant.contentRoot !== deal.contentRoot) {
    return refused('GRANT_WRONG_CONTENT', 'The grant names another content than its deal.', {
      values: { expected: deal.contentRoot, actual: grant.contentRoot },
      remedy: 'Ask the coordinator of the deal for a new grant.',
    });
  }
  return undefined;
}

function isPreviousKey(grant: Grant, signer: Address, deal: DealView): boolean {
  const previous = deal.previousGrantKey;
  return previous !== undefined && signer === previous.address && grant.epoch <= previous.lastEpoch;
}

/** Whether the grant's epoch is now, give or take the skew of clocks. */
export function refuseEpoch(epoch: Epoch, nowSeconds: number, rules: AdmissionRules): Refusal {
  const { epochSeconds } = rules;
  const skew = Math.min(
    rules.epochSkewSeconds ?? DEFAULT_EPOCH_SKEW_SECONDS,
    epochSeconds * MAX_EPOCH_SKEW_SHARE,
  );
  if (nowSeconds >= epochEndsAt(epoch, epochSeconds) + skew) {
    return refused('GRANT_EXPIRED', `The grant was good for epoch ${epoch}, which is over.`, {
      values: { epoch, currentEpoch: epochAt(nowSeconds, epochSeconds) },
      remedy: 'Ask the coordinator for a grant of the current epoch.',
    });
  }
  if (nowSeconds < epochStartsAt(epoch, epochSeconds) - skew) {
    return refused('GRANT_NOT_YET_VALID', `The grant is good for epoch ${epoch}, which has not begun.`, {
      values: { epoch, currentEpoch: epochAt(Math.max(0, nowSeconds), epochSeconds) },
      remedy: 'Use the grant when its epoch begins; check the clock of this device.',
    });
  }
  return undefined;
}

/** Whether the chain still lets this node claim what it serves in `epoch`. */
export function refuseAllocation(
  grant: Grant,
  allocation: AllocationView | undefined,
  rules: AdmissionRules,
): Refusal {
  if (allocation === undefined) {
    return refused('ALLOCATION_MISSING', 'The deal allocates nothing to this node.', {
      values: { dealId: grant.dealId, node: rules.node },
      remedy: 'The publisher can allocate tokens to this node; until then use another node of the deal.',
    });
  }
  if (allocation.isWithdrawn === true) {
    return refused('CONTENT_WITHDRAWN', 'The publisher took the content down.', {
      values: { dealId: grant.dealId, contentRoot: grant.contentRoot },
      remedy: 'Nobody serves it any more under this deal; what was receipted before is paid.',
    });
  }
  if (grant.epoch <= allocation.throughEpoch) {
    return refused('EPOCH_CLOSED', 'The epoch of the grant is already settled on chain.', {
      values: { epoch: grant.epoch, throughEpoch: allocation.throughEpoch },
      remedy: 'Ask the coordinator for a grant of the current epoch.',
    });
  }
  const lastClaimableEpoch = (allocation.thawEndEpoch ?? Infinity) - 1 - rules.claimWindowEpochs;
  const ended = allocation.state === 'thawing' && grant.epoch > lastClaimableEpoch;
  if (allocation.state === 'released' || ended) {
    return refused('ALLOCATION_ENDED', 'The publisher is taking back what it had allocated to this node.', {
      values: { dealId: grant.dealId, state: allocation.state, epoch: grant.epoch },
      remedy: 'Use another node of the deal.',
    });
  }
  return undefined;
}
