import type { ViewReport } from '../../../sdk/player/engine/view-report.ts';
import { amountText, byteText } from '../../../sdk/ui/figures.ts';

/** What a viewer is told of a view, one sentence each. */
export function viewSentences(report: ViewReport): readonly string[] {
  const sentences = [servedBy(report)];
  if (report.verifiedBytes > 0) {
    sentences.push(
      `Your browser checked ${byteText(report.verifiedBytes)} in ${report.verifiedBlocks} blocks against the name of the content.`,
    );
    sentences.push(paidFor(report));
  }
  for (const { node, dropped, badBlocks } of report.nodes) {
    if (dropped === undefined) continue;
    const blocks = badBlocks === 1 ? 'a block' : `${badBlocks} blocks`;
    const why = dropped.reason === 'corrupt' ? `sent ${blocks} with wrong bytes` : `was ${dropped.reason}`;
    sentences.push(`${shortAddress(node)} ${why} and is not asked any more.`);
  }
  if (report.originBytes > 0)
    sentences.push(
      `${byteText(report.originBytes)} came from the publisher’s own server and were checked too.`,
    );
  if (report.unverifiedBytes > 0)
    sentences.push(
      `${byteText(report.unverifiedBytes)} came from the publisher’s own server; nothing could check them.`,
    );
  return sentences;
}

function servedBy({ nodes, onOrigin, verifiedBytes }: ViewReport): string {
  if (onOrigin) return 'No node serves this content now; the publisher’s own server stands in.';
  const serving = nodes.filter(({ bytes, dropped }) => bytes > 0 && dropped === undefined);
  if (verifiedBytes === 0 || serving.length === 0)
    return 'Nodes that hold this content are being looked for.';
  const regions = [...new Set(serving.map(({ region }) => region).filter((region) => region !== ''))];
  const where = regions.length === 0 ? '' : ` in ${listText(regions)}`;
  return `Served by ${serving.length === 1 ? 'one node' : `${serving.length} nodes`}${where}.`;
}

function paidFor({ receiptsSigned, confirmedBytes, verifiedBytes, payableWei }: ViewReport): string {
  const receipts = receiptsSigned === 1 ? 'One receipt was' : `${receiptsSigned} receipts were`;
  const confirmed =
    confirmedBytes >= verifiedBytes
      ? 'all of it is confirmed'
      : `${byteText(confirmedBytes)} of it is confirmed`;
  const worth =
    BigInt(payableWei) > 0n ? `; the publisher pays ${amountText(BigInt(payableWei))} for it` : '';
  return `${receipts} signed with a key of this page: ${confirmed}${worth}.`;
}

/** `a`, `a and b`, `a, b and c`. */
function listText(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

function shortAddress(address: string): string {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}
