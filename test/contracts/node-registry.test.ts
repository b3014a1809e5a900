import '@nomicfoundation/hardhat-ethers-chai-matchers';
import { expect } from 'chai';
import {
  Signature,
  ZeroAddress,
  ZeroHash,
  getAddress,
  id,
  keccak256,
  solidityPacked,
  type HDNodeWallet,
} from 'ethers';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';

import {
  REGION,
  STAKE_WEI,
  TOKEN,
  deployWorld,
  openChain,
  registrationOf,
  type Chain,
  type World,
} from './market-fixture.ts';

const PEER = { role: 1, stakeWei: 0n };

describe('NodeRegistry', () => {
  let chain: Chain;
  let world: World;
  let operator: HardhatEthersSigner;
  const fixture = (): Promise<World> => deployWorld(chain);
  before(async () => {
    chain = await openChain();
  });
  beforeEach(async () => {
    world = await chain.networkHelpers.loadFixture(fixture);
    operator = world.stranger;
    await world.token.transfer(operator.address, 1_000n * TOKEN);
    await world.token.connect(operator).approve(world.registry, 1_000n * TOKEN);
  });
  const asOperator = () => world.registry.connect(operator);

  describe('register', () => {
    it('records the node, takes the stake, announces it and fixes the block of its position', async () => {
      const { registry, token } = world;
      const registration = registrationOf('new');
      const block = await chain.ethers.provider.getBlockNumber();
      await expect(asOperator().register(registration))
        .to.emit(registry, 'NodeRegistered')
        .withArgs(
          operator.address,
          2n,
          REGION,
          registration.libp2pPublicKey,
          registration.endpoints,
          TOKEN,
          STAKE_WEI,
        )
        .and.to.emit(registry, 'PositionArmed')
        .withArgs(operator.address, block + 3);
      expect(await token.balanceOf(registry)).to.equal(3n * STAKE_WEI);
      const node = await registry.nodeOf(operator.address);
      expect(node.operator).to.equal(operator.address);
      expect(node.role).to.equal(2n);
      expect(node.active).to.equal(false);
      expect(node.region).to.equal(REGION);
      expect(node.nid).to.equal(ZeroHash);
      expect(node.askWeiPerGiB).to.equal(TOKEN);
      expect(node.stakeWei).to.equal(STAKE_WEI);
      expect(node.positionBlock).to.equal(BigInt(block + 3));
      expect([...node.endpoints]).to.deep.equal(registration.endpoints);
      expect(await registry.operatorOfKey(registration.libp2pPublicKey)).to.equal(operator.address);
      expect(await registry.nodeCount()).to.equal(3n);
    });

    it('takes a peer without stake, active at once and without a position', async () => {
      await asOperator().register(registrationOf('peer', PEER));
      const node = await world.registry.nodeOf(operator.address);
      expect(node.role).to.equal(1n);
      expect(node.active).to.equal(true);
      expect(node.positionBlock).to.equal(0n);
      expect(await world.registry.isActiveEdge(operator.address)).to.equal(false);
    });

    it('refuses a second node of one operator', async () => {
      await expect(world.registry.connect(world.node).register(registrationOf('again')))
        .to.be.revertedWithCustomError(world.registry, 'AlreadyRegistered')
        .withArgs(world.node.address);
    });

    it('refuses a missing role, a missing key and a key of somebody else', async () => {
      const taken = registrationOf(world.node.address).libp2pPublicKey;
      await expect(asOperator().register(registrationOf('a', { role: 0 }))).to.be.revertedWithCustomError(
        world.registry,
        'RoleMissing',
      );
      await expect(
        asOperator().register(registrationOf('a', { libp2pPublicKey: ZeroHash })),
      ).to.be.revertedWithCustomError(world.registry, 'KeyMissing');
      await expect(asOperator().register(registrationOf('a', { libp2pPublicKey: taken })))
        .to.be.revertedWithCustomError(world.registry, 'KeyTaken')
        .withArgs(taken, world.node.address);
    });

    it('refuses malformed regions', async () => {
      const malformed = [
        '0x0000000000000000',
        '0x4575000000000000',
        '0x6575002d77000000',
        '0x6575200000000000',
        '0x65757b0000000000',
      ];
      for (const region of malformed) {
        await expect(asOperator().register(registrationOf('a', { region })))
          .to.be.revertedWithCustomError(world.registry, 'InvalidRegion')
          .withArgs(region);
      }
      await asOperator().register(registrationOf('a', { region: '0x6e2d303132337a39' }));
    });

    it('refuses too many, empty and too long endpoints', async () => {
      const refuse = (endpoints: string[]) =>
        expect(asOperator().register(registrationOf('a', { endpoints })));
      await refuse(Array.from({ length: 9 }, () => '/dns/a'))
        .to.be.revertedWithCustomError(world.registry, 'TooManyEndpoints')
        .withArgs(9n, 8n);
      await refuse(['/dns/a', ''])
        .to.be.revertedWithCustomError(world.registry, 'InvalidEndpoint')
        .withArgs(1n, 0n, 128n);
      await refuse(['x'.repeat(129)])
        .to.be.revertedWithCustomError(world.registry, 'InvalidEndpoint')
        .withArgs(0n, 129n, 128n);
    });

    it('refuses a stake that is not approved or not owned', async () => {
      await expect(asOperator().register(registrationOf('a', { stakeWei: 1_001n * TOKEN })))
        .to.be.revertedWithCustomError(world.token, 'ERC20InsufficientAllowance')
        .withArgs(getAddress(world.deployment.registry), 1_000n * TOKEN, 1_001n * TOKEN);
    });

    it('takes the approval by permit, also when an onlooker used the permit first', async () => {
      for (const usedBefore of [false, true]) {
        const wallet = chain.ethers.Wallet.createRandom(chain.ethers.provider);
        await world.token.transfer(wallet.address, STAKE_WEI);
        await world.deployer.sendTransaction({ to: wallet.address, value: TOKEN });
        const permit = await permitOf(world, wallet, STAKE_WEI);
        if (usedBefore) {
          const { v, r, s, deadline } = permit;
          await world.token.permit(wallet.address, world.registry, STAKE_WEI, deadline, v, r, s);
        }
        await world.registry.connect(wallet).registerWithPermit(registrationOf(wallet.address), permit);
        expect((await world.registry.nodeOf(wallet.address)).stakeWei).to.equal(STAKE_WEI);
      }
    });
  });

  describe('changes', () => {
    it('replaces endpoints and price and announces them', async () => {
      const { registry, node } = world;
      await expect(registry.connect(node).updateEndpoints(['/dns/b']))
        .to.emit(registry, 'EndpointsUpdated')
        .withArgs(node.address, ['/dns/b']);
      await expect(registry.connect(node).updateAsk(5n))
        .to.emit(registry, 'AskUpdated')
        .withArgs(node.address, 5n);
      const record = await registry.nodeOf(node.address);
      expect([...record.endpoints]).to.deep.equal(['/dns/b']);
      expect(record.askWeiPerGiB).to.equal(5n);
    });

    it('refuses bad endpoints, and every change of who is not registered', async () => {
      await expect(world.registry.connect(world.node).updateEndpoints(['']))
        .to.be.revertedWithCustomError(world.registry, 'InvalidEndpoint')
        .withArgs(0n, 0n, 128n);
      const changes = [
        () => asOperator().updateEndpoints([]),
        () => asOperator().updateAsk(1n),
        () => asOperator().addStake(1n),
        () => asOperator().requestUnstake(1n),
        () => asOperator().withdrawStake(),
        () => world.registry.drawPosition(operator.address),
      ];
      for (const change of changes) {
        await expect(change())
          .to.be.revertedWithCustomError(world.registry, 'NotRegistered')
          .withArgs(operator.address);
      }
    });
  });

  describe('stake', () => {
    it('arms the position when added stake reaches the minimum, once', async () => {
      await asOperator().register(registrationOf('poor', { stakeWei: STAKE_WEI - 1n }));
      expect((await world.registry.nodeOf(operator.address)).positionBlock).to.equal(0n);
      await expect(asOperator().addStake(1n))
        .to.emit(world.registry, 'StakeAdded')
        .withArgs(operator.address, 1n, STAKE_WEI)
        .and.to.emit(world.registry, 'PositionArmed');
      await expect(asOperator().addStake(1n)).not.to.emit(world.registry, 'PositionArmed');
    });

    it('refuses to add nothing', async () => {
      await expect(world.registry.connect(world.node).addStake(0n)).to.be.revertedWithCustomError(
        world.registry,
        'AmountZero',
      );
    });

    it('unbonds a part after the delay; the edge is inactive below the minimum meanwhile', async () => {
      const { registry, node, token } = world;
      const edge = registry.connect(node);
      await edge.addStake(50n);
      await edge.requestUnstake(50n);
      expect(await registry.isActiveEdge(node.address)).to.equal(true);
      await edge.requestUnstake(1n);
      expect(await registry.isActiveEdge(node.address)).to.equal(false);
      const endsAt = BigInt(await chain.networkHelpers.time.latest()) + 1_000n;
      expect((await registry.nodeOf(node.address)).unbondingEndsAt).to.equal(endsAt);
      await expect(edge.withdrawStake())
        .to.be.revertedWithCustomError(registry, 'StillUnbonding')
        .withArgs(node.address, endsAt);
      await chain.networkHelpers.time.increaseTo(endsAt);
      await expect(edge.withdrawStake())
        .to.emit(registry, 'StakeWithdrawn')
        .withArgs(node.address, 51n, STAKE_WEI - 1n)
        .and.to.emit(token, 'Transfer')
        .withArgs(getAddress(world.deployment.registry), node.address, 51n);
      await expect(edge.withdrawStake())
        .to.be.revertedWithCustomError(registry, 'NothingUnbonding')
        .withArgs(node.address);
    });

    it('announces the request and restarts the delay by another one', async () => {
      const edge = world.registry.connect(world.node);
      await edge.requestUnstake(1n);
      await chain.networkHelpers.time.increase(900);
      await expect(edge.requestUnstake(2n))
        .to.emit(world.registry, 'UnstakeRequested')
        .withArgs(world.node.address, 3n, BigInt(await chain.networkHelpers.time.latest()) + 1_001n);
    });

    it('refuses to unbond nothing, or more than is staked', async () => {
      const edge = world.registry.connect(world.node);
      await expect(edge.requestUnstake(0n)).to.be.revertedWithCustomError(world.registry, 'AmountZero');
      await edge.requestUnstake(1n);
      await expect(edge.requestUnstake(STAKE_WEI))
        .to.be.revertedWithCustomError(world.registry, 'InsufficientStake')
        .withArgs(world.node.address, STAKE_WEI - 1n, STAKE_WEI);
    });

    it('lets a node leave by unbonding everything; its key and its place are free again', async () => {
      const { registry, node, otherNode } = world;
      const edge = registry.connect(node);
      await edge.requestUnstake(STAKE_WEI);
      expect((await registry.nodeOf(node.address)).active).to.equal(false);
      const { unbondingEndsAt } = await registry.nodeOf(node.address);
      for (const refused of [() => edge.addStake(1n), () => edge.requestUnstake(0n)]) {
        await expect(refused())
          .to.be.revertedWithCustomError(registry, 'NodeLeaving')
          .withArgs(node.address, unbondingEndsAt);
      }
      await chain.networkHelpers.time.increaseTo(unbondingEndsAt);
      const { libp2pPublicKey } = registrationOf(node.address);
      await expect(edge.withdrawStake())
        .to.emit(registry, 'NodeDeregistered')
        .withArgs(node.address, libp2pPublicKey)
        .and.to.emit(world.token, 'Transfer')
        .withArgs(getAddress(world.deployment.registry), node.address, STAKE_WEI);
      expect((await registry.nodeOf(node.address)).role).to.equal(0n);
      expect(await registry.operatorOfKey(libp2pPublicKey)).to.equal(ZeroAddress);
      expect((await registry.nodesPage(0, 10)).map((record) => record.operator)).to.deep.equal([
        otherNode.address,
      ]);
      await edge.register(registrationOf(node.address));
      expect((await registry.nodeOf(node.address)).nid).to.equal(ZeroHash);
    });

    it('lets a peer without stake leave', async () => {
      await asOperator().register(registrationOf('peer', PEER));
      await asOperator().requestUnstake(0n);
      expect((await world.registry.nodeOf(operator.address)).active).to.equal(false);
      await chain.networkHelpers.time.increase(1_000);
      await asOperator().withdrawStake();
      expect(await world.registry.nodeCount()).to.equal(2n);
    });
  });

  describe('drawPosition', () => {
    it('is refused before its block, and for who has none', async () => {
      await asOperator().register(registrationOf('new'));
      const { positionBlock } = await world.registry.nodeOf(operator.address);
      await expect(world.registry.drawPosition(operator.address))
        .to.be.revertedWithCustomError(world.registry, 'PositionTooEarly')
        .withArgs(operator.address, positionBlock);
      const peer = world.publisher;
      await world.registry.connect(peer).register(registrationOf('peer', PEER));
      await expect(world.registry.drawPosition(peer.address))
        .to.be.revertedWithCustomError(world.registry, 'PositionNotArmed')
        .withArgs(peer.address);
    });

    it('takes the hash of that block, whoever calls and whenever within the window, and only once', async () => {
      const registration = registrationOf('new');
      await asOperator().register(registration);
      const { positionBlock } = await world.registry.nodeOf(operator.address);
      await chain.networkHelpers.mine(200);
      const block = await chain.ethers.provider.getBlock(Number(positionBlock));
      const nid = keccak256(
        solidityPacked(['bytes32', 'bytes32'], [registration.libp2pPublicKey, block?.hash ?? ZeroHash]),
      );
      await expect(world.registry.connect(world.publisher).drawPosition(operator.address))
        .to.emit(world.registry, 'PositionDrawn')
        .withArgs(operator.address, nid, registration.libp2pPublicKey);
      expect((await world.registry.nodeOf(operator.address)).nid).to.equal(nid);
      expect(await world.registry.isActiveEdge(operator.address)).to.equal(true);
      await expect(world.registry.drawPosition(operator.address))
        .to.be.revertedWithCustomError(world.registry, 'PositionAlreadyDrawn')
        .withArgs(operator.address, nid);
    });

    it('fixes another block only when the window was missed', async () => {
      await asOperator().register(registrationOf('new'));
      const { positionBlock } = await world.registry.nodeOf(operator.address);
      const latest = await chain.ethers.provider.getBlockNumber();
      await chain.networkHelpers.mine(Number(positionBlock) + 256 - latest);
      await expect(world.registry.drawPosition(operator.address))
        .to.emit(world.registry, 'PositionArmed')
        .withArgs(operator.address, positionBlock + 257n + 2n);
      expect((await world.registry.nodeOf(operator.address)).nid).to.equal(ZeroHash);
      await chain.networkHelpers.mine(3);
      await expect(world.registry.drawPosition(operator.address)).to.emit(world.registry, 'PositionDrawn');
    });

    it('still draws in the last block of the window', async () => {
      await asOperator().register(registrationOf('new'));
      const { positionBlock } = await world.registry.nodeOf(operator.address);
      const latest = await chain.ethers.provider.getBlockNumber();
      await chain.networkHelpers.mine(Number(positionBlock) + 255 - latest);
      await expect(world.registry.drawPosition(operator.address)).to.emit(world.registry, 'PositionDrawn');
    });
  });

  describe('reading', () => {
    it('gives pages and refuses a page that is too long', async () => {
      const { registry, node, otherNode } = world;
      const operators = async (offset: number, limit: number) =>
        (await registry.nodesPage(offset, limit)).map((record) => record.operator);
      expect(await operators(0, 100)).to.deep.equal([node.address, otherNode.address]);
      expect(await operators(0, 1)).to.deep.equal([node.address]);
      expect(await operators(1, 1)).to.deep.equal([otherNode.address]);
      expect(await operators(2, 5)).to.deep.equal([]);
      expect(await operators(9, 5)).to.deep.equal([]);
      await expect(registry.nodesPage(0, 101))
        .to.be.revertedWithCustomError(registry, 'PageTooLong')
        .withArgs(101n, 100n);
    });

    it('states its immutable terms', async () => {
      const { registry } = world;
      expect(await registry.token()).to.equal(getAddress(world.deployment.token));
      expect(await registry.minimumEdgeStakeWei()).to.equal(STAKE_WEI);
      expect(await registry.unbondingSeconds()).to.equal(1_000n);
      expect(await registry.operatorOfKey(id('nobody'))).to.equal(ZeroAddress);
    });
  });
});

async function permitOf(
  world: World,
  wallet: HDNodeWallet,
  value: bigint,
): Promise<{ deadline: number; v: number; r: string; s: string }> {
  const { deployment } = world;
  const deadline = (await world.chain.networkHelpers.time.latest()) + 1_000;
  const types = {
    Permit: [
      { name: 'owner', type: 'address' },
      { name: 'spender', type: 'address' },
      { name: 'value', type: 'uint256' },
      { name: 'nonce', type: 'uint256' },
      { name: 'deadline', type: 'uint256' },
    ],
  };
  const domain = {
    name: 'BCDN',
    version: '1',
    chainId: deployment.chainId,
    verifyingContract: deployment.token,
  };
  const message = { owner: wallet.address, spender: deployment.registry, value, nonce: 0n, deadline };
  const { v, r, s } = Signature.from(await wallet.signTypedData(domain, types, message));
  return { deadline, v, r, s };
}
