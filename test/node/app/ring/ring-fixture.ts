import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey } from '@libp2p/interface';
import { sha256 } from '@noble/hashes/sha2.js';

import { bytesToHex, type Hex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress, parseNid } from '../../../../sdk/protocol/identifiers.ts';
import { systemClock } from '../../../../node/adapters/clock/system-clock.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import { ringProtocol } from '../../../../node/adapters/libp2p/ring-protocol.ts';
import { systemRandomness } from '../../../../node/adapters/randomness/system-randomness.ts';
import { RingNode, type RingNodeOptions } from '../../../../node/app/ring/ring-node.ts';
import { memberName } from '../../../../node/core/one-hop-ring/member-names.ts';
import type { AdmittedEdge, RingAdmission } from '../../../../node/core/one-hop-ring/ring-ports.ts';

const REGIONS = ['eu-west', 'us-east', 'ap-south'];

export const RING_PROTOCOL = ringProtocol(31_337n, parseAddress(`0x${'5f'.repeat(20)}`));

/** Faster than production, slow enough for a busy machine. */
export const TEST_TIMING: NonNullable<RingNodeOptions['timing']> = {
  keepAliveIntervalMs: 400,
  probeTimeoutMs: 600,
  suspicionMs: 1_000,
  batchDelayMs: 50,
  rebalanceDelayMs: 50,
};

/** A registry in memory. */
export class MemoryRegistry implements RingAdmission {
  readonly #edges = new Map<Hex, AdmittedEdge>();
  readonly #keys = new Map<Hex, Uint8Array>();

  register(publicKey: Uint8Array): AdmittedEdge {
    const edge = {
      nid: parseNid(bytesToHex(sha256(publicKey))),
      operator: parseAddress(bytesToHex(publicKey.subarray(0, 20))),
      region: REGIONS[this.#edges.size % REGIONS.length] ?? 'eu-west',
    };
    this.#edges.set(bytesToHex(publicKey), edge);
    this.#keys.set(bytesToHex(memberName(sha256(publicKey))), publicKey);
    return edge;
  }

  publicKeyAt(prefix: Uint8Array): Uint8Array | undefined {
    return this.#keys.get(bytesToHex(prefix));
  }

  nidOf(publicKey: Uint8Array): AdmittedEdge | undefined {
    return this.#edges.get(bytesToHex(publicKey));
  }
}

export interface TestEdge {
  readonly host: Host;
  readonly node: RingNode;
  readonly privateKey: Ed25519PrivateKey;
}

/** Real hosts on free ports of the loopback interface, and the ring nodes on them. */
export class RingFixture {
  readonly registry = new MemoryRegistry();
  readonly edges: TestEdge[] = [];
  readonly #hosts: Host[] = [];
  readonly #timing: NonNullable<RingNodeOptions['timing']>;

  constructor(timing: RingNodeOptions['timing'] = TEST_TIMING) {
    this.#timing = timing;
  }

  async host(): Promise<{ host: Host; privateKey: Ed25519PrivateKey }> {
    const privateKey = await generateKeyPair('Ed25519');
    const host = await createHost({ privateKey, listenAddresses: ['/ip4/127.0.0.1/tcp/0'] });
    await host.start();
    this.#hosts.push(host);
    return { host, privateKey };
  }

  async edge(): Promise<TestEdge> {
    const { host, privateKey } = await this.host();
    this.registry.register(privateKey.publicKey.raw);
    const node = new RingNode(
      { host, privateKey, admission: this.registry, clock: systemClock, randomness: systemRandomness },
      {
        protocol: RING_PROTOCOL,
        providerAddresses: [`/dns4/edge-${this.edges.length}.example/tcp/443/https`],
        timing: this.#timing,
      },
    );
    const edge = { host, node, privateKey };
    this.edges.push(edge);
    return edge;
  }

  /** A ring of `count` edges that joined through the first. */
  async ring(count: number): Promise<TestEdge[]> {
    for (let i = 0; i < count; i++) {
      const edge = await this.edge();
      await edge.node.start(i === 0 ? [] : [this.seed()]);
    }
    return this.edges;
  }

  /** The first edge's address. */
  seed(): string {
    return this.edges[0]?.host.getMultiaddrs()[0]?.toString() ?? '';
  }

  /** Ends one edge without any goodbye: its host goes away, its ring node falls silent. */
  async kill(edge: TestEdge): Promise<void> {
    for (const connection of edge.host.getConnections()) {
      connection.abort(new RangeError('killed by the test'));
    }
    await edge.host.stop();
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map(async (host) => host.stop()));
    await Promise.all(this.edges.map(async (edge) => edge.node.stop()));
  }
}

/** Waits until a condition holds, looking at it often; rejects with what was waited for. */
export async function eventually(what: string, condition: () => boolean, limitMs: number): Promise<void> {
  const endMs = systemClock.nowMs() + limitMs;
  while (!condition()) {
    if (systemClock.nowMs() > endMs) throw new RangeError(`Not within ${limitMs} ms: ${what}.`);
    const pause = Promise.withResolvers<undefined>();
    setTimeout(() => {
      pause.resolve(undefined);
    }, 20);
    await pause.promise;
  }
}
