import { MaxUint256, type ContractTransactionResponse } from 'ethers';

import { connectContracts } from '../../sdk/chain/contracts.ts';
import { dealIdOf } from '../../sdk/chain/deals.ts';
import { domainOf } from '../../sdk/chain/deployment.ts';
import { hexToBytes, type Hex } from '../../sdk/protocol/bytes.ts';
import { parseAddress, parseEpoch } from '../../sdk/protocol/identifiers.ts';
import { drawSamples, strataBitmap } from '../../sdk/protocol/sampled-claim.ts';
import { pureSecp256k1 } from '../../sdk/protocol/signature.ts';
import { deployBcdn } from '../deploy/deploy.ts';
import { openHardhat } from '../deploy/hardhat-environment.ts';
import { DEPLOY_PARAMETERS } from '../deploy/parameters.ts';
import { SessionClaim, manySessions } from './claim-sessions.ts';

/** Gas of one sampled claim from its commitment to its payment. */
export interface ClaimGas {
  readonly sessions: number;
  /** Samples. */
  readonly k: number;
  readonly totalBytes: bigint;
  readonly commit: number;
  /** Draws the seed, opens all strata and pays. */
  readonly open: number;
  readonly total: number;
}

/** The first claim of an allocation writes new storage; later ones write over it. */
export interface ClaimFigures {
  readonly first: ClaimGas;
  /** Mean of several: the samples, so the lengths of the paths, are drawn. */
  readonly steady: ClaimGas;
  /** The dearest of these. */
  readonly worst: ClaimGas;
}

const STEADY_CLAIMS = 5;

const TOKEN_WEI = 10n ** 18n;
const START = '2030-01-01T00:00:00Z';
const SESSIONS = 10_000;
/** Any words: what is measured does not depend on them. */
const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const GRANT_KEY = hexToBytes(word('11'));
const VIEWER_KEY = hexToBytes(word('22'));

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait();
  return Number(receipt?.gasUsed ?? 0n);
}

async function openClaimChain(samples: number) {
  const hre = await openHardhat();
  const override = { initialDate: START };
  const { ethers, networkHelpers } = await hre.network.create({ network: 'default', override });
  const [deployer, publisher, node] = await ethers.getSigners();
  if (deployer === undefined || publisher === undefined || node === undefined)
    throw new TypeError('accounts');
  const parameters = { ...DEPLOY_PARAMETERS.production, claimSamples: samples };
  const deployment = await deployBcdn(deployer, parameters);
  const { token, registry, market, claims } = connectContracts(deployer, deployment);
  for (const [party, spender] of [
    [publisher, deployment.market],
    [node, deployment.registry],
    [node, deployment.market],
  ] as const) {
    await (await token.transfer(party.address, 1_000_000n * TOKEN_WEI)).wait();
    await (await token.connect(party).approve(spender, MaxUint256)).wait();
  }
  await registry.connect(node).register({
    role: 2,
    libp2pPublicKey: word('33'),
    region: '0x65752d7765737400',
    endpoints: [],
    askWeiPerGiB: TOKEN_WEI,
    stakeWei: parameters.minimumEdgeStakeWei,
  });
  await networkHelpers.mine(3);
  await registry.drawPosition(node.address);
  await market.connect(publisher).openDeal({
    salt: word('44'),
    collector: publisher.address,
    grantKey: pureSecp256k1.addressOf(GRANT_KEY),
    contentRoot: word('55'),
    contentCodec: 0x70,
    serviceLevel: 1,
    depositWei: 100_000n * TOKEN_WEI,
  });
  const dealId = dealIdOf(deployment, parseAddress(publisher.address), word('44'));
  const money = { node: node.address, amountWei: 50_000n * TOKEN_WEI, ratePerGiB: TOKEN_WEI };
  await market.connect(publisher).allocate(dealId, [money]);
  const asNode = claims.connect(node);
  return { networkHelpers, deployment, parameters, market, claims, asNode, dealId, node };
}

function meanOf(figures: readonly ClaimGas[], last: ClaimGas): ClaimGas {
  const mean = (pick: (figure: ClaimGas) => number): number =>
    Math.round(figures.reduce((sum, figure) => sum + pick(figure), 0) / figures.length);
  const commit = mean((figure) => figure.commit);
  const open = mean((figure) => figure.open);
  return { ...last, commit, open, total: commit + open };
}

/** Measures claims of 10,000 sessions, one after another, under the production parameters with `samples` samples. */
export async function measureClaimGas(samples: number): Promise<ClaimFigures> {
  const bench = await openClaimChain(samples);
  const { networkHelpers, parameters, claims, asNode, dealId, node } = bench;
  const claimOnce = async (): Promise<ClaimGas> => {
    const epoch = parseEpoch(Number(await bench.market.currentEpoch()));
    await networkHelpers.time.increaseTo((epoch + 1) * parameters.epochSeconds);
    const terms = {
      domain: domainOf(bench.deployment),
      dealId,
      node: parseAddress(node.address),
      epoch,
      contentRoot: word('55'),
      grantKey: GRANT_KEY,
      viewerKey: VIEWER_KEY,
    };
    const claim = new SessionClaim(terms, manySessions(terms, SESSIONS));
    const { root, totalBytes } = claim.commitment;
    const commit = await gasOf(asNode.commitClaim(dealId, epoch, root, totalBytes));
    await networkHelpers.mine(parameters.saltWindowBlocks + 3);
    const seed = hexToBytes(await claims.seedOf(dealId, node.address));
    const openings = claim.openings(drawSamples(seed, totalBytes, samples));
    const strata = strataBitmap(Array.from({ length: samples }, (_, stratum) => stratum));
    const open = await gasOf(asNode.openClaim(dealId, strata, openings, node.address));
    return { sessions: SESSIONS, k: samples, totalBytes, commit, open, total: commit + open };
  };
  const first = await claimOnce();
  const later: ClaimGas[] = [];
  while (later.length < STEADY_CLAIMS) later.push(await claimOnce());
  const worst = later.reduce((dearest, figure) => (figure.total > dearest.total ? figure : dearest));
  return { first, steady: meanOf(later, worst), worst };
}
