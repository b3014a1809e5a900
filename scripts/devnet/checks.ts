import { priceWei } from '../../sdk/protocol/price.ts';
import type { Address } from '../../sdk/protocol/identifiers.ts';
import type { Viewing } from './delivery.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { NodeBooks } from './node-books.ts';
import type { PeerBooks } from './peer-books.ts';
import { receiptedBytes } from './receipt-rows.ts';
import type { Check, JobReport } from './report.ts';

/** Most resident memory that an edge may take, whatever it serves. */
const MAX_EDGE_BYTES = 300_000_000;
/** From the death of an edge until the ring is whole without it. */
const MAX_HEALING_MS = 10_000;

/** Holds what happened against what must hold, and writes the report. */
export function checkJob(outcome: JobOutcome): JobReport {
  const { job, publication, viewings, books, closed, receipts } = outcome;
  const lookups = viewings.map((viewing) => viewing.lookups);
  const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
  const conserved = isConserved(outcome);
  const checks = [
    ...deliveryChecks(outcome),
    healingCheck(outcome),
    ...moneyChecks(outcome),
    ...peerChecks(outcome),
    ...memoryChecks(outcome),
    check(
      'escrowed = paid to operators + paid to peers + refunded, to the last unit',
      conserved,
      `${publication.escrowedWei} = ${closed.spentWei - closed.paidToPeersWei} + ${closed.paidToPeersWei} + ${closed.refundedWei}, ` +
        `${outcome.marketBalanceWei} left in the market`,
    ),
  ];
  return {
    ok: checks.every(({ ok }) => ok),
    seconds: Math.round(outcome.seconds * 10) / 10,
    chainId: Number(job.network.deployment.chainId),
    edges: job.network.edges.length,
    peers: job.network.peers.length,
    content: { cid: publication.cid.toString(), bytes: publication.bytes },
    viewers: viewings.length,
    bytesDelivered: sum(viewings.map(({ bytes }) => bytes)),
    bytesReceipted: sum(receipts.map(({ bytes }) => bytes)),
    receiptsVerified: receipts.length,
    badBlocksRejected: sum(viewings.map(({ badBlocks }) => badBlocks)),
    lookups: {
      count: sum(lookups.map(({ count }) => count)),
      oneHop: sum(lookups.map(({ oneHop }) => oneHop)),
    },
    ring: {
      healedMs: outcome.healing.healedMs === undefined ? null : Math.round(outcome.healing.healedMs),
      lookups: outcome.healing.lookups,
      failedLookups: outcome.healing.failedLookups,
    },
    operators: [
      ...books.map(({ operator, meteredWei }) => ({
        ...{ address: operator, role: 'edge' as const, earnedWei: meteredWei },
        paidWei: outcome.paidByChain.get(operator) ?? 0n,
      })),
      ...outcome.peerBooks.map(({ address, earnedWei, paidWei }) => {
        return { address, role: 'peer' as const, earnedWei, paidWei };
      }),
    ],
    publisher: {
      escrowedWei: publication.escrowedWei,
      spentWei: closed.spentWei,
      paidToPeersWei: closed.paidToPeersWei,
      refundedWei: closed.refundedWei,
    },
    conserved,
    edgePeakMemoryBytes: outcome.edgePeakBytes.length === 0 ? null : Math.max(...outcome.edgePeakBytes),
    checks,
  };
}

function deliveryChecks({ job, viewings }: JobOutcome): Check[] {
  const { file } = job;
  const right = viewings.filter(({ sha256, bytes }) => sha256 === file.sha256 && bytes === file.bytes);
  const bad = viewings.reduce((total, { badBlocks }) => total + badBlocks, 0);
  const undelivered = viewings.reduce((total, { undeliveredReceipts }) => total + undeliveredReceipts, 0);
  return [
    check(
      'every viewer got every byte right',
      right.length === viewings.length,
      `${right.length} of ${viewings.length}`,
    ),
    lookupCheck(viewings),
    check('corrupted blocks were met and rejected', bad > 0, String(bad)),
    check('no receipt was lost', undelivered === 0, `${undelivered} lost`),
  ];
}

/** A lookup whose owner has just been killed asks the next replica; any other is answered by the first node asked. */
function lookupCheck(viewings: readonly Viewing[]): Check {
  const total = (select: (lookups: Viewing['lookups']) => number, of: readonly Viewing[]): number =>
    of.reduce((sum, { lookups }) => sum + select(lookups), 0);
  const calm = viewings.filter(({ firstWave }) => firstWave);
  const count = total((lookups) => lookups.count, viewings);
  const oneHop = total((lookups) => lookups.oneHop, viewings);
  const unanswered = total((lookups) => lookups.unanswered, viewings);
  const calmMisses = total((lookups) => lookups.count - lookups.oneHop, calm);
  return check(
    'lookups are answered in one hop, past the killed edge at the latest by the next',
    count > 0 && unanswered === 0 && calmMisses === 0,
    `${oneHop} of ${count} in one hop, ${unanswered} unanswered`,
  );
}

