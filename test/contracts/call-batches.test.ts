import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { Signature, id } from 'ethers';

import { claimsInterface, marketInterface } from '../../sdk/chain/contracts.ts';
import { dealIdOf } from '../../sdk/chain/deals.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, type DealId } from '../../sdk/protocol/identifiers.ts';
import {
  RATE,
  TOKEN,
  advanceEpochs,
  dealRequest,
  deployWorld,
  openAllocated,
  openChain,
  type Chain,
  type World,
} from './market-fixture.ts';

const DEPOSIT = 100n * TOKEN;

describe('DealMarket: batches of calls', () => {
  let chain: Chain;
  let world: World;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
  });

  const market = (name: string, args: readonly unknown[]): string =>
    marketInterface.encodeFunctionData(name, args);
  const dealIdFor = (salt: string): DealId =>
    dealIdOf(world.deployment, parseAddress(world.publisher.address), salt as Hex);
  const asPublisher = () => world.claims.connect(world.publisher);

  /** The publisher's permit, and the call that uses it. */
  async function permitCall(valueWei: bigint): Promise<string> {
    const { token, publisher, deployment } = world;
    const deadline = 2n ** 40n;
    const fields = ['owner address', 'spender address', 'value uint256', 'nonce uint256', 'deadline uint256'];
    const Permit = fields.map((field) => {
      const [name = '', type = ''] = field.split(' ');
      return { name, type };
    });
    const text = await publisher.signTypedData(
      { name: 'BCDN', version: '1', chainId: deployment.chainId, verifyingContract: deployment.token },
      { Permit },
      {
        owner: publisher.address,
        spender: deployment.market,
        value: valueWei,
        nonce: await token.nonces(publisher.address),
        deadline,
      },
    );
    const { v, r, s } = Signature.from(text);
    return claimsInterface.encodeFunctionData('usePermit', [valueWei, { deadline, v, r, s }]);
  }

  it('opens and allocates in one transaction, with a permit in place of an approval', async () => {
    const { token, publisher, market: contract, node, otherNode } = world;
    await token.connect(publisher).approve(contract, 0n);
    const request = dealRequest(world, { salt: id('batch'), depositWei: DEPOSIT });
    const dealId = dealIdFor(request.salt);
    const allocations = [node, otherNode].map(({ address }) => ({
      ...{ node: address, amountWei: 10n * TOKEN, ratePerGiB: RATE },
    }));
    const calls = [
      await permitCall(DEPOSIT),
      market('openDeal', [request]),
      market('allocate', [dealId, allocations]),
      claimsInterface.encodeFunctionData('fundPeerPool', [dealId, 5n * TOKEN]),
    ];
    await expect(asPublisher().multicall(calls)).to.changeTokenBalance(
      chain.ethers,
      token,
      publisher,
      -DEPOSIT,
    );
    const deal = await contract.dealOf(dealId);
    expect(deal.publisher).to.equal(publisher.address);
    expect(deal.freeWei).to.equal(DEPOSIT - 25n * TOKEN);
    expect((await contract.allocationOf(dealId, otherNode)).balanceWei).to.equal(10n * TOKEN);
  });

  it('does not mind a permit that an onlooker has used, and says what each call returned', async () => {
    const { token, publisher, market: contract } = world;
    await token.connect(publisher).approve(contract, 0n);
    const permit = await permitCall(DEPOSIT);
    await asPublisher().multicall([permit]);
    const request = dealRequest(world, { salt: id('again'), depositWei: DEPOSIT });
    const calls = [permit, market('openDeal', [request])];
    const [nothing, opened] = await asPublisher().multicall.staticCall(calls);
    expect(nothing).to.equal('0x');
    expect(opened).to.equal(dealIdFor(request.salt));
    await asPublisher().multicall(calls);
  });

  it('releases and withdraws in one transaction', async () => {
    const { token, publisher, node } = world;
    const dealId = await openAllocated(world, 10n * TOKEN);
    await asPublisher().multicall([market('closeDeal', [dealId, [node.address]])]);
    await advanceEpochs(world, 3);
    const calls = [
      market('release', [dealId, [node.address]]),
      market('withdraw', [dealId, DEPOSIT, publisher.address]),
    ];
    await expect(asPublisher().multicall(calls)).to.changeTokenBalance(
      chain.ethers,
      token,
      publisher,
      DEPOSIT,
    );
  });

  it('undoes all when one call is refused, and refuses as that call does', async () => {
    const { market: contract, stranger } = world;
    const dealId = await openAllocated(world);
    const request = dealRequest(world, { salt: id('undone'), depositWei: 1n });
    const calls = [market('openDeal', [request]), market('openDeal', [request])];
    await expect(asPublisher().multicall(calls))
      .to.be.revertedWithCustomError(contract, 'DealExists')
      .withArgs(dealIdFor(request.salt));
    expect((await contract.dealOf(dealIdFor(request.salt))).state).to.equal(0n);
    const payout = market('withdraw', [dealId, 1n, stranger.address]);
    await expect(world.claims.connect(stranger).multicall([payout])).to.be.revertedWithCustomError(
      contract,
      'NotPublisher',
    );
  });

  it('refuses an empty batch and one of more than 16 calls', async () => {
    const { market: contract } = world;
    await expect(asPublisher().multicall([])).to.be.revertedWithCustomError(contract, 'ListEmpty');
    const call = market('currentEpoch', []);
    await expect(asPublisher().multicall(Array.from({ length: 17 }, () => call)))
      .to.be.revertedWithCustomError(contract, 'ListTooLong')
      .withArgs(17n, 16n);
    await asPublisher().multicall(Array.from({ length: 16 }, () => call));
  });
});
