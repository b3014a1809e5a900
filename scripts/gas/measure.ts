import type { ContractTransactionResponse } from 'ethers';
import { id } from 'ethers';

import { connectContracts, type Contracts } from '../../sdk/chain/contracts.ts';
import { dealIdOf } from '../../sdk/chain/deals.ts';
import { domainOf, type Deployment } from '../../sdk/chain/deployment.ts';
import { bytesToHex, hexToBytes, type Hex } from '../../sdk/protocol/bytes.ts';
import { grantDigest, grantHashOf, type Grant } from '../../sdk/protocol/grant.ts';
import {
  parseAddress,
  parseContentRoot,
  parseEpoch,
  type DealId,
  type Epoch,
} from '../../sdk/protocol/identifiers.ts';
import { receiptDigest } from '../../sdk/protocol/receipt.ts';
import { pureSecp256k1 } from '../../sdk/protocol/signature.ts';
import { voucherDigest } from '../../sdk/protocol/voucher.ts';
import { deployBcdn } from '../deploy/deploy.ts';
import { openHardhat } from '../deploy/hardhat-environment.ts';
import { DEPLOY_PARAMETERS } from '../deploy/parameters.ts';

/** Gas of one operation, the whole transaction. */
export interface GasFigure {
  readonly operation: string;
  readonly gas: number;
  /** What it is measured against, if PAYMENT.md names a goal; the same unit as `gas`. */
  readonly goal?: number;
}

const TOKEN_WEI = 10n ** 18n;
const RATE = TOKEN_WEI;
const BATCH = 10;
/** A fixed start, so that the figures do not depend on the day they are taken. */
const START = '2030-01-01T00:00:00Z';

type Hardhat = Awaited<ReturnType<typeof openHardhat>>;
type Connection = Awaited<ReturnType<Hardhat['network']['create']>>;
type Signer = Awaited<ReturnType<Connection['ethers']['getSigners']>>[number];

interface Bench {
  readonly contracts: Contracts;
  readonly deployment: Deployment;
  readonly networkHelpers: Connection['networkHelpers'];
  readonly publisher: Signer;
  readonly node: Signer;
  readonly collectorKey: Uint8Array;
  readonly grantKey: Uint8Array;
}

const keyOf = (word: string): Uint8Array => hexToBytes(id(`bcdn gas key ${word}`));
const contentRoot = parseContentRoot(id('content'));

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait();
  return Number(receipt?.gasUsed ?? 0n);
}

async function prepare(): Promise<Bench & { readonly registerGas: number; readonly drawGas: number }> {
  const hre = await openHardhat();
  const override = { initialDate: START };
  const { ethers, networkHelpers } = await hre.network.create({ network: 'default', override });
  const [deployer, publisher, node] = await ethers.getSigners();
  if (deployer === undefined || publisher === undefined || node === undefined)
    throw new TypeError('accounts');
  const deployment = await deployBcdn(deployer, DEPLOY_PARAMETERS.production);
  const contracts = connectContracts(deployer, deployment);
  const { token, registry } = contracts;
  for (const [party, spender] of [
    [publisher, deployment.market],
    [node, deployment.registry],
  ] as const) {
    await (await token.transfer(party.address, 100_000n * TOKEN_WEI)).wait();
    await (await token.connect(party).approve(spender, 1_000_000n * TOKEN_WEI)).wait();
  }
  const registerGas = await gasOf(
    registry.connect(node).register({
      role: 2,
      libp2pPublicKey: id('libp2p'),
      region: '0x65752d7765737400',
      endpoints: ['/dns4/edge.example/tcp/4001', '/dns4/edge.example/tcp/443/tls/http'],
      askWeiPerGiB: RATE,
      stakeWei: DEPLOY_PARAMETERS.production.minimumEdgeStakeWei,
    }),
  );
  await networkHelpers.mine(3);
  const drawGas = await gasOf(registry.drawPosition(node.address));
  const keys = { collectorKey: keyOf('collector'), grantKey: keyOf('grant') };
  return { contracts, deployment, networkHelpers, publisher, node, ...keys, registerGas, drawGas };
}

async function open(bench: Bench, word: string): Promise<{ readonly dealId: DealId; readonly gas: number }> {
  const salt = id(`deal ${word}`) as Hex;
  const gas = await gasOf(
    bench.contracts.market.connect(bench.publisher).openDeal({
      salt,
      collector: pureSecp256k1.addressOf(bench.collectorKey),
      grantKey: pureSecp256k1.addressOf(bench.grantKey),
      contentRoot,
      contentCodec: 0x70,
      serviceLevel: 1,
      depositWei: 1_000n * TOKEN_WEI,
    }),
  );
  return { dealId: dealIdOf(bench.deployment, parseAddress(bench.publisher.address), salt), gas };
}

const allocate = (bench: Bench, dealId: DealId): Promise<number> =>
  gasOf(
    bench.contracts.market
      .connect(bench.publisher)
      .allocate(dealId, [{ node: bench.node.address, amountWei: 100n * TOKEN_WEI, ratePerGiB: RATE }]),
  );

async function nextEpoch(bench: Bench): Promise<Epoch> {
  const ended = Number(await bench.contracts.market.currentEpoch());
  await bench.networkHelpers.time.increaseTo((ended + 1) * DEPLOY_PARAMETERS.production.epochSeconds);
  return parseEpoch(ended);
}

function signedVoucher(bench: Bench, dealId: DealId, throughEpoch: Epoch, cumulative: bigint) {
  const voucher = { dealId, node: parseAddress(bench.node.address), throughEpoch, cumulative };
  const digest = voucherDigest(domainOf(bench.deployment), voucher);
  return { voucher, signature: bytesToHex(pureSecp256k1.sign(digest, bench.collectorKey)) };
}

