/** What a deployment is made with. All of it is immutable once deployed. */
export interface DeployParameters {
  /** Length of an epoch, seconds. */
  readonly epochSeconds: number;
  /** Epochs a node has for claiming after an epoch ended. */
  readonly claimWindowEpochs: number;
  /** Epochs of a thaw; at least `claimWindowEpochs + 1`. */
  readonly thawEpochs: number;
  /** Protocol fee, basis points; at most 500. */
  readonly protocolFeeBps: number;
  /** Samples of a claim, 1 to 32. */
  readonly claimSamples: number;
  /** Blocks after a claim's seed block in which its publisher may salt it; fewer than 256 and than the next. */
  readonly saltWindowBlocks: number;
  /** Blocks after a claim's seed block in which it can be opened. */
  readonly openingWindowBlocks: number;
  /** Least bond of a claim, wei. */
  readonly claimBondFloorWei: bigint;
  /** Stake below which an edge is not active, wei. */
  readonly minimumEdgeStakeWei: bigint;
  /** Time between the request to unbond and the withdrawal, seconds. */
  readonly unbondingSeconds: number;
}

/** One whole token, wei. */
const TOKEN_WEI = 10n ** 18n;

/** Networks that deployments are made for. */
export type NetworkName = 'development' | 'production';

/** Parameters by network. */
export const DEPLOY_PARAMETERS: Readonly<Record<NetworkName, DeployParameters>> = {
  development: {
    epochSeconds: 5,
    claimWindowEpochs: 1,
    thawEpochs: 2,
    protocolFeeBps: 0,
    claimSamples: 16,
    saltWindowBlocks: 1,
    openingWindowBlocks: 64,
    claimBondFloorWei: TOKEN_WEI,
    minimumEdgeStakeWei: 100n * TOKEN_WEI,
    unbondingSeconds: 10,
  },
  production: {
    epochSeconds: 86_400,
    claimWindowEpochs: 7,
    thawEpochs: 8,
    protocolFeeBps: 100,
    claimSamples: 32,
    saltWindowBlocks: 32,
    openingWindowBlocks: 7_200,
    claimBondFloorWei: 10n * TOKEN_WEI,
    minimumEdgeStakeWei: 10_000n * TOKEN_WEI,
    unbondingSeconds: 14 * 86_400,
  },
};
