import { expect } from 'chai';

import type { NodeRecord } from '../../../marketplace/database/node-records.ts';
import { medianOf } from '../../../marketplace/statistics/market-snapshot.ts';
import { mapOf } from '../../../marketplace/statistics/network-map.ts';
import { parseAddress } from '../../../sdk/protocol/identifiers.ts';

const addressNo = (n: number) => parseAddress(`0x${n.toString(16).padStart(40, '0')}`);

function node(number: number, wishes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...{ address: addressNo(number), role: 'edge', region: 'eu-west', endpoints: [], nid: undefined },
    ...{ libp2pPublicKey: '0x', askWeiPerGiB: 5n, stakeWei: 1n, unbondingWei: 0n, unbondingEndsAt: 0 },
    active: true,
    ...wishes,
  };
}

describe('map of the network', () => {
  it('adds up nodes and deliveries by region, and links viewers with the nodes that served them', () => {
    const nodes = [
      node(1),
      node(2, { active: false }),
      node(3, { region: 'us-east' }),
      node(4, { region: 'nowhere' }),
    ];
    const map = mapOf(nodes, ({ address }) => (address === addressNo(1) ? 'up' : undefined), [
      { node: addressNo(1), viewerRegion: 'eu-west', bytes: 10n },
      { node: addressNo(1), viewerRegion: 'ap-south', bytes: 5n },
      { node: addressNo(1), viewerRegion: '', bytes: 1n },
      { node: addressNo(3), viewerRegion: 'ap-south', bytes: 2n },
      { node: addressNo(9), viewerRegion: 'ap-south', bytes: 100n },
    ]);
    expect(map.nodes.map(({ state }) => state)).to.deep.equal(['ready', 'leaving', 'unknown', 'unknown']);
    expect(map.links).to.deep.equal([
      { from: 'eu-west', to: 'eu-west', bytesLastHour: 10 },
      { from: 'ap-south', to: 'eu-west', bytesLastHour: 5 },
      { from: 'ap-south', to: 'us-east', bytesLastHour: 2 },
    ]);
    const regions = new Map(map.regions.map((region) => [region.region, region]));
    expect([...regions.keys()]).to.deep.equal(['ap-south', 'eu-west', 'nowhere', 'us-east']);
    expect(regions.get('eu-west')).to.include({ nodes: 2, readyNodes: 1, deliveredBytesLastHour: 16 });
    expect(regions.get('nowhere')).to.include({ name: 'nowhere', latitude: null, longitude: null });
  });

  it('takes a price that somebody asks for the median', () => {
    expect(medianOf([])).to.equal(undefined);
    expect(medianOf([9n])).to.equal(9n);
    expect(medianOf([10n ** 24n, 3n, 2n, 1n])).to.equal(2n);
  });
});
