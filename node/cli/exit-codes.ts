/** What the exit code of every command tells (EXPERIENCE.md). */
export const EXIT = { fine: 0, failed: 1, usage: 2, degraded: 3, offline: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
