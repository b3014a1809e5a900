/**
 * Deploys token, registry and market.
 *
 * BCDN_DEPLOYER_KEY=0x… node scripts/deploy/deploy.ts --rpc URL [--network development|production] [--out FOLDER]
 *
 * Prints the deployment as JSON, which nodes, marketplace and SDK read, with the parameters it was made with; --out
 * writes the same to FOLDER/<chain id>.json and refuses to replace a file. The deployer receives the whole token supply
 * and the protocol fee.
 */
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import type { JsonFragment, Signer } from 'ethers';
import { ContractFactory, JsonRpcProvider, NonceManager, Wallet } from 'ethers';

import type { Deployment } from '../../sdk/chain/deployment.ts';
import { parseAddress } from '../../sdk/protocol/identifiers.ts';
import { DeployError } from './deploy-error.ts';
import { generateBindings } from './generate-bindings.ts';
import type { DeployParameters, NetworkName } from './parameters.ts';
import { DEPLOY_PARAMETERS } from './parameters.ts';

/** How often the chain is asked whether a block holds the transaction. */
const POLLING_INTERVAL_MS = 250;

interface DeployedContract {
  readonly address: string;
  readonly blockNumber: number;
}

async function deployContract(
  signer: Signer,
  code: { abi: readonly JsonFragment[]; bytecode: string },
  ...args: readonly unknown[]
): Promise<DeployedContract> {
  const factory = new ContractFactory([...code.abi], code.bytecode, signer);
  const contract = await factory.deploy(...args);
  const receipt = await contract.deploymentTransaction()?.wait();
  const address = receipt?.contractAddress;
  if (receipt === null || receipt === undefined || address === null || address === undefined) {
    throw new DeployError('DEPLOY_FAILED', 'The chain did not confirm the deployment of a contract.');
  }
  return { address, blockNumber: receipt.blockNumber };
}

/** Creation code of the contracts. */
export interface ContractBytecodes {
  readonly bcdnTokenBytecode: string;
  readonly nodeRegistryBytecode: string;
  readonly dealMarketBytecode: string;
}

/**
 * Deploys the contracts with `signer`, who receives the token supply and the protocol fee.
 *
 * @param parameters one of DEPLOY_PARAMETERS, or a variation.
 * @param bytecodes other code than the one that was built, such as an instrumented one.
 * @throws DeployError DEPLOY_FAILED when the chain does not confirm.
 */
export async function deployBcdn(
  signer: Signer,
  parameters: DeployParameters,
  bytecodes?: ContractBytecodes,
): Promise<Deployment> {
  await generateBindings();
  const abi = await import('../../sdk/chain/generated/abi.ts');
  const code = bytecodes ?? (await import('../../sdk/chain/generated/bytecode.ts'));
  const provider = signer.provider;
  if (provider === null) throw new DeployError('DEPLOY_FAILED', 'The deploying signer has no provider.');
  const deployer = new NonceManager(signer);
  const owner = await signer.getAddress();

  const token = await deployContract(
    deployer,
    { abi: abi.bcdnTokenAbi, bytecode: code.bcdnTokenBytecode },
    owner,
  );
  const registry = await deployContract(
    deployer,
    { abi: abi.nodeRegistryAbi, bytecode: code.nodeRegistryBytecode },
    token.address,
    parameters.minimumEdgeStakeWei,
    parameters.unbondingSeconds,
  );
  const market = await deployContract(
    deployer,
    { abi: abi.dealMarketAbi, bytecode: code.dealMarketBytecode },
    {
      token: token.address,
      registry: registry.address,
      epochSeconds: parameters.epochSeconds,
      claimWindowEpochs: parameters.claimWindowEpochs,
      thawEpochs: parameters.thawEpochs,
      protocolFeeBps: parameters.protocolFeeBps,
      claimSamples: parameters.claimSamples,
      saltWindowBlocks: parameters.saltWindowBlocks,
      openingWindowBlocks: parameters.openingWindowBlocks,
      claimBondFloorWei: parameters.claimBondFloorWei,
      feeRecipient: owner,
    },
  );
  return {
    chainId: (await provider.getNetwork()).chainId,
    token: parseAddress(token.address.toLowerCase()),
    registry: parseAddress(registry.address.toLowerCase()),
    market: parseAddress(market.address.toLowerCase()),
    deployedAtBlock: token.blockNumber,
  };
}

function parametersOf(network: string): DeployParameters {
  if (network in DEPLOY_PARAMETERS) return DEPLOY_PARAMETERS[network as NetworkName];
  throw new DeployError('DEPLOY_USAGE', `There are no parameters for a network called ${network}.`, {
    remedy: `Use --network with one of: ${Object.keys(DEPLOY_PARAMETERS).join(', ')}.`,
  });
}

/** A deployment as a file of its own: what `decodeDeployment` reads, and the parameters; integers of wei as text. */
export function describeDeployment(deployment: Deployment, parameters: DeployParameters): string {
  const plain = (_: string, value: unknown): unknown =>
    typeof value === 'bigint' ? value.toString() : value;
  return `${JSON.stringify({ ...deployment, parameters }, plain, 2)}\n`;
}

async function requireAbsent(path: string): Promise<void> {
  const found = await access(path).then(
    () => true,
    () => false,
  );
  if (found) {
    throw new DeployError('DEPLOY_USAGE', `There is a deployment at ${path} already.`, {
      remedy: 'Choose another folder, or move the file away.',
    });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rpc: { type: 'string' },
      network: { type: 'string', default: 'development' },
      out: { type: 'string' },
    },
  });
  const key = process.env['BCDN_DEPLOYER_KEY'];
  if (values.rpc === undefined || key === undefined) {
    throw new DeployError(
      'DEPLOY_USAGE',
      'Deploying needs --rpc URL and the environment variable BCDN_DEPLOYER_KEY.',
    );
  }
  const provider = new JsonRpcProvider(values.rpc, undefined, { staticNetwork: true });
  provider.pollingInterval = POLLING_INTERVAL_MS;
  try {
    const parameters = parametersOf(values.network);
    const { chainId } = await provider.getNetwork();
    const path = values.out === undefined ? undefined : join(values.out, `${chainId.toString()}.json`);
    if (path !== undefined) await requireAbsent(path);
    const deployment = await deployBcdn(new Wallet(key, provider), parameters);
    const text = describeDeployment(deployment, parameters);
    process.stdout.write(text);
    if (path !== undefined) await writeFile(path, text, { flag: 'wx' });
  } finally {
    provider.destroy();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof DeployError && error.code === 'DEPLOY_USAGE' ? 2 : 1;
  }
}
