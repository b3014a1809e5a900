import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Libp2p, Stream } from '@libp2p/interface';
import type { CID } from 'multiformats/cid';

import { BlockFill } from '../../../node/adapters/http/block-fill.ts';
import { DeliveryServer, type DeliveryServerOptions } from '../../../node/adapters/libp2p/delivery-server.ts';
import { createBareHost } from '../../../node/adapters/libp2p/host.ts';
import { paidBlocks } from '../../../node/adapters/libp2p/paid-blocks.ts';
import type { BlockAnswer, BlockRequest } from '../../../sdk/client/block-source.ts';
import { deliveryProtocol } from '../../../sdk/libp2p/delivery-protocol.ts';
import { Libp2pBlockSource } from '../../../sdk/libp2p/libp2p-block-source.ts';
import { createViewerHost } from '../../../sdk/libp2p/viewer-host.ts';
import { MAX_SERVED_BLOCK_BYTES } from '../../../sdk/protocol/limits.ts';
import type { SignedReceipt } from '../../../sdk/protocol/receipt.ts';
import { DOMAIN, GatewayFixture } from '../../node/adapters/http/gateway-fixture.ts';

export const PROTOCOL = deliveryProtocol(DOMAIN);

/** The desk, the store and the journal of the gateway's fixture, served over libp2p streams of a real host. */
export class StreamNode {
  readonly fixture: GatewayFixture;
  readonly host: Libp2p;
  readonly viewer: Libp2p;
  readonly server: DeliveryServer;
  readonly failures: unknown[] = [];

  static async start(
    overrides: Parameters<typeof GatewayFixture.start>[0] = {},
    options: Omit<DeliveryServerOptions, 'protocol'> = {},
  ): Promise<StreamNode> {
    const fixture = await GatewayFixture.start(overrides);
    const host = await bareHost();
    const node = new StreamNode({ fixture, host, viewer: await createViewerHost() }, options);
    await node.server.start();
    return node;
  }

  private constructor(
    parts: { fixture: GatewayFixture; host: Libp2p; viewer: Libp2p },
    options: Omit<DeliveryServerOptions, 'protocol'>,
  ) {
    const { fixture, host } = parts;
    this.fixture = fixture;
    this.host = host;
    this.viewer = parts.viewer;
    const { components } = fixture;
    const blockFill = new BlockFill(components);
    this.server = new DeliveryServer(
      {
        ...{ host, desk: components.desk, blocks: paidBlocks({ ...components, blockFill }) },
        onFailure: (error) => this.failures.push(error),
      },
      { protocol: PROTOCOL, ...options },
    );
  }

  /** A source of a new viewer's stream. */
  source(): Libp2pBlockSource {
    const addresses = this.host.getMultiaddrs().map(String);
    const place = { peerId: this.host.peerId.toString(), addresses };
    return new Libp2pBlockSource({ host: this.viewer }, place, { protocol: PROTOCOL });
  }

  /** A stream without any client behind it. */
  async bareStream(): Promise<Stream> {
    return await this.viewer.dialProtocol(this.host.getMultiaddrs(), PROTOCOL);
  }

  async stop(): Promise<void> {
    await this.server.stop(100);
    await this.viewer.stop();
    await this.host.stop();
    await this.fixture.stop();
  }
}

/** A host on a free port of the loopback interface. */
export async function bareHost(): Promise<Libp2p> {
  const host = await createBareHost({
    privateKey: await generateKeyPair('Ed25519'),
    listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
  });
  await host.start();
  return host;
}

/** A request with the settings of a test. */
export function wanted(
  cid: CID,
  grant: string,
  more: Partial<BlockRequest> & { receipt?: SignedReceipt } = {},
): BlockRequest {
  return {
    ...{ cid, grant, receipt: undefined, maxBytes: MAX_SERVED_BLOCK_BYTES, stallTimeoutMs: 20_000 },
    signal: new AbortController().signal,
    ...more,
  };
}

/** The block of an answer. */
export function blockOf(answer: BlockAnswer): Extract<BlockAnswer, { kind: 'block' }> {
  if (answer.kind === 'block') return answer;
  throw new RangeError(`refused with ${answer.refusal.code}: ${answer.refusal.message}`);
}

/** The code of a refusal. */
export function codeOf(answer: BlockAnswer): string {
  return answer.kind === 'refused' ? answer.refusal.code : 'a block';
}
