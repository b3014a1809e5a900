import type { StatusAnswer } from '../node-data/documents.ts';

/** The last line of `bcdn-node status`, word for word. */
export function earningSentence({ yes, because, run }: StatusAnswer['earning']): string {
  if (yes) return 'Earning: yes';
  return `Earning: no, because ${because ?? 'the reason is not known'} → ${run ?? 'run bcdn-node doctor'}`;
}

/** What the command line says of a node that does not answer. */
export const AWAY: StatusAnswer['earning'] = {
  yes: false,
  because: 'the node is not running',
  run: 'run bcdn-node start',
};
