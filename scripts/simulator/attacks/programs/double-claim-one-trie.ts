import { innerWord, leafWord, type FrontierItem } from '../../../../sdk/protocol/sum-trie.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES, receiptsOf, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { claimReceipts } from '../world/settle-directly.ts';

/** Where the two copies part: no bit parts a grant hash from itself. */
const BRANCH = 77;

/** The path of a leaf is its grant hash, so a grant has one place; direct claims are sorted by it. */
export const doubleClaimOneTrie: Attack = {
  name: 'double-claim-one-trie',
  description: 'A node counts one grant twice in a claim: the same receipt again, or an older one of it.',
  refusals: ['GrantsNotSorted', 'PathWrong'],

  async run(world) {
    const { operator, refusals } = world;
    const deal = await world.openDeal({ word: 'one trie', amounts: [[operator, 10n * TOKEN_WEI]] });
    const receipts = receiptsOf(deal, operator, world.epoch, { count: 1 });
    const [first] = receipts;
    const ended = await world.endEpochs();
    const purse = await Purse.open(operator);
    await refusals.expect(claimReceipts(operator, deal, ended, [...receipts, ...receipts]));
    const older =
      first === undefined ? [] : [deal.receipt(first.signedGrant, viewerKey(0), SESSION_BYTES / 2n)];
    await refusals.expect(claimReceipts(operator, deal, ended, [...receipts, ...older]));
    const claim = new PlayedClaim(world, { node: operator, deal, receipts });
    const [leaf] = claim.leaves;
    if (leaf !== undefined) {
      const twice: FrontierItem[] = [0, BRANCH].map((branch) => ({ kind: 'leaf', branch, ...leaf }));
      await claim.commit(ended, innerWord(BRANCH, leafWord(leaf), leafWord(leaf)));
      await claim.untilSeed();
      await refusals.expect(claim.openWith(twice));
      await claim.untilOver();
      await claim.void(operator);
    }
    return purse.close();
  },
};
