import { setTimeout as pause } from 'node:timers/promises';

import type { Libp2p } from '@libp2p/interface';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, use } from 'chai';
import chaiAsPromised from 'chai-as-promised';

import { bytesToHex, utf8ToBytes } from '../../../../sdk/protocol/bytes.ts';
import { systemClock } from '../../../../node/adapters/clock/system-clock.ts';
import { RingClient } from '../../../../node/app/ring/ring-client.ts';
import { GUEST_LOOKUP_BURST } from '../../../../node/core/one-hop-ring/limits.ts';
import { eventually, RING_PROTOCOL, RingFixture, type TestEdge } from './ring-fixture.ts';

use(chaiAsPromised);

const key = sha256(utf8ToBytes('content for peers'));

/** The same host on a path whose handshakes take so long. */
function slowlyDialling(host: Libp2p, delayMs: number): Libp2p {
  const dialProtocol: Libp2p['dialProtocol'] = async (peer, protocols, options) => {
    await pause(delayMs);
    return host.dialProtocol(peer, protocols, options);
  };
  const property = (name: string | symbol): unknown => {
    if (name === 'dialProtocol') return dialProtocol;
    const value: unknown = Reflect.get(host, name);
    return typeof value === 'function' ? value.bind(host) : value;
  };
  return new Proxy(host, { get: (_, name) => property(name) });
}

describe('ring client: a peer asks edges', function () {
  this.timeout(30_000);
  const fixture = new RingFixture();
  let edges: TestEdge[] = [];
  const clients: RingClient[] = [];

  before(async () => {
    edges = await fixture.ring(4);
    await edges[2]?.node.provide(key);
    await eventually(
      'replicas everywhere',
      () => edges.every((edge) => edge.node.stats().indexKeys === 1),
      5_000,
    );
  });

  after(async () => {
    await Promise.all(clients.map(async (client) => client.stop()));
    await fixture.close();
  });

  async function client(addresses: readonly string[], given?: Libp2p): Promise<RingClient> {
    const host = given ?? (await fixture.host()).host;
    const made = new RingClient(
      { host, admission: fixture.registry, clock: systemClock },
      { protocol: RING_PROTOCOL, region: 'eu-west' },
    );
    clients.push(made);
    made.useEdges(addresses);
    return made;
  }

  it('gets the verified provider through an edge without being a member', async () => {
    const peer = await client([fixture.seed()]);
    const answer = await peer.lookup(key);
    expect(answer.providers.map((provider) => bytesToHex(provider.publicKey))).to.deep.equal([
      bytesToHex(edges[2]?.privateKey.publicKey.raw ?? new Uint8Array()),
    ]);
    for (const edge of edges)
      expect(edge.node.members().length, 'the peer is no fifth member').to.be.at.most(4);
  });

  it('gives a first contact time to dial, and the answer its own time after it', async () => {
    const { host } = await fixture.host();
    const peer = await client([fixture.seed()], slowlyDialling(host, 2_200));
    const together = await Promise.all([peer.lookup(key), peer.lookup(key)]);
    expect(together.map(({ providers }) => providers.length)).to.deep.equal([1, 1]);
  });

  it('asks the next edge when the first cannot be reached', async () => {
    const { host } = await fixture.host();
    const dead = host.getMultiaddrs()[0]?.toString() ?? '';
    await host.stop();
    const peer = await client([dead, fixture.seed()]);
    expect((await peer.lookup(key)).providers).to.have.length(1);
  });

  it('is held to the allowance of guests', async () => {
    const peer = await client([fixture.seed()]);
    const before = edges[0]?.node.stats().throttledGuests ?? 0;
    const asked = Array.from({ length: GUEST_LOOKUP_BURST * 2 }, async () => peer.lookup(key));
    const outcomes = await Promise.allSettled(asked);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).to.be.within(1, GUEST_LOOKUP_BURST);
    for (const outcome of refused) expect(outcome.reason).to.include({ code: 'RING_LOOKUP_UNANSWERED' });
    expect((edges[0]?.node.stats().throttledGuests ?? 0) - before).to.be.at.least(refused.length);
  });

  it('refuses an edge address without a peer id, and a lookup without edges', async () => {
    const peer = await client([]);
    expect(() => {
      peer.useEdges(['/ip4/127.0.0.1/tcp/1']);
    })
      .to.throw()
      .that.includes({ code: 'RING_SEED_MALFORMED' });
    await expect(peer.lookup(key)).to.be.rejected.and.eventually.include({ code: 'RING_LOOKUP_UNANSWERED' });
  });
});
