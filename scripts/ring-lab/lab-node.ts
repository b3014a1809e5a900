import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { Ed25519PrivateKey, Libp2p } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';

import { bytesToHex } from '../../sdk/protocol/bytes.ts';
import { pause } from '../../sdk/pacing/pause.ts';
import { systemClock } from '../../node/adapters/clock/system-clock.ts';
import { createBareHost, createHost } from '../../node/adapters/libp2p/host.ts';
import { systemRandomness } from '../../node/adapters/randomness/system-randomness.ts';
import type { MembershipChange } from '../../node/app/ring/ring-answer.ts';
import { RingNodeError } from '../../node/app/ring/ring-node-error.ts';
import { RingNode } from '../../node/app/ring/ring-node.ts';
import type { RingAdmission } from '../../node/core/one-hop-ring/ring-ports.ts';
import type { AskingResult, LabPlan, LookupResult } from './lab-commands.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { RingLabError } from './ring-lab-error.ts';
import type { ShapedNetwork } from './shaped-network.ts';
import { shapedTcp } from './shaped-tcp.ts';

/** What the nodes of one process share. */
export interface LabSurroundings {
  readonly plan: LabPlan;
  readonly admission: RingAdmission;
  readonly network: ShapedNetwork;
  readonly onChange: (change: MembershipChange, atMs: number) => void;
}

/** One real edge of the ring on a shaped network. */
export class LabNode {
  readonly ring: RingNode;
  readonly #host: Libp2p;
  #asking: { readonly stop: AbortController; readonly done: Promise<AskingResult> } | undefined;

  private constructor(host: Libp2p, ring: RingNode) {
    this.#host = host;
    this.ring = ring;
  }

  /**
   * Listens on a free port of the loopback interface; `join` makes it a member.
   * @param secret Ed25519 private key as libp2p keeps it, 64 bytes
   */
  static async open(secret: Uint8Array, surroundings: LabSurroundings): Promise<LabNode> {
    const privateKey = ed25519(secret);
    const { plan, admission, network, onChange } = surroundings;
    const create = plan.hosts === 'bare' ? createBareHost : createHost;
    const host = await create({
      privateKey,
      listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
      transports: [shapedTcp(network, peerIdFromPrivateKey(privateKey).toString())],
    });
    await host.start();
    const ring = new RingNode(
      {
        ...{ host, privateKey, admission, clock: systemClock, randomness: systemRandomness },
        onMembership: (change) => onChange(change, monotonicMs()),
      },
      {
        protocol: plan.protocol,
        providerAddresses: ['/dns4/edge.example/tcp/443/https'],
        timing: plan.timing,
      },
    );
    return new LabNode(host, ring);
  }

  get address(): string {
    return this.#host.getMultiaddrs()[0]?.toString() ?? '';
  }

  /** @returns milliseconds until it was a member */
  async join(seeds: readonly string[]): Promise<number> {
    const beginMs = monotonicMs();
    await this.ring.start(seeds);
    return monotonicMs() - beginMs;
  }

  async leave(): Promise<void> {
    await this.ring.stop();
    await this.#host.stop();
  }

  /** The host goes first, so that the ring node cannot say goodbye. */
  async vanish(): Promise<void> {
    await this.#host.stop();
    await this.ring.stop();
  }

  async lookup(key: Uint8Array): Promise<LookupResult> {
    const beginMs = monotonicMs();
    try {
      const { providers, hops } = await this.ring.lookup(key);
      const keys = providers.map((provider) => bytesToHex(provider.publicKey));
      return { providers: keys, hops, tookMs: monotonicMs() - beginMs };
    } catch (error) {
      if (!(error instanceof RingNodeError)) throw error;
      return { providers: undefined, hops: 0, tookMs: monotonicMs() - beginMs };
    }
  }

  /** Looks the keys up one after another, again and again, until `asked`. */
  ask(keys: readonly Uint8Array[], provider: string, pauseMs: number): void {
    const stop = new AbortController();
    this.#asking = { stop, done: this.#askUntil(stop.signal, { keys, provider, pauseMs }) };
  }

  async asked(): Promise<AskingResult> {
    this.#asking?.stop.abort();
    return (await this.#asking?.done) ?? { count: 0, failed: 0, oneHop: 0, worstMs: 0 };
  }

  async #askUntil(
    signal: AbortSignal,
    what: { readonly keys: readonly Uint8Array[]; readonly provider: string; readonly pauseMs: number },
  ): Promise<AskingResult> {
    let [count, failed, oneHop, worstMs] = [0, 0, 0, 0];
    while (!signal.aborted) {
      const key = what.keys[count % what.keys.length];
      if (key === undefined) break;
      const { providers, hops, tookMs } = await this.lookup(key);
      count += 1;
      if (providers?.includes(what.provider) !== true) failed += 1;
      if (hops <= 1) oneHop += 1;
      worstMs = Math.max(worstMs, tookMs);
      await pause(what.pauseMs, signal);
    }
    return { count, failed, oneHop, worstMs };
  }
}

function ed25519(secret: Uint8Array): Ed25519PrivateKey {
  const key = privateKeyFromRaw(secret);
  if (key.type === 'Ed25519') return key;
  throw new RingLabError('LAB_KEY_INVALID', 'A node of the laboratory has an Ed25519 key.', {
    type: key.type,
  });
}
