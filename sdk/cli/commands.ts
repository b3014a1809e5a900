import { addAudit } from './audit/audit-command.ts';
import { addFetch } from './fetch/fetch-command.ts';
import { addOrigin } from './origin/origin-command.ts';
import type { AddCommand } from './command.ts';
import { addPurge } from './purge/purge-command.ts';

/** Every command of `bcdn`, in the order of its help. A new one is one file and one line here. */
export const COMMANDS: readonly AddCommand[] = [addAudit, addFetch, addPurge, addOrigin];
