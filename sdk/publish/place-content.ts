import type { CID } from 'multiformats/cid';

import type { Address, DealId } from '../protocol/identifiers.ts';
import { ClientError } from '../client/client-error.ts';
import { httpOriginOf } from '../client/endpoint.ts';
import type { CallComponents } from '../client/json-call.ts';
import { lookUpProviders } from '../client/provider-lookup.ts';
import { PublishError } from './publish-error.ts';
import { PLACEMENT_POLL_MS, SELF_FILL_SHARE } from './publish-limits.ts';

/** A content on its way to the nodes of its deal. */
export interface Placement {
  readonly root: CID;
  readonly dealId: DealId;
  readonly nodes: readonly PlacementNode[];
  readonly timeoutMs: number;
  /**
   * Brings the content to one node: every block, or the inner nodes only, where nodes have the rest from an origin.
   * @throws PublishError
   */
  readonly push: (
    node: PlacementNode,
    part: 'whole' | 'skeleton',
    options: PushToNodeOptions,
  ) => Promise<void>;
}

export interface PushToNodeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
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
  const pushes = [...regions.values()].map((nodes) => pushToOneOf(placement, nodes, options));
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
export async function placeSkeleton(placement: Placement, options: PlacementOptions): Promise<void> {
  const { nodes } = placement;
  const outcomes = await Promise.allSettled(
    nodes.map((node) => placement.push(node, 'skeleton', pushOptions(node, options))),
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
  options: PlacementOptions,
): Promise<void> {
  let failure: unknown;
  for (const node of nodes) {
    try {
      await placement.push(node, 'whole', pushOptions(node, options));
      return;
    } catch (error) {
      options.signal?.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

function pushOptions({ node }: PlacementNode, { signal, onProgress }: PlacementOptions): PushToNodeOptions {
  return {
    signal,
    onProgress: (sentBytes, totalBytes) => onProgress?.({ phase: 'pushing', node, sentBytes, totalBytes }),
  };
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
      await placement
        .push(overdue, 'whole', pushOptions(overdue, options))
        .catch(() => options.signal?.throwIfAborted());
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
  const { nodes, root } = at.placement;
  const origin = httpOriginOf(nodes[at.round % nodes.length]?.endpoints ?? []);
  if (origin === undefined) return;
  const wanted = new Set(nodes.map(({ node }) => node));
  try {
    const { providers } = await lookUpProviders(components, origin, { cid: root, signal: at.signal });
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
