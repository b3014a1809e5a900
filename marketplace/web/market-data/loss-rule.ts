/** Why money that receipts are worth can be lost to a node, as its operator is told it (node/app/earnings/loss-reasons.ts). */
export const LOSS_RULE =
  'an allocation never pays more than its balance, and what was not settled by the end of the thaw has gone back to the publisher';
