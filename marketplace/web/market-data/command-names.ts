import type { Network } from './network.ts';
import { useNetwork } from './use-network.tsx';

/** How the programs are called in a terminal. */
export interface CommandNames {
  /** Of publishers and viewers. */
  readonly bcdn: string;
  /** Of operators. */
  readonly node: string;
}

const INSTALLED: CommandNames = { bcdn: 'bcdn', node: 'bcdn-node' };
const IN_CHECKOUT: CommandNames = { bcdn: 'npm run bcdn --', node: 'npm run bcdn-node --' };

/** Who serves these pages from a checkout has the programs there, anybody else has them installed. */
export function commandNames(network: Pick<Network, 'runsFrom'> | undefined): CommandNames {
  return network?.runsFrom === 'checkout' ? IN_CHECKOUT : INSTALLED;
}

export function useCommandNames(): CommandNames {
  return commandNames(useNetwork().value);
}

/** Fetches a content, every block checked. */
export function fetchCommand({ bcdn }: CommandNames, cid: string, marketplaceUrl: string): string {
  return `${bcdn} fetch ${cid} \\\n    --marketplace ${marketplaceUrl} --out content`;
}
