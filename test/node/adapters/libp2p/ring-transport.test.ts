import { generateKeyPair } from '@libp2p/crypto/keys';
import { expect } from 'chai';
import { encode } from 'it-length-prefixed';

import { bytesToHex } from '../../../../sdk/protocol/bytes.ts';
import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import {
  contactOfAddress,
  peerOfRingKey,
  ringKeyOfPeer,
} from '../../../../node/adapters/libp2p/ring-peer-id.ts';
import { ringProtocol } from '../../../../node/adapters/libp2p/ring-protocol.ts';
import { ringSignature } from '../../../../node/adapters/libp2p/ring-signature.ts';
import { RingTransport } from '../../../../node/adapters/libp2p/ring-transport.ts';
import type { RingContact } from '../../../../node/core/one-hop-ring/ring-ports.ts';
import { NO_NAMES } from '../../../../node/core/one-hop-ring/member-names.ts';
import type { RingMessage } from '../../../../node/core/one-hop-ring/wire-message.ts';
import { eventually } from '../../app/ring/ring-fixture.ts';

const registry = parseAddress(`0x${'5f'.repeat(20)}`);
const protocol = ringProtocol(31_337n, registry);

interface End {
  readonly host: Host;
  readonly transport: RingTransport;
  readonly contact: RingContact;
  readonly heard: { readonly from: string; readonly message: RingMessage }[];
  readonly unreachable: string[];
  readonly refusals: string[];
}

describe('ring transport', function () {
  this.timeout(20_000);
  const ends: End[] = [];

  afterEach(async () => {
    await Promise.all(ends.map(async (end) => end.transport.stop()));
    await Promise.all(ends.map(async (end) => end.host.stop()));
    ends.length = 0;
  });

  async function end(spoken = protocol): Promise<End> {
    const privateKey = await generateKeyPair('Ed25519');
    const host = await createHost({ privateKey, listenAddresses: ['/ip4/127.0.0.1/tcp/0'] });
    await host.start();
    const heard: End['heard'] = [];
    const unreachable: string[] = [];
    const refusals: string[] = [];
    const transport = new RingTransport(
      { host, admission: NO_NAMES },
      {
        protocol: spoken,
        listener: {
          onMessage: (from, message) => heard.push({ from: bytesToHex(from), message }),
          onUnreachable: (publicKey, refused) => {
            unreachable.push(bytesToHex(publicKey));
            if (refused) refusals.push(bytesToHex(publicKey));
          },
        },
      },
    );
    await transport.start();
    const addresses = host.getMultiaddrs().map((address) => address.toString());
    const made = {
      host,
      transport,
      contact: { publicKey: privateKey.publicKey.raw, addresses },
      heard,
      unreachable,
      refusals,
    };
    ends.push(made);
    return made;
  }

  const reached = (requestId: number): RingMessage => ({ kind: 'reached', requestId });

  it('delivers in order over one kept stream, and answers over the same one by key alone', async () => {
    const [a, b] = [await end(), await end()];
    for (let i = 0; i < 200; i++) a.transport.send(b.contact, reached(i));
    await eventually('200 messages', () => b.heard.length === 200, 5_000);
    expect(b.heard.map(({ message }) => message.requestId)).to.deep.equal(
      Array.from({ length: 200 }, (_, i) => i),
    );
    expect(b.heard[0]?.from).to.equal(bytesToHex(a.contact.publicKey));
    b.transport.send({ publicKey: a.contact.publicKey, addresses: [] }, reached(7));
    await eventually('the answer', () => a.heard.length === 1, 5_000);
    const streams = a.host.getConnections().flatMap((connection) => connection.streams);
    expect(streams.filter((stream) => stream.protocol === protocol)).to.have.length(1);
  });

  it('reports a peer that cannot be dialled, instead of throwing', async () => {
    const [a, b] = [await end(), await end()];
    await b.host.stop();
    a.transport.send(b.contact, reached(1));
    await eventually('the report', () => a.unreachable.length > 0, 5_000);
    expect(a.unreachable[0]).to.equal(bytesToHex(b.contact.publicKey));
    expect(a.refusals).to.deep.equal(a.unreachable);
    expect(a.transport.traffic.droppedMessages).to.equal(1);
  });

  it('does not speak with a node of another network', async () => {
    const [a, b] = [await end(), await end(ringProtocol(1n, registry))];
    a.transport.send(b.contact, reached(1));
    await eventually('the report', () => a.unreachable.length > 0, 5_000);
    expect(b.heard).to.have.length(0);
  });

  it('drops a malformed message and goes on; ends the stream at an over-long frame', async () => {
    const [a, b] = [await end(), await end()];
    const stream = await a.host.dialProtocol(b.host.getMultiaddrs(), protocol);
    stream.send(encode.single(Uint8Array.of(99, 1, 2, 3, 4)));
    stream.send(encode.single(Uint8Array.of(4, 0, 0, 0, 9)));
    await eventually('the good one', () => b.heard.length === 1, 5_000);
    expect(b.heard[0]?.message).to.deep.equal({ kind: 'reached', requestId: 9 });
    expect(b.transport.traffic.malformedMessages).to.equal(1);
    stream.send(Uint8Array.of(0x80, 0x80, 0x08));
    await eventually('the stream ended', () => stream.status !== 'open', 5_000);
    expect(b.heard).to.have.length(1);
  });
});

describe('ring keys and signatures', () => {
  it('turns a peer id into a key and back, and reads contacts from addresses', async () => {
    const { publicKey } = await generateKeyPair('Ed25519');
    const peer = peerOfRingKey(publicKey.raw);
    expect(ringKeyOfPeer(peer)).to.deep.equal(publicKey.raw);
    const contact = contactOfAddress(`/ip4/127.0.0.1/tcp/4001/p2p/${peer.toString()}`);
    expect(contact?.publicKey).to.deep.equal(publicKey.raw);
    for (const bad of ['', 'nonsense', '/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/tcp/1/p2p/xyz']) {
      expect(contactOfAddress(bad)).to.equal(undefined);
    }
  });

  it('signs so that libp2p and this verifier agree, and refuses anything altered', async () => {
    const privateKey = await generateKeyPair('Ed25519');
    const { sign, verify } = ringSignature(privateKey);
    const message = Uint8Array.of(1, 2, 3);
    const signature = sign(message);
    expect(await privateKey.publicKey.verify(message, signature)).to.equal(true);
    expect(verify(privateKey.publicKey.raw, message, signature)).to.equal(true);
    expect(verify(privateKey.publicKey.raw, Uint8Array.of(1, 2, 4), signature)).to.equal(false);
    expect(verify(privateKey.publicKey.raw, message, new Uint8Array(64))).to.equal(false);
    expect(verify(privateKey.publicKey.raw, message, new Uint8Array(3))).to.equal(false);
  });
});
