import { generateKeyPair } from '@libp2p/crypto/keys';
import { expect } from 'chai';

import { parseAddress, parseContentRoot, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { MAX_SIGNED_NOTICE_BYTES } from '../../../../sdk/protocol/content-notice.ts';
import { AnnouncementBus, type Verdict } from '../../../../node/adapters/libp2p/gossip.ts';
import {
  DEAL_ANNOUNCEMENT_BYTES,
  decodeDealAnnouncement,
  encodeDealAnnouncement,
  gossipTopics,
  type DealAnnouncement,
} from '../../../../node/adapters/libp2p/gossip-topics.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import { eventually } from '../../app/ring/ring-fixture.ts';

const registry = parseAddress(`0x${'5f'.repeat(20)}`);
const announcement: DealAnnouncement = {
  dealId: parseDealId(`0x${'ab'.repeat(32)}`),
  contentRoot: parseContentRoot(`0x${'cd'.repeat(32)}`),
  contentCodec: 0x70,
};

describe('gossip: deal announcements', () => {
  it('decodes what it encoded', () => {
    const bytes = encodeDealAnnouncement(announcement);
    expect(bytes).to.have.length(DEAL_ANNOUNCEMENT_BYTES);
    expect(decodeDealAnnouncement(bytes)).to.deep.equal(announcement);
  });

  it('refuses other lengths and versions', () => {
    const bytes = encodeDealAnnouncement(announcement);
    expect(decodeDealAnnouncement(bytes.subarray(1))).to.equal(undefined);
    expect(decodeDealAnnouncement(Uint8Array.from([...bytes, 0]))).to.equal(undefined);
    expect(decodeDealAnnouncement(Uint8Array.from([2, ...bytes.subarray(1)]))).to.equal(undefined);
  });

  it('names topics by chain and registry', () => {
    expect(gossipTopics(1n, registry).deals).to.not.equal(gossipTopics(2n, registry).deals);
  });
});

describe('gossip: announcement bus over real hosts', function () {
  this.timeout(20_000);
  const hosts: Host[] = [];
  const buses: AnnouncementBus[] = [];

  before(async () => {
    for (let i = 0; i < 3; i++) {
      const host = await createHost({
        privateKey: await generateKeyPair('Ed25519'),
        listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
      });
      await host.start();
      hosts.push(host);
      const bus = new AnnouncementBus({ host }, { chainId: 31_337n, registry });
      bus.start();
      buses.push(bus);
    }
    for (const [i, host] of hosts.entries()) {
      const next = hosts[(i + 1) % hosts.length];
      if (next !== undefined) await host.dial(next.getMultiaddrs());
    }
    const { deals } = gossipTopics(31_337n, registry);
    const connected = (): boolean =>
      hosts.every((host) => host.services.pubsub.getSubscribers(deals).length === 2);
    await eventually('subscriptions known', connected, 10_000);
  });

  after(async () => {
    for (const bus of buses) bus.stop();
    await Promise.all(hosts.map(async (host) => host.stop()));
  });

  it('brings an announcement to all others, and nothing malformed', async () => {
    const heard: DealAnnouncement[][] = buses.map(() => []);
    buses.forEach((bus, i) => bus.onDeal((deal) => heard[i]?.push(deal)));
    const { deals } = gossipTopics(31_337n, registry);
    await hosts[0]?.services.pubsub.publish(deals, Uint8Array.of(1, 2, 3));
    expect(await buses[0]?.publishDeal(announcement)).to.equal(2);
    await eventually('heard', () => heard[1]?.length === 1 && heard[2]?.length === 1, 5_000);
    expect(heard[1]).to.deep.equal([announcement]);
    expect(heard[2]).to.deep.equal([announcement]);
    expect(heard[0]).to.deep.equal([]);
  });
});

describe('gossip: notices over real hosts in a row', function () {
  this.timeout(30_000);
  const hosts: Host[] = [];
  const buses: AnnouncementBus[] = [];
  const heard: Uint8Array[][] = [[], [], []];
  const GOOD = Uint8Array.of(1);
  const FORGED = Uint8Array.of(2);
  const EARLY = Uint8Array.of(3);
  const LARGE = new Uint8Array(MAX_SIGNED_NOTICE_BYTES + 1).fill(1);

  /** Each knows the next one only. What begins with 1 is good, with 2 forged, with 3 not yet to be judged. */
  before(async () => {
    for (let i = 0; i < 3; i++) {
      const host = await createHost({
        privateKey: await generateKeyPair('Ed25519'),
        listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
      });
      await host.start();
      const judgeNotice = async (bytes: Uint8Array): Promise<Verdict> => {
        heard[i]?.push(bytes);
        return bytes[0] === 1 ? 'accept' : bytes[0] === 2 ? 'reject' : 'ignore';
      };
      const bus = new AnnouncementBus({ host, judgeNotice }, { chainId: 31_337n, registry });
      bus.start();
      hosts.push(host);
      buses.push(bus);
    }
    const [first, second, third] = hosts;
    if (first === undefined || second === undefined || third === undefined)
      throw new RangeError('three hosts');
    await first.dial(second.getMultiaddrs());
    await second.dial(third.getMultiaddrs());
    const { takedowns } = gossipTopics(31_337n, registry);
    const known = (): boolean =>
      hosts.every((host, i) => host.services.pubsub.getSubscribers(takedowns).length === (i === 1 ? 2 : 1));
    await eventually('subscriptions known', known, 15_000);
  });

  after(async () => {
    for (const bus of buses) bus.stop();
    await Promise.all(hosts.map(async (host) => host.stop()));
  });

  it('forwards what its neighbour judged good, and nothing else', async () => {
    const [first] = hosts;
    const { takedowns } = gossipTopics(31_337n, registry);
    for (const notice of [FORGED, EARLY, LARGE]) await first?.services.pubsub.publish(takedowns, notice);
    // The good one comes last by the same way: what came before it and is not there was not forwarded.
    await buses[0]?.publishNotice(GOOD);
    await eventually('heard', () => heard[2]?.length === 1, 10_000);
    expect(heard).to.deep.equal([[], [FORGED, EARLY, GOOD], [GOOD]]);
  });
});
