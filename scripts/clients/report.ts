import type { Finding } from './unmodified-client.ts';

/** What one client did, or why it is not here. */
export interface ClientResult {
  readonly name: string;
  readonly absent: string | undefined;
  readonly findings: readonly Finding[];
}

/** For machines. */
export function clientsJson(results: readonly ClientResult[]): object {
  const findings = results.flatMap((result) => result.findings);
  return {
    ok: findings.every(({ ok }) => ok),
    passed: findings.filter(({ ok }) => ok).length,
    failed: findings.filter(({ ok }) => !ok).length,
    clients: results.map(({ name, absent, findings: found }) => ({
      name,
      absent: absent ?? null,
      findings: found,
    })),
  };
}

/** For people: one line for each thing tried. */
export function clientsLines(results: readonly ClientResult[]): string[] {
  return results.flatMap(({ name, absent, findings }) =>
    absent === undefined
      ? findings.map(({ what, ok, evidence }) => `${ok ? '✓' : '✗'} ${name}: ${what}: ${evidence}`)
      : [`– ${name}: absent: ${absent}`],
  );
}
