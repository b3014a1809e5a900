import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Deployment } from '../../../sdk/chain/deployment.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import { NodeError } from '../node-error.ts';
import { whyUnreadable } from './unreadable-file.ts';

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform(parseAddress);

const wholeNumber = z.union([z.number().int().nonnegative().safe(), z.string().regex(/^\d{1,15}$/)]);

/** Where the contracts live; extra fields of the file are ignored. */
export const deploymentSchema = z.object({
  chainId: wholeNumber.transform(BigInt),
  token: address,
  registry: address,
  market: address,
  deployedAtBlock: wholeNumber.transform(Number),
});

/** Reads a deployment file as the deploy script writes it. @throws NodeError DEPLOYMENT_UNREADABLE */
export async function readDeploymentFile(path: string): Promise<Deployment> {
  let reason: string;
  try {
    const result = deploymentSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    reason = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`;
  } catch (error) {
    reason = whyUnreadable(error);
  }
  throw new NodeError('DEPLOYMENT_UNREADABLE', {
    message: `The deployment file ${path} cannot be used (${reason}).`,
    remedy: 'Give the JSON file with chainId, token, registry, market and deployedAtBlock as --deployment.',
    values: { path },
  });
}
