import { addAudit } from './audit/audit-command.ts';
import type { AddCommand } from './command.ts';
import { addDeal } from './deal/deal-command.ts';
import { addDevnet } from './devnet/devnet-command.ts';
import { addFetch } from './fetch/fetch-command.ts';
import { addOrigin } from './origin/origin-command.ts';
import { addPublish } from './publish/publish-command.ts';
import { addPurge } from './purge/purge-command.ts';
import { addQuote } from './quote/quote-command.ts';

/** Every command of `bcdn`, in the order of its help. A new one is one file and one line here. */
export const COMMANDS: readonly AddCommand[] = [
  addQuote,
  addPublish,
  addDeal,
  addFetch,
  addPurge,
  addOrigin,
  addAudit,
  addDevnet,
];