function healingCheck({ healing }: JobOutcome): Check {
  const { healedMs, lookups, failedLookups, slowestLookupMs } = healing;
  const healed = healedMs === undefined ? 'not healed' : `healed in ${(healedMs / 1_000).toFixed(1)} s`;
  return check(
    'the ring heals within 10 s of the kill, and no lookup fails meanwhile',
    healedMs !== undefined && healedMs <= MAX_HEALING_MS && lookups > 0 && failedLookups === 0,
    `${healed}, ${failedLookups} of ${lookups} lookups failed, the slowest took ${Math.round(slowestLookupMs)} ms`,
  );
}

function moneyChecks(outcome: JobOutcome): Check[] {
  const { books, paidByChain } = outcome;
  const unpaid = books.filter(({ operator, meteredWei }) => paidByChain.get(operator) !== meteredWei);
  const wrong = books.filter((node) => !isPricedRight(node, outcome));
  const beyond = books.filter((node) => receiptedBeyondVerified(node.operator, outcome));
  const victim = books[0];
  return [
    check('earned = paid for every operator', unpaid.length === 0, describe(unpaid, books.length)),
    check('each is paid the price of its receipted bytes', wrong.length === 0, describe(wrong, books.length)),
    check(
      'nobody is paid for bytes that no viewer verified',
      beyond.length === 0,
      describe(beyond, books.length),
    ),
    check(
      'the killed edge is paid for what it had delivered',
      victim !== undefined && (outcome.job.file.bytes === 0 || victim.paidWei > 0n),
      `${victim?.paidWei ?? 0n} wei for ${victim?.receiptedBytes ?? 0n} bytes`,
    ),
  ];
}

/** A file this small is fetched before a viewer asks its second node. */
const SMALL_FILE_BYTES = 4 * 1024 * 1024;

function peerChecks(outcome: JobOutcome): Check[] {
  const { peerBooks, job, viewings } = outcome;
  const unpaid = peerBooks.filter(({ earnedWei, paidWei }) => earnedWei !== paidWei);
  const wrong = peerBooks.filter((peer) => peer.paidWei !== priceWei(peer.receiptedBytes, peer.ratePerGiB));
  const beyond = peerBooks.filter(({ address }) => receiptedBeyondVerified(address, outcome));
  const idle = peerBooks.filter(({ receiptedBytes }) => receiptedBytes === 0n);
  const served = peerBooks.reduce((total, peer) => total + peer.receiptedBytes, 0n);
  const viewed = viewings.reduce((total, { bytes }) => total + bytes, 0);
  const found = (failing: readonly PeerBooks[]): string =>
    failing.length === 0
      ? `${peerBooks.length} of ${peerBooks.length}`
      : failing.map((peer) => `${peer.node}: earned ${peer.earnedWei}, paid ${peer.paidWei}`).join('; ');
  return [
    check('earned = paid for every peer', unpaid.length === 0, found(unpaid)),
    check('each peer is paid the price of its receipted bytes', wrong.length === 0, found(wrong)),
    check('no peer is paid for bytes that no viewer verified', beyond.length === 0, found(beyond)),
    check(
      'viewers fetch a share from every peer',
      idle.length === 0 || job.file.bytes <= SMALL_FILE_BYTES,
      `${served} of ${viewed} bytes`,
    ),
  ];
}

/** Only where the system tells how much memory a process took. */
function memoryChecks({ edgePeakBytes }: JobOutcome): Check[] {
  if (edgePeakBytes.length === 0) return [];
  const peak = Math.max(...edgePeakBytes);
  return [check('every edge stayed under 300 MB', peak < MAX_EDGE_BYTES, `${Math.round(peak / 1e6)} MB`)];
}

function isPricedRight(node: NodeBooks, { publication, paidByChain }: JobOutcome): boolean {
  const placed = publication.nodes.find((one) => one.node === node.operator);
  return (
    placed !== undefined &&
    paidByChain.get(node.operator) === priceWei(node.receiptedBytes, placed.ratePerGiB)
  );
}

/** Whether receipts of the viewers that fetched directly name other bytes of a node than these viewers verified. */
function receiptedBeyondVerified(node: Address, { viewings, receipts }: JobOutcome): boolean {
  const direct = viewings.filter(({ viewerKey }) => viewerKey !== undefined);
  const keys = new Set(direct.flatMap(({ viewerKey }) => viewerKey ?? []));
  const verified = direct.reduce((total, { bytesByNode }) => total + BigInt(bytesByNode.get(node) ?? 0), 0n);
  return receiptedBytes(receipts, node, keys) !== verified;
}

function isConserved(outcome: JobOutcome): boolean {
  const { publication, closed, books, peerBooks, paidByChain, marketBalanceWei } = outcome;
  const paid = books.reduce((total, { operator }) => total + (paidByChain.get(operator) ?? 0n), 0n);
  const paidToPeers = peerBooks.reduce((total, { paidWei }) => total + paidWei, 0n);
  return (
    publication.escrowedWei === paid + paidToPeers + closed.refundedWei &&
    paid + paidToPeers === closed.spentWei &&
    paidToPeers === closed.paidToPeersWei &&
    marketBalanceWei === 0n
  );
}

function describe(failing: readonly NodeBooks[], all: number): string {
  if (failing.length === 0) return `${all} of ${all}`;
  return failing
    .map(({ node, meteredWei, paidWei }) => `${node}: earned ${meteredWei}, paid ${paidWei}`)
    .join('; ');
}

function check(name: string, ok: boolean, found: string): Check {
  return { name, ok, found };
}
