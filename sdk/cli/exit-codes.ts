/** What the exit code of every command tells. `differs` is a result: the command did its work. */
export const EXIT = { fine: 0, differs: 1, usage: 2, failed: 3, offline: 4 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
