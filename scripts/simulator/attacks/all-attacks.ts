import type { Attack } from './attack.ts';
import { capOverrun } from './programs/cap-overrun.ts';
import { doubleClaimOneTrie } from './programs/double-claim-one-trie.ts';
import { doubleClaimTwoClaims } from './programs/double-claim-two-claims.ts';
import { doubleClaimTwoRoutes } from './programs/double-claim-two-routes.ts';
import { expiredGrants } from './programs/expired-grants.ts';
import { forgedSignatures } from './programs/forged-signatures.ts';
import { malleableSignatures } from './programs/malleable-signatures.ts';
import { replayChains } from './programs/replay-chains.ts';
import { replayContracts } from './programs/replay-contracts.ts';
import { replayDeals } from './programs/replay-deals.ts';
import { replayEpochs } from './programs/replay-epochs.ts';
import { replayNodes } from './programs/replay-nodes.ts';

/** Every attack of `npm run simulate -- attacks`, in the order of the report. */
export const ALL_ATTACKS: readonly Attack[] = [
  replayChains,
  replayContracts,
  replayDeals,
  replayNodes,
  replayEpochs,
  doubleClaimOneTrie,
  doubleClaimTwoClaims,
  doubleClaimTwoRoutes,
  forgedSignatures,
  malleableSignatures,
  capOverrun,
  expiredGrants,
];
