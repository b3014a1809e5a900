import type { Attack, AttackResult } from '../attack.ts';
import type { AttackWorld } from '../world/attack-world.ts';
import { DrawnClaims } from '../world/drawn-claims.ts';
import { mixedReceipts } from '../world/mixed-receipts.ts';
import type { PlayedDeal } from '../world/played-deal.ts';

const SESSIONS = 64;
/** Made-up receipts among them. */
const FORGED = [1, 4, 16];
const SESSION_BYTES = 16n << 30n;
const DRAWS = 150;
/** How far above its expectation a share of draws may come by chance, standard deviations. */
const DEVIATIONS = 4;

/** What a share of made-up receipts wins on average, over many seeds. */
interface ShareOdds {
  /** Valid bytes of all claimed. */
  readonly validShare: number;
  /** Claims paid of those drawn. */
  readonly paidShare: number;
  /** What the design says: at most the valid share to the power of the samples. */
  readonly expectedShare: number;
  /** Wei a claim brought on average, beyond what its valid receipts are worth. */
  readonly meanGrossWei: bigint;
}

/** Draws claims with each number of made-up receipts. */
async function measureShares(world: AttackWorld): Promise<ShareOdds[]> {
  const { operator, chain } = world;
  const samples = chain.parameters.claimSamples;
  const deal: PlayedDeal = await world.openDeal({ word: 'odds', amounts: [] });
  return FORGED.map((forged) => {
    const mix = { valid: SESSIONS - forged, forged, bytes: SESSION_BYTES };
    const receipts = mixedReceipts(deal, operator, world.epoch, mix);
    const claims = new DrawnClaims(receipts, deal.domain, deal.grantKeyAddress);
    const paid = claims.draw(world.streams.stream(`share ${forged}`), { draws: DRAWS, samples });
    const { totalBytes, validBytes } = claims;
    const bondWei = world.bondWei(totalBytes);
    const wonWei = BigInt(paid) * world.netWei(totalBytes) - BigInt(DRAWS - paid) * bondWei;
    const validShare = Number(validBytes) / Number(totalBytes);
    return {
      validShare,
      paidShare: paid / DRAWS,
      expectedShare: validShare ** samples,
      meanGrossWei: wonWei / BigInt(DRAWS) - world.netWei(validBytes),
    };
  });
}

/** Expected payout q^k · T is at most q · T, what the valid receipts are worth (SPEC.md, why it holds). */
export const invalidShareOdds: Attack = {
  name: 'invalid-share-odds',
  description: `A node makes up a share of its receipts: ${DRAWS} drawn claims for each of ${FORGED.length} shares, the best for him.`,
  refusals: ['CLAIM_ODDS'],

  async run(world): Promise<AttackResult> {
    const shares = await measureShares(world);
    const [best = 0n, ...others] = shares.map(({ meanGrossWei }) => meanGrossWei);
    const grossWei = others.reduce((most, wei) => (wei > most ? wei : most), best);
    if (grossWei < 0n && shares.every(isWithinOdds)) world.refusals.note('CLAIM_ODDS');
    return { grossWei, gasUsed: 0n };
  },
};

/** Whether a claim was paid no oftener than the design says, as far as that many draws can tell. */
function isWithinOdds({ paidShare, expectedShare }: ShareOdds): boolean {
  const deviation = Math.sqrt((expectedShare * (1 - expectedShare)) / DRAWS);
  return paidShare <= expectedShare + DEVIATIONS * deviation;
}
