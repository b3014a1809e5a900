import { attacks } from './attacks.ts';
import { churn } from './churn.ts';
import { dissemination } from './dissemination.ts';
import { fuzz } from './fuzz.ts';
import { hostile } from './hostile.ts';
import { partition } from './partition.ts';
import { stalls } from './stalls.ts';
import { massFailure } from './mass-failure.ts';
import type { Scenario } from './scenario.ts';

/** Every scenario of `npm run simulate`, in the order of the help. */
export const ALL_SCENARIOS: readonly Scenario[] = [
  dissemination,
  churn,
  massFailure,
  partition,
  stalls,
  hostile,
  fuzz,
  attacks,
];
