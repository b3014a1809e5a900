import type { LossReason } from './deal-money.ts';

/** A rule that keeps money away, and what would satisfy it. */
export interface RuleText {
  readonly rule: string;
  readonly remedy: string;
}

/** What operators are told of each reason. */
export const LOSS_TEXTS: Readonly<Record<LossReason, RuleText>> = {
  ESCROW_EXHAUSTED: {
    rule: 'an allocation never pays more than its balance',
    remedy: 'the publisher allocates more to this node before the thaw ends; the rest is paid then',
  },
  ALLOCATION_RELEASED: {
    rule: 'what was not settled by the end of the thaw has gone back to the publisher',
    remedy:
      'the publisher allocates to this node again; keep the node running so that it settles before a thaw ends',
  },
  EPOCHS_CLOSED: {
    rule: 'an epoch pays by one route: a claim has closed these epochs, receipts or money came too late for it',
    remedy: 'a voucher of the publisher that counts them',
  },
  CLAIM_VOID: {
    rule: 'a sampled claim that was not opened in time is void, and its epochs are closed',
    remedy:
      'a voucher that the publisher signs of its own accord; keep the node running while a claim is open',
  },
};
