import { generateKeyPair } from '@libp2p/crypto/keys';
import { expect } from 'chai';

import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { MAX_SIGNED_NOTICE_BYTES } from '../../../../sdk/protocol/content-notice.ts';
import { NoticeGossip, noticeTopic, type Verdict } from '../../../../node/adapters/libp2p/gossip.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import { eventually } from '../../app/ring/ring-fixture.ts';

const registry = parseAddress(`0x${'5f'.repeat(20)}`);
describe('gossip: the topic of notices', () => {
  it('is one for each chain and registry', () => {
    expect(noticeTopic(1n, registry)).to.not.equal(noticeTopic(2n, registry));
  });
});

describe('gossip: notices over real hosts in a row', function () {
  this.timeout(30_000);
  const hosts: Host[] = [];
  const gossips: NoticeGossip[] = [];
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
      const judge = async (bytes: Uint8Array): Promise<Verdict> => {
        heard[i]?.push(bytes);
        return bytes[0] === 1 ? 'accept' : bytes[0] === 2 ? 'reject' : 'ignore';
      };
      const gossip = new NoticeGossip({ host, judge }, { chainId: 31_337n, registry });
      gossip.start();
      hosts.push(host);
      gossips.push(gossip);
    }
    const [first, second, third] = hosts;
    if (first === undefined || second === undefined || third === undefined)
      throw new RangeError('three hosts');
    await first.dial(second.getMultiaddrs());
    await second.dial(third.getMultiaddrs());
    const topic = noticeTopic(31_337n, registry);
    const known = (): boolean =>
      hosts.every((host, i) => host.services.pubsub.getSubscribers(topic).length === (i === 1 ? 2 : 1));
    await eventually('subscriptions known', known, 15_000);
  });

  after(async () => {
    for (const gossip of gossips) gossip.stop();
    await Promise.all(hosts.map(async (host) => host.stop()));
  });

  it('forwards what its neighbour judged good, and nothing else', async () => {
    const [first] = hosts;
    const topic = noticeTopic(31_337n, registry);
    for (const notice of [FORGED, EARLY, LARGE]) await first?.services.pubsub.publish(topic, notice);
    // The good one comes last by the same way: what came before it and is not there was not forwarded.
    await gossips[0]?.publish(GOOD);
    await eventually('heard', () => heard[2]?.length === 1, 10_000);
    expect(heard).to.deep.equal([[], [FORGED, EARLY, GOOD], [GOOD]]);
  });
});
