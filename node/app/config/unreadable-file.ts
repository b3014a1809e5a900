import { errorCode } from '../../adapters/keystore/private-file.ts';

/** Why a file of JSON cannot be used. Never a word of what is in it: whoever names the wrong file may have named a secret. */
export function whyUnreadable(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return 'there is no such file';
  if (code !== undefined) return code;
  const place = error instanceof Error ? /line \d+ column \d+/.exec(error.message) : null;
  return place === null ? 'it is no JSON' : `it is no JSON, ${place[0]}`;
}
