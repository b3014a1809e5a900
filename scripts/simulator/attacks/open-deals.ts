import type { Attack } from './attack.ts';
import { openDealFakePeerViewers } from './programs/open-deal-fake-peer-viewers.ts';
import { openDealFakeViewers } from './programs/open-deal-fake-viewers.ts';

/**
 * What a deal without an audience can lose, played as the attacks are. These are no attacks that must fail: whoever opens a
 * deal to every viewer key has let its nodes have viewers of their own. The bound is what must hold.
 */
export const OPEN_DEALS: readonly Attack[] = [openDealFakeViewers, openDealFakePeerViewers];
