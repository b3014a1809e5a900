/** Named limits of carriage (SPEC.md beside this file). Units are in the names. */

const MIB = 1024 * 1024;

/** Written ahead of what is carried: so much a fall may cost a grant (rule 3). */
export const CARRIAGE_STEP_BYTES = 4 * MIB;

/** Blocks on their way through, in memory (rule 6). */
export const TRANSIT_BUFFER_BYTES = 64 * MIB;

/** Carriage grants that are remembered at once: about 200 bytes each. */
export const MAX_CARRIAGE_GRANTS = 20_000;

/** Epochs after its own that a grant is remembered for (rule 8). */
export const CARRIAGE_MEMORY_EPOCHS = 2;
