import type { Attack } from './attack.ts';
import { capOverrun } from './programs/cap-overrun.ts';
import { doubleClaimByCoordinator } from './programs/double-claim-by-coordinator.ts';
import { doubleClaimOneTrie } from './programs/double-claim-one-trie.ts';
import { doubleClaimTwoClaims } from './programs/double-claim-two-claims.ts';
import { doubleClaimTwoRoutes } from './programs/double-claim-two-routes.ts';
import { drainByOwnNode } from './programs/drain-by-own-node.ts';
import { dustRedemption } from './programs/dust-redemption.ts';
import { earlyWithdrawal } from './programs/early-withdrawal.ts';
import { emptyClaims } from './programs/empty-claims.ts';
import { expiredGrants } from './programs/expired-grants.ts';
import { fakePeerViewers } from './programs/fake-peer-viewers.ts';
import { fakeViewers } from './programs/fake-viewers.ts';
import { forgedSignatures } from './programs/forged-signatures.ts';
import { groundSalt } from './programs/ground-salt.ts';
import { heldBackVoucher } from './programs/held-back-voucher.ts';
import { invalidShare } from './programs/invalid-share.ts';
import { invalidShareOdds } from './programs/invalid-share-odds.ts';
import { malleableSignatures } from './programs/malleable-signatures.ts';
import { peerAsleep } from './programs/peer-asleep.ts';
import { peerDoubleClaim } from './programs/peer-double-claim.ts';
import { peerForgedProof } from './programs/peer-forged-proof.ts';
import { peerLoweredRoot } from './programs/peer-lowered-root.ts';
import { peerOmitted } from './programs/peer-omitted.ts';
import { redrawnSeed } from './programs/redrawn-seed.ts';
import { replayChains } from './programs/replay-chains.ts';
import { replayContracts } from './programs/replay-contracts.ts';
import { replayDeals } from './programs/replay-deals.ts';
import { replayEpochs } from './programs/replay-epochs.ts';
import { replayNodes } from './programs/replay-nodes.ts';
import { silentPublisherDirect } from './programs/silent-publisher-direct.ts';
import { silentPublisherSampled } from './programs/silent-publisher-sampled.ts';
import { splitRedemption } from './programs/split-redemption.ts';
import { unrequestedBytes } from './programs/unrequested-bytes.ts';
import { unsignedCrowd } from './programs/unsigned-crowd.ts';
import { unsignedViewer } from './programs/unsigned-viewer.ts';
import { washTraffic } from './programs/wash-traffic.ts';

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
  doubleClaimByCoordinator,
  forgedSignatures,
  malleableSignatures,
  capOverrun,
  expiredGrants,
  fakeViewers,
  fakePeerViewers,
  washTraffic,
  unsignedViewer,
  unsignedCrowd,
  silentPublisherDirect,
  silentPublisherSampled,
  drainByOwnNode,
  earlyWithdrawal,
  redrawnSeed,
  groundSalt,
  emptyClaims,
  dustRedemption,
  splitRedemption,
  unrequestedBytes,
  invalidShare,
  invalidShareOdds,
  heldBackVoucher,
  peerDoubleClaim,
  peerLoweredRoot,
  peerForgedProof,
  peerOmitted,
  peerAsleep,
];
