import { hexToBytes } from '../protocol/bytes.ts';
import type { UploadPart } from '../protocol/http.ts';
import type { Address, DealId } from '../protocol/identifiers.ts';
import { domainOf } from '../chain/deployment.ts';
import type { TransactionSender } from '../chain/transactions.ts';
import { ClientError } from '../client/client-error.ts';
import { httpOriginOf } from '../client/endpoint.ts';
import type { CallComponents } from '../client/json-call.ts';
import { lookUpProviders } from '../client/provider-lookup.ts';
import type { ImportedContent } from './imported-content.ts';
import { PublishError } from './publish-error.ts';
import { PLACEMENT_POLL_MS, SELF_FILL_SHARE } from './publish-limits.ts';
import { pushContent } from './push-content.ts';

/** A content on its way to the nodes of its deal. */
export interface Placement {
  readonly content: Pick<ImportedContent, 'root' | 'carFile'>;
  /** `skeleton`: nodes have the rest from an origin. @default whole */
  readonly part?: UploadPart;
  readonly dealId: DealId;
  readonly sender: TransactionSender;
  readonly nodes: readonly PlacementNode[];
  readonly timeoutMs: number;
  /** Names under which the content can be purged with others. @default none */
  readonly tags?: readonly string[] | undefined;
}

export interface PlacementNode {
  readonly node: Address;
  readonly region: string;
  readonly endpoints: readonly string[];
}

export type PlacementProgress =
  | {
      readonly phase: 'pushing';
      readonly node: Address;
      readonly sentBytes: number;
      readonly totalBytes: number;
    }
  | { readonly phase: 'placing'; readonly holders: number; readonly nodes: number };

interface PlacementOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: PlacementProgress) => void) | undefined;
}

/**
 * Pushes a content to one edge of each region; the others fill themselves from these. Waits until the ring's index
 * names every node of the deal; nodes that have not filled themselves in time are pushed to.
 *
 * @throws PublishError PUSH_REFUSED, PUSH_FAILED, ENDPOINT_MISSING, PLACEMENT_INCOMPLETE, all with `dealId`
 */
export async function placeContent(
  components: CallComponents,
  placement: Placement,
  options: PlacementOptions,
): Promise<void> {
  const regions = new Map<string, PlacementNode[]>();
  for (const node of placement.nodes) regions.set(node.region, [...(regions.get(node.region) ?? []), node]);
  const pushes = [...regions.values()].map((nodes) =>
    pushToOneOf(placement, nodes, { ...options, components }),
  );
  const outcomes = await Promise.allSettled(pushes);
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length === outcomes.length) throw failures[0];
  await waitForHolders(components, placement, options);
}

/**
 * Pushes the skeleton of a content to every node of its deal: they serve it from then on, and fill themselves from its origin.
 *
 * @throws PublishError PUSH_REFUSED, PUSH_FAILED, ENDPOINT_MISSING if no node took it, PLACEMENT_INCOMPLETE if some did not,
 *   all with `dealId`
 */
export async function placeSkeleton(
  components: CallComponents,
  placement: Placement,
  options: PlacementOptions,
): Promise<void> {
  const { nodes } = placement;
  const outcomes = await Promise.allSettled(
    nodes.map((node) => push({ ...placement, part: 'skeleton' }, node, { ...options, components })),
  );
  options.signal?.throwIfAborted();
  const missing = nodes.filter((_, index) => outcomes[index]?.status === 'rejected');
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined && missing.length === nodes.length) throw failure.reason;
  options.onProgress?.({ phase: 'placing', holders: nodes.length - missing.length, nodes: nodes.length });
  if (missing.length > 0) throw incomplete(placement, missing);
}

async function pushToOneOf(
  placement: Placement,
  nodes: readonly PlacementNode[],
  options: PlacementOptions & { readonly components: CallComponents },
): Promise<void> {
  let failure: unknown;
  for (const node of nodes) {
    try {
      await push(placement, node, options);
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

async function push(
  { content, part, dealId, sender, tags }: Placement,
  { node, endpoints }: PlacementNode,
  { signal, onProgress, components }: PlacementOptions & { readonly components: CallComponents },
): Promise<void> {
  const sign = (digest: Uint8Array) =>
    hexToBytes(sender.wallet.signingKey.sign(digest).compactSerialized, 64);
  const domain = domainOf(sender.deployment);
  const request = { content, part, dealId, domain, node, endpoints, tags, sign };
  try {
    await pushContent(request, {
      signal,
      clock: components.clock,
      onProgress: (sentBytes, totalBytes) => onProgress?.({ phase: 'pushing', node, sentBytes, totalBytes }),
    });
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const { code, message, remedy, values } = error;
    throw new PublishError(code, message, { values: { ...values, dealId }, remedy, cause: error.cause });
  }
}

async function waitForHolders(
  components: CallComponents,
  placement: Placement,
  options: PlacementOptions,
): Promise<void> {
  const { clock } = components;
  const startedMs = clock.nowMs();
  const pushed = new Set<Address>();
  const holders = new Set<Address>();
  for (let round = 0; ; round++) {
    await addHolders(holders, components, { placement, round, signal: options.signal });
    options.onProgress?.({ phase: 'placing', holders: holders.size, nodes: placement.nodes.length });
    const missing = placement.nodes.filter(({ node }) => !holders.has(node));
    if (missing.length === 0) return;
    const elapsedMs = clock.nowMs() - startedMs;
    if (elapsedMs >= placement.timeoutMs) throw incomplete(placement, missing);
    const overdue = missing.find(({ node }) => !pushed.has(node));
    if (elapsedMs >= placement.timeoutMs * SELF_FILL_SHARE && overdue !== undefined) {
      pushed.add(overdue.node);
      // The index, not this push, says whether the node holds the content in the end.
      await push(placement, overdue, { ...options, components }).catch(() =>
        options.signal?.throwIfAborted(),
      );
    }
    await clock.sleep(PLACEMENT_POLL_MS, options.signal);
  }
}

/** Asks one edge after the other: each sees the same ring. */
async function addHolders(
  holders: Set<Address>,
  components: CallComponents,
  at: { readonly placement: Placement; readonly round: number; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const { nodes, content } = at.placement;
  const origin = httpOriginOf(nodes[at.round % nodes.length]?.endpoints ?? []);
  if (origin === undefined) return;
  const wanted = new Set(nodes.map(({ node }) => node));
  try {
    const { providers } = await lookUpProviders(components, origin, { cid: content.root, signal: at.signal });
    for (const { operator } of providers) if (wanted.has(operator)) holders.add(operator);
  } catch (error) {
    at.signal?.throwIfAborted();
    // This edge does not answer; the next round asks another, and the time limit ends it.
    if (!(error instanceof ClientError)) throw error;
  }
}

function incomplete(
  { dealId, nodes, timeoutMs }: Placement,
  missing: readonly PlacementNode[],
): PublishError {
  return new PublishError(
    'PLACEMENT_INCOMPLETE',
    `${missing.length} of ${nodes.length} nodes lack the content.`,
    {
      values: { dealId, missing: missing.map(({ node }) => node).join(','), timeoutMs },
      remedy: 'The others serve it already. Wait for these nodes, or close the distribution for a refund.',
    },
  );
}
