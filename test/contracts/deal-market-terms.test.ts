import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { ContractFactory, ZeroAddress, getAddress } from 'ethers';

import { dealMarketAbi } from '../../sdk/chain/generated/abi.ts';
import { dealMarketBytecode } from '../../sdk/chain/generated/bytecode.ts';
import {
  EPOCH_SECONDS,
  TOKEN,
  deployWorld,
  instrumentedBytecodes,
  openChain,
  type Chain,
  type World,
} from './market-fixture.ts';

describe('DealMarket: the terms of a deployment', () => {
  let chain: Chain;
  let world: World;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
  });

  const terms = () => ({
    token: world.deployment.token,
    registry: world.deployment.registry,
    epochSeconds: 100,
    claimWindowEpochs: 1,
    thawEpochs: 2,
    protocolFeeBps: 100,
    claimSamples: 16,
    saltWindowBlocks: 1,
    openingWindowBlocks: 64,
    claimBondFloorWei: TOKEN,
    feeRecipient: world.deployer.address,
  });
  const deploy = async (change: object) => {
    const bytecode = (await instrumentedBytecodes())?.dealMarketBytecode ?? dealMarketBytecode;
    const changed = { ...terms(), ...change };
    return new ContractFactory([...dealMarketAbi], bytecode, world.deployer).deploy(changed);
  };

  it('states its terms', async () => {
    const read = await world.market.terms();
    expect(read.token).to.equal(getAddress(world.deployment.token));
    expect(read.registry).to.equal(getAddress(world.deployment.registry));
    expect(read.epochSeconds).to.equal(100n);
    expect(read.claimWindowEpochs).to.equal(1n);
    expect(read.thawEpochs).to.equal(2n);
    expect(read.protocolFeeBps).to.equal(100n);
    expect([read.claimSamples, read.claimBondFloorWei]).to.deep.equal([16n, TOKEN]);
    expect([read.saltWindowBlocks, read.openingWindowBlocks]).to.deep.equal([1n, 64n]);
    expect(read.feeRecipient).to.equal(world.deployer.address);
    expect(await world.market.epochSeconds()).to.equal(100n);
    const now = await chain.networkHelpers.time.latest();
    expect(await world.market.currentEpoch()).to.equal(BigInt(Math.floor(now / EPOCH_SECONDS)));
  });

  it('refuses terms that would harm a party', async () => {
    const { market } = world;
    for (const change of [{ token: ZeroAddress }, { registry: ZeroAddress }, { feeRecipient: ZeroAddress }]) {
      await expect(deploy(change)).to.be.revertedWithCustomError(market, 'AddressZero');
    }
    for (const epochSeconds of [0, 30 * 86_400 + 1]) {
      await expect(deploy({ epochSeconds }))
        .to.be.revertedWithCustomError(market, 'InvalidEpochSeconds')
        .withArgs(epochSeconds, 30 * 86_400);
    }
    await expect(deploy({ thawEpochs: 1 }))
      .to.be.revertedWithCustomError(market, 'ThawTooShort')
      .withArgs(1n, 2n);
    await expect(deploy({ protocolFeeBps: 501 }))
      .to.be.revertedWithCustomError(market, 'FeeTooHigh')
      .withArgs(501n, 500n);
    for (const claimSamples of [0, 33]) {
      await expect(deploy({ claimSamples }))
        .to.be.revertedWithCustomError(world.claims, 'InvalidClaimSamples')
        .withArgs(claimSamples, 32);
    }
    for (const [saltWindowBlocks, openingWindowBlocks] of [
      [64, 64],
      [256, 1_000],
    ]) {
      await expect(deploy({ saltWindowBlocks, openingWindowBlocks }))
        .to.be.revertedWithCustomError(world.claims, 'ClaimWindowsInvalid')
        .withArgs(saltWindowBlocks, openingWindowBlocks);
    }
    await deploy({ protocolFeeBps: 0, feeRecipient: ZeroAddress });
  });
});
