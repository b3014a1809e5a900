import { expect } from 'chai';
import { endpointsOf, httpUrlOf } from '../../../node/app/endpoints.ts';

const peerId = '12D3KooWTest';
const listening = {
  httpHost: '127.0.0.1',
  httpPort: 8080,
  libp2pAddresses: ['/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/tcp/4002/ws/p2p/12D3KooWTest'],
  peerId,
};

describe('endpoints of a node', () => {
  it('are where it listens when no host is announced', () => {
    expect(endpointsOf({ ...listening, announceHosts: [] })).to.deep.equal([
      '/ip4/127.0.0.1/tcp/8080/http',
      '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWTest',
      '/ip4/127.0.0.1/tcp/4002/ws/p2p/12D3KooWTest',
    ]);
    expect(httpUrlOf({ ...listening, announceHosts: [] })).to.equal('http://127.0.0.1:8080');
  });

  it('carry announced hosts of every kind, and stay within the limit of the registry', () => {
    const endpoints = endpointsOf({ ...listening, announceHosts: ['203.0.113.7', '2001:db8::1'] });
    expect(endpoints).to.deep.equal([
      '/ip4/203.0.113.7/tcp/8080/http',
      '/ip6/2001:db8::1/tcp/8080/http',
      '/ip4/203.0.113.7/tcp/4001/p2p/12D3KooWTest',
      '/ip6/2001:db8::1/tcp/4001/p2p/12D3KooWTest',
      '/ip4/203.0.113.7/tcp/4002/ws/p2p/12D3KooWTest',
      '/ip6/2001:db8::1/tcp/4002/ws/p2p/12D3KooWTest',
    ]);
    expect(endpoints.length).to.be.at.most(8);
    expect(httpUrlOf({ ...listening, announceHosts: ['2001:db8::1'] })).to.equal('http://[2001:db8::1]:8080');
    expect(endpointsOf({ ...listening, announceHosts: ['edge.example.org'] })[0]).to.equal(
      '/dns/edge.example.org/tcp/8080/http',
    );
  });
});
