import { expect } from 'chai';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { httpBaseOf, httpOriginOf } from '../../../sdk/client/endpoint.ts';

describe('httpOriginOf', () => {
  const cases: readonly [string, string | undefined][] = [
    ['/ip4/192.0.2.1/tcp/8080/http', 'http://192.0.2.1:8080'],
    ['/ip6/2001:db8::1/tcp/8080/http', 'http://[2001:db8::1]:8080'],
    ['/dns4/edge.example/tcp/443/https', 'https://edge.example'],
    ['/dns/edge.example/tcp/8443/tls/http', 'https://edge.example:8443'],
    ['/ip4/192.0.2.1/tcp/8080/http/p2p/12D3KooW', 'http://192.0.2.1:8080'],
    ['https://edge.example:8443/path', 'https://edge.example:8443'],
    ['/ip4/192.0.2.1/tcp/4001', undefined],
    ['/ip4/192.0.2.1/tcp/4001/ws', undefined],
    ['/ip4/192.0.2.1/udp/4001/quic-v1', undefined],
    ['/ip4/192.0.2.1/tcp/0/http', undefined],
    ['/ip4/192.0.2.1/tcp/65536/http', undefined],
    ['/dns4/evil@host/tcp/80/http', undefined],
    ['/dns4/a%2fb/tcp/80/http', undefined],
    ['file:///etc/passwd', undefined],
    ['', undefined],
    [`/dns4/${'a'.repeat(300)}/tcp/80/http`, undefined],
  ];
  for (const [endpoint, origin] of cases) {
    it(`reads ${endpoint.slice(0, 50) || 'an empty text'} as ${origin ?? 'no HTTP endpoint'}`, () => {
      expect(httpOriginOf([endpoint])).to.equal(origin);
    });
  }

  it('takes the first HTTP endpoint among others', () => {
    expect(
      httpOriginOf(['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.1/tcp/2/http', '/ip4/192.0.2.1/tcp/3/http']),
    ).to.equal('http://192.0.2.1:2');
  });

  it('refuses a marketplace address that is not HTTP', () => {
    expect(() => httpBaseOf('ftp://host'))
      .to.throw(ClientError)
      .with.property('code', 'ENDPOINT_INVALID');
    expect(httpBaseOf('http://127.0.0.1:8080/api/')).to.equal('http://127.0.0.1:8080/api');
  });
});
