import { closeDeal, release, withdraw } from '../../../../sdk/chain/deals.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { DeliveryDesk } from '../world/delivery-desk.ts';
import { SESSION_BYTES, receiptsOf, viewerKey } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim } from '../world/played-claim.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';

const SESSIONS = 40;

/** A thaw outlasts the claim window, and what a claim locks cannot be released at all. */
export const earlyWithdrawal: Attack = {
  name: 'early-withdrawal',
  description:
    'A publisher closes a deal while a node serves, and takes back the money before, and during, its claim.',
  refusals: ['InsufficientFree', 'ThawNotEnded', 'ALLOCATION_ENDED', 'ClaimOpen'],

  async run(world) {
    const { publisher, operator, refusals } = world;
    const { thawEpochs, claimWindowEpochs } = world.chain.parameters;
    const purse = await Purse.open(publisher);
    const deal = await world.openDeal({ word: 'early', amounts: [[operator, 10n * TOKEN_WEI]] });
    const receipts = receiptsOf(deal, operator, world.epoch, { count: SESSIONS });
    const owedWei = priceWei(BigInt(SESSIONS) * SESSION_BYTES, RATE_WEI_PER_GIB);
    const taking = () => withdraw(publisher, deal.dealId, { amountWei: TOKEN_WEI, to: publisher.address });
    const releasing = () => release(publisher, deal.dealId, [operator.address]);
    await closeDeal(publisher, deal.dealId, [operator.address]);
    await refusals.expect(taking());
    await refusals.expect(releasing());

    // A node does not serve what it could no longer claim.
    const ended = await world.endEpochs();
    await world.endEpochs(thawEpochs - claimWindowEpochs);
    const desk = await DeliveryDesk.open(world, deal, operator);
    const late = deal.grant({ node: operator.address, viewer: viewerKey(1), epoch: world.epoch });
    refusals.expectRefused(desk.open(deal.signGrant(late)));

    // The last epoch before the thaw ends: the claim is opened after it.
    await world.endEpochs(claimWindowEpochs - 2);
    const claim = new PlayedClaim(world, { node: operator, deal, receipts });
    await claim.commit(ended);
    await world.endEpochs();
    await refusals.expect(releasing());
    await claim.untilSeed();
    await claim.open();
    await releasing();
    const { freeWei } = await deal.record();
    await withdraw(publisher, deal.dealId, { amountWei: freeWei, to: publisher.address });
    const { paidWei } = await deal.allocationOf(operator);
    return { ...(await purse.close(-paidWei)), takenWei: owedWei - paidWei };
  },
};
