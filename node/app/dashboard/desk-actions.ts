import { hotBytesOf, workersOf } from '../config/memory-share.ts';
import type { ControlActions } from '../control/control-server.ts';
import { examine } from '../doctor/doctor.ts';
import type { Foundation } from '../foundation.ts';
import { NodeError } from '../node-error.ts';
import type { CapacityDocument, HealthDocument } from './desk-documents.ts';
import { entriesQuestion, ledgerEntries } from './ledger-entries.ts';
import type { TrafficWatch } from './traffic-watch.ts';

/** The checks dial other edges: they are not made more often, however many pages are open. */
const HEALTH_LASTS_MS = 60_000;

/** What the desk shows beyond the answers of the command line. */
export function deskActions(foundation: Foundation, traffic: TrafficWatch): ControlActions {
  const health = lasting(() => healthOf(foundation), foundation);
  return {
    '/capacity': async () => capacityOf(foundation),
    '/traffic': async () => traffic.document(),
    '/doctor': health,
    '/entries': async (body) => {
      const question = entriesQuestion.safeParse(body);
      if (question.success) return ledgerEntries(foundation, question.data);
      throw new NodeError('CONTROL_MALFORMED', {
        message: 'The request to the node cannot be used.',
        remedy: 'Reload the page: it may be of another version than the node.',
      });
    },
  };
}

function capacityOf({ blocks, config }: Foundation): CapacityDocument {
  const { settings } = config;
  const usage = blocks.usage();
  return {
    disk: {
      usedBytes: String(usage.usedBytes),
      limitBytes: String(usage.quotaBytes),
      evictableBytes: String(usage.evictableBytes),
    },
    memory: { usedBytes: String(usage.hotBytes), limitBytes: String(hotBytesOf(settings)) },
    uploadBytesPerSecond: settings.uploadCap === undefined ? null : String(settings.uploadCap),
    freeBytesPerMinute: String(settings.freeAllowance),
    carriagePercent: settings.role === 'edge' ? settings.carriage : 0,
    workers: workersOf(settings),
    settleMinimumWei: settings.settleMinimumWei.toString(),
    maxGasPriceWei: settings.maxGasPriceWei?.toString() ?? null,
  };
}

async function healthOf({ config, clock }: Foundation): Promise<HealthDocument> {
  const { findings } = await examine(config, clock);
  return { at: new Date(clock.nowMs()).toISOString(), findings };
}

/** Asks again only when the last answer is old; those who ask meanwhile share one. */
function lasting(ask: () => Promise<HealthDocument>, { clock }: Foundation): () => Promise<HealthDocument> {
  let known: { readonly answer: Promise<HealthDocument>; readonly askedMs: number } | undefined;
  return () => {
    const nowMs = clock.nowMs();
    if (known !== undefined && nowMs - known.askedMs < HEALTH_LASTS_MS) return known.answer;
    const answer = ask();
    known = { answer, askedMs: nowMs };
    answer.catch(() => {
      if (known?.answer === answer) known = undefined;
    });
    return answer;
  };
}
