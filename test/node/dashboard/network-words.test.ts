import { expect } from 'chai';

import { networkWords } from '../../../node/dashboard/frame/network-words.ts';

type Seen = Parameters<typeof networkWords>[0];

const edge: Seen = {
  role: 'edge',
  domain: 'eu-west',
  ring: { members: 3, lookups: 4, oneHop: 3 },
  group: {
    ...{ members: 1, claimedContents: 2, summaryBytes: 2_048 },
    routed: { own: 5, group: 2, ring: 1 },
    ...{ beyondTwoHops: 0, falsePositives: 1 },
  },
  carriage: null,
  contributedBytes: null,
};

describe('ring and group in words', () => {
  it('tell an edge what it sees, and how its requests were routed', () => {
    expect(networkWords(edge)).to.deep.equal([
      'It sees 3 edges on the ring, itself included; 75 % of 4 lookups took one hop.',
      'Its cooperation group has 1 other member, claiming 2 contents in 2.00 KiB of memory. Of 8 requests 5 ended here, 2 at a member and 1 by the index of the ring; 0 took more than two hops, 1 claim of members proved wrong.',
    ]);
  });

  it('tell a peer what it has given, and an edge what it lends', () => {
    const peer = networkWords({ ...edge, role: 'peer', ring: null, group: null, contributedBytes: 1_024n });
    expect(peer).to.deep.equal([
      'A peer asks edges and is not on the ring itself.',
      'Peers are in no cooperation group.',
      'Peers exchange directly in the domain eu-west; this one has given 1.00 KiB.',
    ]);
    const carriage = { sharePercent: 25, carriedBytes: 0n, transitBytes: 0 };
    expect(networkWords({ ...edge, carriage }).at(-1)).to.match(/^It lends 25 % of its upload cap/);
  });
});
