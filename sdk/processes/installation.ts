/** How this software came to be here: a checkout runs its sources, a package brings JavaScript and commands of its own. */
export type Installation = 'checkout' | 'package';

/**
 * Which of the two runs: the package is compiled, a checkout is not.
 * @param module `import.meta.url` of whoever asks
 */
export function installationOf(module: string): Installation {
  return new URL(module).pathname.endsWith('.ts') ? 'checkout' : 'package';
}
