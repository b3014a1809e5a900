import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import { Signature } from 'ethers';

import { TOKEN, deployWorld, openChain, type Chain, type World } from './market-fixture.ts';

describe('BcdnToken', () => {
  let chain: Chain;
  let world: World;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
  });

  it('has a fixed supply that fits in 96 bits, with the usual name and decimals', async () => {
    const { token } = world;
    expect(await token.totalSupply()).to.equal(1_000_000_000n * TOKEN);
    expect(await token.SUPPLY_WEI()).to.equal(await token.totalSupply());
    expect(await token.totalSupply()).to.be.lessThan(1n << 96n);
    expect(await token.symbol()).to.equal('BCDN');
    expect(await token.decimals()).to.equal(18n);
  });

  it('accepts a permit of the owner and refuses one that expired or that another signed', async () => {
    const { token, viewer, stranger, deployment } = world;
    const domain = {
      name: 'BCDN',
      version: '1',
      chainId: deployment.chainId,
      verifyingContract: deployment.token,
    };
    const types = {
      Permit: ['address owner', 'address spender', 'uint256 value', 'uint256 nonce', 'uint256 deadline'].map(
        (field) => {
          const [type = '', name = ''] = field.split(' ');
          return { type, name };
        },
      ),
    };
    const now = await chain.networkHelpers.time.latest();
    const permit = {
      owner: viewer.address,
      spender: stranger.address,
      value: 7n,
      nonce: 0n,
      deadline: now + 100,
    };
    const { v, r, s } = Signature.from(await viewer.signTypedData(domain, types, permit));
    const use = (owner: string, deadline: number) =>
      token.permit(owner, permit.spender, permit.value, deadline, v, r, s);

    await expect(use(viewer.address, now - 1))
      .to.be.revertedWithCustomError(token, 'ERC2612ExpiredSignature')
      .withArgs(now - 1);
    await expect(use(stranger.address, now + 100)).to.be.revertedWithCustomError(
      token,
      'ERC2612InvalidSigner',
    );
    await use(viewer.address, now + 100);
    expect(await token.allowance(viewer.address, stranger.address)).to.equal(7n);
    await expect(use(viewer.address, now + 100)).to.be.revertedWithCustomError(token, 'ERC2612InvalidSigner');
  });
});
