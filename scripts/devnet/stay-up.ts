import { emitKeypressEvents } from 'node:readline';

import { z } from 'zod';

import { pause } from '../../sdk/pacing/pause.ts';
import { closeDistribution } from '../../sdk/publish/close-distribution.ts';
import type { Publication } from '../../sdk/publish/publish.ts';
import { fetchOnce, type Viewing } from './delivery.ts';
import { awaitPeers, awaitSettlement, closing, publisherOf, publishFile, tokens } from './file-job.ts';
import type { Job } from './job-outcome.ts';
import type { NetworkNode } from './network-node.ts';
import { REGIONS } from './network-plan.ts';

/** Pause between two viewers, so that an idle network does not keep the machine busy. */
const VIEWER_PAUSE_MS = 2_000;
/** An edge that was killed comes back after this. */
const RESTART_AFTER_MS = 8_000;

interface Totals {
  viewers: number;
  bytes: number;
  wrong: number;
  badBlocks: number;
}

/**
 * Keeps the network up with a viewer every few seconds, until `q`, Ctrl-C or SIGTERM; then settles and refunds.
 * @returns the exit code
 */
export async function stayUp(job: Job): Promise<number> {
  const { network, progress } = job;
  const sender = publisherOf(network);
  try {
    const publication = await publishFile(job, sender);
    for (const line of addressesToOpen(network.marketplaceUrl, publication)) progress.say(line);
    for (const { plan, httpUrl } of network.edges) {
      progress.say(`${plan.name.padEnd(17)} ${httpUrl}/bcdn/v1/status  (${plan.region})`);
    }
    for (const { plan, httpUrl } of network.peers) {
      progress.say(`${plan.name.padEnd(17)} ${httpUrl}/ipfs/${publication.cid.toString()}  (the whole file)`);
    }
    progress.say('');
    progress.say('k kills an edge · c lets one serve corrupted blocks · q quits, settles and refunds');
    const totals = await watchUntilQuit(job, publication);
    await progress.task('Operators paid', async () =>
      awaitSettlement({ ...job, signal: NEVER }, publication),
    );
    await progress.task('Peers paid', async () =>
      awaitPeers({ ...job, signal: NEVER }, publication, { sender, servedBytes: new Map() }),
    );
    const closed = await progress.task('Deal closed, thawed and refunded', async () =>
      closeDistribution(closing(sender, publication, network)),
    );
    const { spentWei, refundedWei } = closed;
    progress.say(`Spent ${tokens(spentWei)} BCDN, refunded ${tokens(refundedWei)} BCDN`);
    return totals.wrong === 0 && spentWei + refundedWei === publication.escrowedWei ? 0 : 1;
  } finally {
    sender.provider.destroy();
  }
}

/** Where people begin: what to watch, publish, operate and explore, and where programs do. */
function addressesToOpen(marketplaceUrl: string, { cid, dealId }: Publication): readonly string[] {
  const places = [
    ['Watch', `/watch/${cid.toString()}`],
    ['Publish', '/new'],
    ['Operate', '/operate'],
    ['Explore', `/explore/deals/${dealId}`],
    ['API', '/v1/openapi.json'],
  ] as const;
  return [
    '',
    `Open              ${marketplaceUrl}/`,
    ...places.map(([name, path]) => `${name.padEnd(17)} ${marketplaceUrl}${path}`),
    '',
  ];
}

const NEVER = new AbortController().signal;

async function watchUntilQuit(job: Job, publication: Publication): Promise<Totals> {
  const { network, progress } = job;
  const quit = new AbortController();
  const signal = AbortSignal.any([quit.signal, job.signal]);
  const stopKeys = listenForKeys({
    k: () => void killNextEdge(network.edges, (text) => progress.say(text)),
    c: () => corruptLiar(network.edges, (text) => progress.say(text)),
    q: () => quit.abort(),
  });
  const totals: Totals = { viewers: 0, bytes: 0, wrong: 0, badBlocks: 0 };
  try {
    while (!signal.aborted) {
      const region = REGIONS[totals.viewers % REGIONS.length] ?? REGIONS[0];
      const viewing = await fetchOnce(
        {
          name: `viewer-${totals.viewers + 1}`,
          cid: publication.cid.toString(),
          marketplaceUrl: network.marketplaceUrl,
          region,
        },
        network.processes,
      );
      add(totals, viewing, job.file.sha256);
      progress.update(summary(totals, publication, await paidWei(network.marketplaceUrl, publication)));
      await pause(VIEWER_PAUSE_MS, signal);
    }
  } finally {
    stopKeys();
  }
  return totals;
}

function add(totals: Totals, viewing: Viewing, sha256: string): void {
  totals.viewers += 1;
  totals.bytes += viewing.bytes;
  totals.badBlocks += viewing.badBlocks;
  if (viewing.sha256 !== sha256) totals.wrong += 1;
}

function summary(totals: Totals, publication: Publication, paid: bigint): string {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const offload = totals.bytes === 0 ? 0 : Math.max(0, 1 - publication.bytes / totals.bytes);
  const left = publication.escrowedWei - paid;
  return [
    `${totals.viewers} viewers`,
    `${mib(totals.bytes)} delivered`,
    `offload ${(offload * 100).toFixed(0)} %`,
    `paid ${tokens(paid)} BCDN`,
    `refundable ${tokens(left)}`,
    `${totals.badBlocks} bad blocks rejected`,
    `${totals.wrong} wrong files`,
  ].join(' · ');
}

const wei = z.string().transform(BigInt);
const dealView = z.object({
  allocations: z.array(z.object({ paidWei: wei })),
  peerPool: z.object({ claimedWei: wei }).nullable(),
});

/** What operators and peers have been paid so far, as the marketplace has it from the chain. */
async function paidWei(marketplaceUrl: string, { dealId }: Publication): Promise<bigint> {
  const answer = await fetch(`${marketplaceUrl}/v1/deals/${dealId}`);
  const { allocations, peerPool } = dealView.parse(await answer.json());
  return allocations.reduce((sum, allocation) => sum + allocation.paidWei, peerPool?.claimedWei ?? 0n);
}

/** Kills the next edge that runs, and starts it again a little later. */
async function killNextEdge(edges: readonly NetworkNode[], say: (text: string) => void): Promise<void> {
  const edge = edges.find((one) => one.running && !one.plan.hostile);
  if (edge === undefined) return;
  await edge.kill();
  say(`${edge.plan.name} killed (SIGKILL); it comes back in ${RESTART_AFTER_MS / 1000} s`);
  await pause(RESTART_AFTER_MS, NEVER);
  await edge.start();
  say(`${edge.plan.name} is back`);
}

function corruptLiar(edges: readonly NetworkNode[], say: (text: string) => void): void {
  const liar = edges.find(({ plan, running }) => plan.hostile && running);
  liar?.corrupt();
  if (liar !== undefined) say(`${liar.plan.name} serves corrupted blocks from now on`);
}

/** Calls what belongs to a key; without a terminal there are no keys, and signals end the network. */
function listenForKeys(actions: Readonly<Record<string, () => void>>): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  const listener = (_text: string, key: { readonly name?: string; readonly ctrl?: boolean }): void => {
    if (key.ctrl === true && key.name === 'c') process.kill(process.pid, 'SIGINT');
    else actions[key.name ?? '']?.();
  };
  stdin.on('keypress', listener).resume();
  return () => {
    stdin.off('keypress', listener).pause();
    stdin.setRawMode(false);
  };
}
