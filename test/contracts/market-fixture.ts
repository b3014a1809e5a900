import type { HardhatEthers, HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import type { NetworkHelpers } from '@nomicfoundation/hardhat-network-helpers/types';
import { Signature, Wallet, id, keccak256, toUtf8Bytes, type TypedDataField } from 'ethers';

import { deployBcdn, type ContractBytecodes } from '../../scripts/deploy/deploy.ts';
import { MEASURES_COVERAGE, openHardhat } from '../../scripts/deploy/hardhat-environment.ts';
import { DEPLOY_PARAMETERS, type DeployParameters } from '../../scripts/deploy/parameters.ts';
import { connectContracts, type Contracts } from '../../sdk/chain/contracts.ts';
import { dealIdOf } from '../../sdk/chain/deals.ts';
import type { Deployment } from '../../sdk/chain/deployment.ts';
import type { Hex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, type DealId } from '../../sdk/protocol/identifiers.ts';

export const TOKEN = 10n ** 18n;
export const GIB = 1n << 30n;
export const EPOCH_SECONDS = 100;
export const REGION = '0x65752d7765737400';
export const STAKE_WEI = 100n * TOKEN;
export const FEE_BPS = 100n;
/** Order of the curve: with a signature's s, its other s is a valid one as well, which contracts must refuse. */
export const SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** One token a GiB. */
export const RATE = TOKEN;

/** What the protocol keeps of a payment. */
export const feeOf = (paidWei: bigint): bigint => (paidWei * FEE_BPS) / 10_000n;

export const TYPES = {
  Grant: [
    { name: 'dealId', type: 'bytes32' },
    { name: 'node', type: 'address' },
    { name: 'viewerKey', type: 'address' },
    { name: 'epoch', type: 'uint32' },
    { name: 'capBytes', type: 'uint64' },
    { name: 'contentRoot', type: 'bytes32' },
  ],
  Receipt: [
    { name: 'grantHash', type: 'bytes32' },
    { name: 'bytesCumulative', type: 'uint64' },
  ],
  Voucher: [
    { name: 'dealId', type: 'bytes32' },
    { name: 'node', type: 'address' },
    { name: 'throughEpoch', type: 'uint32' },
    { name: 'cumulative', type: 'uint128' },
  ],
} satisfies Record<string, TypedDataField[]>;

/** A key derived from a word, the same in every run. */
export const keyOf = (word: string): Wallet => new Wallet(id(`bcdn test key ${word}`));

export interface Chain {
  readonly ethers: HardhatEthers;
  readonly networkHelpers: NetworkHelpers;
}

/** Where the time of a chain starts: the first second of an epoch, so that no test begins at the end of one. */
const START = '2030-01-01T00:00:00Z';

/** A fresh in-process chain. */
export async function openChain(): Promise<Chain> {
  const hre = await openHardhat();
  const override = { initialDate: START };
  const { ethers, networkHelpers } = await hre.network.create({ network: 'default', override });
  return { ethers, networkHelpers };
}

export interface World extends Contracts {
  readonly chain: Chain;
  readonly deployment: Deployment;
  readonly deployer: HardhatEthersSigner;
  readonly publisher: HardhatEthersSigner;
  readonly node: HardhatEthersSigner;
  readonly otherNode: HardhatEthersSigner;
  readonly stranger: HardhatEthersSigner;
  readonly collector: Wallet;
  readonly grantKey: Wallet;
  readonly viewer: Wallet;
}

export const contentRoot = keccak256(toUtf8Bytes('content'));

/** Contracts, two active edges, funded and approved parties; epochs of 100 s, claim window 1, thaw 2, fee 1 %. */
export async function deployWorld(chain: Chain, change: Partial<DeployParameters> = {}): Promise<World> {
  const [deployer, publisher, node, otherNode, stranger] = await chain.ethers.getSigners();
  if (!deployer || !publisher || !node || !otherNode || !stranger) throw new TypeError('accounts');
  const parameters = {
    ...DEPLOY_PARAMETERS.development,
    epochSeconds: EPOCH_SECONDS,
    protocolFeeBps: Number(FEE_BPS),
    minimumEdgeStakeWei: STAKE_WEI,
    unbondingSeconds: 1_000,
    ...change,
  };
  const deployment = await deployBcdn(deployer, parameters, await instrumentedBytecodes());
  const contracts = connectContracts(deployer, deployment);
  for (const party of [publisher, node, otherNode]) {
    await contracts.token.transfer(party.address, 10_000n * TOKEN);
    await contracts.token.connect(party).approve(deployment.market, 10_000n * TOKEN);
    await contracts.token.connect(party).approve(deployment.registry, 10_000n * TOKEN);
  }
  for (const edge of [node, otherNode])
    await contracts.registry.connect(edge).register(registrationOf(edge.address));
  await chain.networkHelpers.mine(3);
  for (const edge of [node, otherNode]) await contracts.registry.drawPosition(edge.address);
  const keys = { collector: keyOf('collector'), grantKey: keyOf('grant'), viewer: keyOf('viewer') };
  return { ...contracts, ...keys, chain, deployment, deployer, publisher, node, otherNode, stranger };
}

/** The code that reports which statements ran, while coverage is measured. */
export async function instrumentedBytecodes(): Promise<ContractBytecodes | undefined> {
  if (!MEASURES_COVERAGE) return undefined;
  const { artifacts } = await openHardhat();
  const bytecodeOf = async (name: string): Promise<string> => (await artifacts.readArtifact(name)).bytecode;
  return {
    bcdnTokenBytecode: await bytecodeOf('BcdnToken'),
    nodeRegistryBytecode: await bytecodeOf('NodeRegistry'),
    dealMarketBytecode: await bytecodeOf('DealMarket'),
  };
}

/** A valid registration of an edge. */
export function registrationOf(word: string, change: Partial<Registration> = {}): Registration {
  return {
    role: 2,
    libp2pPublicKey: id(`libp2p ${word}`),
    region: REGION,
    endpoints: ['/ip4/127.0.0.1/tcp/4001'],
    askWeiPerGiB: RATE,
    stakeWei: STAKE_WEI,
    ...change,
  };
}

export interface Registration {
  readonly role: number;
  readonly libp2pPublicKey: string;
  readonly region: string;
  readonly endpoints: string[];
  readonly askWeiPerGiB: bigint;
  readonly stakeWei: bigint;
}

/** A request to open a deal with the world's keys. */
export function dealRequest(world: World, change: Partial<DealFields> = {}): DealFields {
  return {
    salt: id('salt'),
    collector: world.collector.address,
    grantKey: world.grantKey.address,
    contentRoot,
    contentCodec: 0x70,
    serviceLevel: 1,
    depositWei: 100n * TOKEN,
    ...change,
  };
}

export interface DealFields {
  readonly salt: string;
  readonly collector: string;
  readonly grantKey: string;
  readonly contentRoot: string;
  readonly contentCodec: number;
  readonly serviceLevel: number;
  readonly depositWei: bigint;
}

/** The deal that the world's publisher opens with a salt. */
export function dealIdOfSalt(world: World, salt: string): DealId {
  return dealIdOf(world.deployment, parseAddress(world.publisher.address), salt as Hex);
}

/** A request to allocate to a node. */
export function allocationRequest(
  node: string,
  amountWei: bigint,
  ratePerGiB = RATE,
): { readonly node: string; readonly amountWei: bigint; readonly ratePerGiB: bigint } {
  return { node, amountWei, ratePerGiB };
}

/** Opens a deal of 100 tokens and allocates `amountWei` to the first node. */
export async function openAllocated(
  world: World,
  amountWei = 10n * TOKEN,
  change: Partial<DealFields> = {},
): Promise<DealId> {
  const request = dealRequest(world, change);
  await world.market.connect(world.publisher).openDeal(request);
  const dealId = dealIdOfSalt(world, request.salt);
  await world.market
    .connect(world.publisher)
    .allocate(dealId, [allocationRequest(world.node.address, amountWei)]);
  return dealId;
}

/** Goes to the first second of the epoch `count` epochs later; returns that epoch. */
export async function advanceEpochs(world: World, count: number): Promise<number> {
  const epoch = Number(await world.market.currentEpoch()) + count;
  await world.chain.networkHelpers.time.increaseTo(epoch * EPOCH_SECONDS);
  return epoch;
}

export interface Voucher {
  readonly dealId: string;
  readonly node: string;
  readonly throughEpoch: number;
  readonly cumulative: bigint;
}

/** EIP-712 domain of a deployment. */
export const typedDomain = (
  deployment: Deployment,
): { name: string; version: string; chainId: bigint; verifyingContract: string } => ({
  name: 'BCDN',
  version: '1',
  chainId: deployment.chainId,
  verifyingContract: deployment.market,
});

const compact = (signature: string): string => Signature.from(signature).compactSerialized;

export async function signVoucher(world: World, voucher: Voucher, by = world.collector): Promise<string> {
  return compact(await by.signTypedData(typedDomain(world.deployment), { Voucher: TYPES.Voucher }, voucher));
}

export interface Grant {
  readonly dealId: string;
  readonly node: string;
  readonly viewerKey: string;
  readonly epoch: number;
  readonly capBytes: bigint;
  readonly contentRoot: string;
}

/** One entry of a direct claim, with its grant hash for sorting. */
export interface Entry {
  readonly hash: string;
  readonly receipt: {
    readonly viewerKey: string;
    readonly epoch: number;
    readonly capBytes: bigint;
    readonly grantR: string;
    readonly grantVS: string;
    readonly bytesCumulative: bigint;
    readonly receiptR: string;
    readonly receiptVS: string;
  };
}

export interface EntryKeys {
  readonly grantKey?: Wallet;
  readonly viewer?: Wallet;
}

/** Signs a grant and its receipt as the parties would. */
export async function signEntry(
  world: World,
  grant: Grant,
  bytesCumulative: bigint,
  { grantKey = world.grantKey, viewer = world.viewer }: EntryKeys = {},
): Promise<Entry> {
  const domain = typedDomain(world.deployment);
  const hash = await world.market.hashGrant(grant);
  const grantSignature = Signature.from(await grantKey.signTypedData(domain, { Grant: TYPES.Grant }, grant));
  const statement = { grantHash: hash, bytesCumulative };
  const signature = Signature.from(await viewer.signTypedData(domain, { Receipt: TYPES.Receipt }, statement));
  return {
    hash,
    receipt: {
      viewerKey: grant.viewerKey,
      epoch: grant.epoch,
      capBytes: grant.capBytes,
      grantR: grantSignature.r,
      grantVS: grantSignature.yParityAndS,
      bytesCumulative,
      receiptR: signature.r,
      receiptVS: signature.yParityAndS,
    },
  };
}

/** A grant to the world's viewer at the first node. */
export function grantOf(world: World, dealId: string, epoch: number, change: Partial<Grant> = {}): Grant {
  return {
    dealId,
    node: world.node.address,
    viewerKey: world.viewer.address,
    epoch,
    capBytes: GIB,
    contentRoot,
    ...change,
  };
}

/** Receipts in the order the contract asks for. */
export function sorted(entries: readonly Entry[]): Entry['receipt'][] {
  return [...entries].sort((a, b) => (a.hash < b.hash ? -1 : 1)).map((entry) => entry.receipt);
}
