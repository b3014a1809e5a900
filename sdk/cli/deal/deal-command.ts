import type { Command } from 'commander';

import type { Perform } from '../command.ts';
import { addDealClose } from './close-command.ts';
import { addDealList } from './list-command.ts';
import { addDealOpen } from './open-command.ts';
import { addDealPause, addDealResume } from './pause-command.ts';
import { addDealShow } from './show-command.ts';
import { addDealTopUp } from './top-up-command.ts';

/** `bcdn deal …`. */
export function addDeal(program: Command, perform: Perform): void {
  const deal = program
    .command('deal')
    .description('deals of yours: open, list, show, top up, pause, resume, close with an exact refund')
    .exitOverride();
  addDealOpen(deal, perform);
  addDealList(deal, perform);
  addDealShow(deal, perform);
  addDealTopUp(deal, perform);
  addDealPause(deal, perform);
  addDealResume(deal, perform);
  addDealClose(deal, perform);
}