async function redeem(bench: Bench, dealId: DealId, cumulative: bigint): Promise<number> {
  const { voucher, signature } = signedVoucher(bench, dealId, await nextEpoch(bench), cumulative);
  return gasOf(
    bench.contracts.market.connect(bench.node).redeemVoucher(voucher, signature, bench.node.address),
  );
}

async function redeemBatch(bench: Bench, deals: readonly DealId[], cumulative: bigint): Promise<number> {
  const epoch = await nextEpoch(bench);
  const vouchers = deals.map((dealId) => signedVoucher(bench, dealId, epoch, cumulative));
  return gasOf(bench.contracts.market.connect(bench.node).redeemVouchers(vouchers, bench.node.address));
}

function directReceipt(bench: Bench, grant: Grant, viewerKey: Uint8Array) {
  const domain = domainOf(bench.deployment);
  const hash = grantHashOf(domain, grant);
  const grantSignature = pureSecp256k1.sign(grantDigest(domain, grant), bench.grantKey);
  const statement = { grantHash: hash, bytesCumulative: 1_048_576n };
  const receiptSignature = pureSecp256k1.sign(receiptDigest(domain, statement), viewerKey);
  const half = (signature: Uint8Array, from: number): string =>
    bytesToHex(signature.subarray(from, from + 32));
  return {
    hash,
    receipt: {
      viewerKey: grant.viewerKey,
      epoch: grant.epoch,
      capBytes: grant.capBytes,
      grantR: half(grantSignature, 0),
      grantVS: half(grantSignature, 32),
      bytesCumulative: statement.bytesCumulative,
      receiptR: half(receiptSignature, 0),
      receiptVS: half(receiptSignature, 32),
    },
  };
}

async function claim(bench: Bench, dealId: DealId, count: number): Promise<number> {
  const epoch = await nextEpoch(bench);
  const entries = Array.from({ length: count }, (_, i) => {
    const viewer = keyOf(`viewer ${i}`);
    const grant: Grant = {
      dealId,
      node: parseAddress(bench.node.address),
      viewerKey: pureSecp256k1.addressOf(viewer),
      epoch,
      capBytes: 16_777_216n,
      contentRoot,
    };
    return directReceipt(bench, grant, viewer);
  });
  entries.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  const receipts = entries.map((entry) => entry.receipt);
  return gasOf(
    bench.contracts.market.connect(bench.node).claimDirect(dealId, epoch, receipts, bench.node.address),
  );
}

async function measureRedeeming(bench: Bench, dealId: DealId): Promise<GasFigure[]> {
  const first = await redeem(bench, dealId, 1_234_567_890_123_456_789n);
  const steady = await redeem(bench, dealId, 2_345_678_901_234_567_891n);
  const deals = [dealId];
  while (deals.length < BATCH) {
    const { dealId: another } = await open(bench, `batch ${deals.length}`);
    await allocate(bench, another);
    deals.push(another);
  }
  await redeemBatch(bench, deals, 3_456_789_012_345_678_912n);
  const batch = await redeemBatch(bench, deals, 4_567_890_123_456_789_123n);
  return [
    { operation: 'redeemVoucher, the first of an allocation', gas: first },
    { operation: 'redeemVoucher, steady state', gas: steady, goal: 55_000 },
    { operation: `redeemVouchers, batch of ${BATCH}`, gas: batch },
    {
      operation: `redeemVouchers, per deal in a batch of ${BATCH}`,
      gas: Math.ceil(batch / BATCH),
      goal: 24_000,
    },
  ];
}

async function measureClaims(bench: Bench, dealId: DealId): Promise<GasFigure[]> {
  const figures: GasFigure[] = [];
  for (const count of [1, 10, 100]) {
    figures.push({ operation: `claimDirect, ${count} receipts`, gas: await claim(bench, dealId, count) });
  }
  return figures;
}

async function measureEnding(bench: Bench, dealId: DealId): Promise<GasFigure[]> {
  const { market } = bench.contracts;
  const publisher = market.connect(bench.publisher);
  const nodes = [bench.node.address];
  const rotated = await gasOf(
    publisher.rotateKeys(
      dealId,
      pureSecp256k1.addressOf(keyOf('next')),
      pureSecp256k1.addressOf(keyOf('later')),
    ),
  );
  const fees = await gasOf(market.collectFees(dealId, nodes));
  const closed = await gasOf(publisher.closeDeal(dealId, nodes));
  for (let i = 0; i < DEPLOY_PARAMETERS.production.thawEpochs; i++) await nextEpoch(bench);
  const released = await gasOf(publisher.release(dealId, nodes));
  const withdrawn = await gasOf(publisher.withdraw(dealId, 1n, bench.publisher.address));
  return [
    { operation: 'rotateKeys', gas: rotated },
    { operation: 'collectFees, 1 node', gas: fees },
    { operation: 'closeDeal with the thaw of 1 node', gas: closed },
    { operation: 'release, 1 node', gas: released },
    { operation: 'withdraw', gas: withdrawn },
  ];
}

/** Measures every operation on a fresh chain with the production parameters (fee 1 %). */
export async function measureGas(): Promise<GasFigure[]> {
  const bench = await prepare();
  const { dealId, gas: opened } = await open(bench, 'first');
  const allocated = await allocate(bench, dealId);
  return [
    { operation: 'register an edge with stake', gas: bench.registerGas },
    { operation: 'drawPosition', gas: bench.drawGas },
    { operation: 'openDeal', gas: opened },
    { operation: 'allocate, 1 node', gas: allocated },
    ...(await measureRedeeming(bench, dealId)),
    ...(await measureClaims(bench, dealId)),
    ...(await measureEnding(bench, dealId)),
  ];
}
