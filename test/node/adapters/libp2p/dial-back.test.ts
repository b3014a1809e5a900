import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { expect } from 'chai';
import { UndiciExchange } from '../../../../sdk/client/undici-exchange.ts';
import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { DialBackClient, dialBackProtocol } from '../../../../node/adapters/libp2p/dial-back-client.ts';
import { DialBackServer } from '../../../../node/adapters/libp2p/dial-back-server.ts';
import { EndpointDialler } from '../../../../node/adapters/libp2p/endpoint-dialler.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import type { DialBackAnswer } from '../../../../node/core/dial-back/dial-back-message.ts';
import { REQUESTS_BURST } from '../../../../node/core/dial-back/limits.ts';

const PROTOCOL = dialBackProtocol(31337n, parseAddress(`0x${'11'.repeat(20)}`));

describe('a node that is dialled back', function () {
  this.timeout(30_000);
  const http = new UndiciExchange();
  const never = new AbortController().signal;
  let helper: Host;
  let asker: Host;
  let stranger: Host;
  let server: DialBackServer;
  let gateway: Server;
  let gatewayPort: number;
  let statusPeerId: string;
  let knocks: number;
  let registered: readonly string[] | undefined;
  let names: Readonly<Record<string, readonly string[]>>;
  let nowMs: number;

  before(async () => {
    const hosts = await Promise.all(
      [0, 1, 2].map(async () =>
        createHost({
          privateKey: await generateKeyPair('Ed25519'),
          listenAddresses: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
        }),
      ),
    );
    for (const host of hosts) await host.start();
    const [first, second, third] = hosts;
    if (first === undefined || second === undefined || third === undefined) expect.fail('three hosts');
    [helper, asker, stranger] = [first, second, third];
    gateway = createServer((request, response) => {
      knocks += 1;
      if (request.url === '/bcdn/v1/status') response.end(JSON.stringify({ peerId: statusPeerId }));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    gatewayPort = (gateway.address() as AddressInfo).port;
  });

  after(async () => {
    for (const host of [helper, asker, stranger]) await host.stop();
    await http.close();
    await new Promise<void>((resolve) => gateway.close(() => resolve()));
  });

  beforeEach(async () => {
    knocks = 0;
    nowMs = 0;
    names = {};
    statusPeerId = asker.peerId.toString();
    registered = [`/ip4/127.0.0.1/tcp/${gatewayPort}/http`, ...addressesOf(asker)];
    server = new DialBackServer(
      {
        host: helper,
        endpointsOf: (key) => (Buffer.from(key).equals(Buffer.from(keyOf(asker))) ? registered : undefined),
        dialler: new EndpointDialler({ host: helper, http }),
        clock: { nowMs: () => nowMs },
        resolve: async (name) => names[name] ?? [],
        onFailure: () => undefined,
      },
      { protocol: PROTOCOL },
    );
    await server.start();
  });

  afterEach(() => server.stop());

  const ask = (from: Host = asker): Promise<DialBackAnswer> =>
    new DialBackClient({ host: from }, { protocol: PROTOCOL }).ask(addressesOf(helper), never);
  const resultsOf = ({ endpoints }: DialBackAnswer): string[] => endpoints.map(({ result }) => result);

  it('is reached at its gateway and by fresh libp2p connections', async () => {
    const answer = await ask();
    expect(answer).to.deep.include({ outcome: 'dialled', observedAddress: '127.0.0.1' });
    expect(answer.endpoints.map(({ endpoint }) => endpoint)).to.deep.equal(registered);
    expect(resultsOf(answer)).to.deep.equal(['reached', 'reached', 'reached']);
  });

  it('learns what does not answer, and where another node does', async () => {
    statusPeerId = stranger.peerId.toString();
    const [closed = ''] = addressesOf(asker);
    const wrongKey = (addressesOf(stranger)[0] ?? '').replace(/p2p\/.*/, `p2p/${asker.peerId.toString()}`);
    registered = [
      `/ip4/127.0.0.1/tcp/${gatewayPort}/http`,
      closed.replace(/tcp\/\d+/, 'tcp/1'),
      wrongKey,
      `/ip4/127.0.0.1/tcp/1/p2p/${asker.peerId.toString()}/p2p-circuit`,
    ];
    const answer = await ask();
    expect(resultsOf(answer)).to.deep.equal(['another-node', 'unreachable', 'unreachable', 'not-dialled']);
  });

  it('cannot have a stranger knocked at: neither by address nor by name', async () => {
    names = { 'victim.example': ['192.0.2.1'], 'own.example': ['192.0.2.1', '127.0.0.1'] };
    registered = [
      `/ip4/192.0.2.1/tcp/${gatewayPort}/http`,
      `/dns/victim.example/tcp/${gatewayPort}/http`,
      `/dns/nowhere.example/tcp/${gatewayPort}/http`,
      `/dns/own.example/tcp/${gatewayPort}/http`,
    ];
    const answer = await ask();
    expect(resultsOf(answer)).to.deep.equal(['other-address', 'other-address', 'other-address', 'reached']);
    expect(knocks).to.equal(1);
  });

  it('must be registered, and may not ask too often', async () => {
    expect(await ask(stranger)).to.deep.equal({
      outcome: 'unregistered',
      observedAddress: '127.0.0.1',
      endpoints: [],
    });
    registered = [];
    for (let i = 0; i < REQUESTS_BURST; i++) expect((await ask()).outcome).to.equal('dialled');
    expect((await ask()).outcome).to.equal('too-often');
    nowMs += 60_000;
    expect((await ask()).outcome).to.equal('dialled');
    expect(knocks).to.equal(0);
  });

  it('is told in a coded error that nobody answers', async () => {
    await server.stop();
    const refusal = await ask().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).to.have.property('code', 'DIAL_BACK_UNREACHABLE');
  });
});

function addressesOf(host: Host): string[] {
  return host.getMultiaddrs().map((address) => address.toString());
}

function keyOf({ peerId }: Host): Uint8Array {
  if (peerId.type !== 'Ed25519') expect.fail('an Ed25519 key');
  return peerId.publicKey.raw;
}
