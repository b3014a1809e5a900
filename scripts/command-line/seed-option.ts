import type { Command } from 'commander';

import { wholeNumber } from './whole-number.ts';

const SEED_RANGE = 2 ** 31;

/** Adds `--seed`. @param repeats what the seed decides, after "repeats" */
export function addSeed(command: Command, repeats: string): Command {
  return command.option('--seed <number>', `repeats ${repeats}`, wholeNumber(0, SEED_RANGE));
}

/** The seed that was given, or a new one. @param random from 0 to 1 */
export function seedOf({ seed }: { readonly seed?: number }, random: () => number): number {
  return seed ?? Math.floor(random() * SEED_RANGE);
}
