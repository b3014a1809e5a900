import { bytesToHex, uintToBytes } from '../../../../sdk/protocol/bytes.ts';
import { fromChain } from '../../../../sdk/chain/reverts.ts';
import { claimSeed, drawSamples } from '../../../../sdk/protocol/sampled-claim.ts';
import { openLeaves, verifyFrontier } from '../../../../sdk/protocol/sum-trie.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import { SimulatorError } from '../../simulator-error.ts';
import type { Attack } from '../attack.ts';
import { TOKEN_WEI } from '../world/attack-world.ts';
import { SESSION_BYTES, receiptsOf } from '../world/honest-work.ts';
import { Purse } from '../world/party.ts';
import { PlayedClaim, callClaims } from '../world/played-claim.ts';
import { RATE_WEI_PER_GIB } from '../world/played-deal.ts';

const SESSIONS = 40;
/** Salts that the publisher tries before it chooses one. */
const TRIED_SALTS = 100;

const saltOf = (number: number): string => bytesToHex(uintToBytes(BigInt(number), 32));

/** An honest claim opens any sample, so a publisher finds no salt that breaks it. */
export const groundSalt: Attack = {
  name: 'ground-salt',
  description:
    'A publisher looks at the seed block and tries salts until the samples hit what a node cannot open.',
  refusals: ['SaltRefused', 'NotPublisher', 'SaltTooLate'],

  async run(world) {
    const { operator, publisher, stranger, refusals } = world;
    const { claimSamples } = world.chain.parameters;
    const purse = await Purse.open(publisher);
    const deal = await world.openDeal({ word: 'salt', amounts: [[operator, 10n * TOKEN_WEI]] });
    const { dealId } = deal;
    const receipts = receiptsOf(deal, operator, world.epoch, { count: SESSIONS });
    const toEpoch = await world.endEpochs();
    const claim = new PlayedClaim(world, { node: operator, deal, receipts });
    const { blockNumber } = await claim.commit(toEpoch);
    await world.chain.mine(3);
    const seedBlock = await fromChain(publisher.provider.getBlock(blockNumber + 2));
    const { word: rootWord, totalBytes } = claim.root;
    const opensAll = (salt: string): boolean => {
      const from = { blockHash: seedBlock?.hash ?? '', salt, dealId, node: operator.address };
      const seed = claimSeed({ ...from, rootWord, toEpoch });
      const drawn = drawSamples(seed, totalBytes, claimSamples);
      const opened = verifyFrontier(openLeaves(claim.leaves, drawn), rootWord);
      return drawn.every((byte) =>
        opened.some(({ fromByte, bytes }) => fromByte <= byte && byte < fromByte + bytes),
      );
    };
    const salts = Array.from({ length: TRIED_SALTS }, (_, number) => saltOf(number + 1));
    const bad = salts.find((salt) => !opensAll(salt));
    if (bad !== undefined) throw new SimulatorError('ATTACK_ACCEPTED', 'A salt breaks an honest claim.');
    const salting = (by: typeof publisher, number: number) =>
      callClaims(by, 'saltClaim', dealId, operator.address, saltOf(number));
    await salting(publisher, TRIED_SALTS);
    await refusals.expect(salting(publisher, 1));
    await refusals.expect(salting(stranger, 1));
    await claim.untilSeed();
    await refusals.expect(salting(publisher, 1));
    await claim.open();
    await deal.reclaim(world.untilThawed);
    const { paidWei } = await deal.allocationOf(operator);
    const owedWei = priceWei(BigInt(SESSIONS) * SESSION_BYTES, RATE_WEI_PER_GIB);
    return { ...(await purse.close(-paidWei)), takenWei: owedWei - paidWei };
  },
};
