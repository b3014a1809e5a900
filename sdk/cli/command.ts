import type { Command } from 'commander';

import type { ExitCode } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Work of one command. Failures are told and turned into an exit code by whoever calls it. */
export type Work = (terminal: Terminal) => Promise<ExitCode>;

/** Runs the work that the arguments ask for. */
export type Perform = (name: string, options: { readonly json?: boolean }, work: Work) => Promise<void>;

/** Adds a command, with its options, help and examples, to the program. */
export type AddCommand = (program: Command, perform: Perform) => void;
