import type { Libp2p } from '@libp2p/interface';

import { systemClock } from '../../../node/adapters/clock/system-clock.ts';
import { ringProtocol } from '../../../node/adapters/libp2p/ring-protocol.ts';
import { systemRandomness } from '../../../node/adapters/randomness/system-randomness.ts';
import { RingClient } from '../../../node/app/ring/ring-client.ts';
import { RingNode } from '../../../node/app/ring/ring-node.ts';
import { RingNodeError } from '../../../node/app/ring/ring-node-error.ts';
import type { RingAdmission } from '../../../node/core/one-hop-ring/ring-admission.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';
import type { Lookup, LookupNode } from './lookup-node.ts';
import { benchEdge } from './drawn-positions.ts';
import { loopbackHost } from './loopback-host.ts';

const PROTOCOL = ringProtocol(31_337n, parseAddress(`0x${'5f'.repeat(20)}`));

/** A member of the one-hop ring with the timing of production. */
export async function ringLookupNode(number: number, admission: RingAdmission): Promise<LookupNode> {
  const { key: privateKey } = await benchEdge(number);
  const host = await loopbackHost(privateKey, {});
  const node = new RingNode(
    { host, privateKey, admission, clock: systemClock, randomness: systemRandomness },
    { protocol: PROTOCOL, providerAddresses: [`/dns4/edge-${number}.example/tcp/443/https`] },
  );
  return {
    addresses: host.getMultiaddrs().map(String),
    join: async (contacts) => node.start(contacts),
    // A member fills its table when it joins, and opens its streams by itself.
    warm: async () => undefined,
    view: () => {
      const { members, indexKeys } = node.stats();
      return { known: members, connections: host.getConnections().length, heldKeys: indexKeys };
    },
    provide: async (key) => node.provide(key),
    lookup: async (key) => lookupOf(await node.lookup(key)),
    stop: async () => stop(host, node),
  };
}

/** First contact with the owner of a key: a host that has no connection asks it once; unanswered is a miss. */
export async function coldLookup(
  number: number,
  admission: RingAdmission,
  question: { readonly address: string; readonly key: Uint8Array },
): Promise<{ readonly ms: number; readonly found: boolean }> {
  const { key: privateKey } = await benchEdge(number);
  const host = await loopbackHost(privateKey, {});
  const client = new RingClient(
    { host, admission, clock: systemClock },
    { protocol: PROTOCOL, region: 'eu-west' },
  );
  try {
    client.useEdges([question.address]);
    const startedMs = performance.now();
    try {
      const { found } = lookupOf(await client.lookup(question.key));
      return { ms: performance.now() - startedMs, found };
    } catch (error) {
      if (!(error instanceof RingNodeError)) throw error;
      return { ms: performance.now() - startedMs, found: false };
    }
  } finally {
    await client.stop();
    await host.stop();
  }
}

function lookupOf(answer: { readonly providers: readonly unknown[]; readonly hops: number }): Lookup {
  return { found: answer.providers.length > 0, rpcs: answer.hops };
}

async function stop(host: Libp2p, node: RingNode): Promise<void> {
  // The network ends as a whole: nobody is left to hand an index over to.
  await host.stop();
  await node.stop();
}
