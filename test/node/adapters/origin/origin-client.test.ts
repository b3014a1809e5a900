import type { LookupFunction } from 'node:net';

import { expect } from 'chai';

import { OriginClient, shownUrl } from '../../../../node/adapters/origin/origin-client.ts';
import type { OriginError } from '../../../../node/core/origin/origin-error.ts';
import { patternBytes } from '../content-fixture.ts';
import { OriginServer, type Misbehaviour } from './origin-server.ts';

const KIB = 1024;
const FILE = patternBytes(1_000 * KIB);
const RANGE = { start: 100 * KIB, end: 400 * KIB };
const LENGTHS = [100 * KIB, 100 * KIB, 100 * KIB];
const IMPATIENT = { headersTimeoutMs: 200, stallTimeoutMs: 200, minBytesPerSecond: 4 * 1024 * KIB };
const NEVER = new AbortController().signal;

describe('Asking an origin for leaves', () => {
  let server: OriginServer;
  let client: OriginClient;

  beforeEach(async () => {
    server = await new OriginServer(FILE).start();
    client = new OriginClient({ allowPrivate: true });
  });

  afterEach(async () => {
    await client.close();
    await server.stop();
  });

  const ask = async (url = server.url, signal = NEVER): Promise<Uint8Array[]> => {
    const version = { bytes: FILE.length, etag: server.etag, lastModified: '' };
    const leaves: Uint8Array[] = [];
    for await (const leaf of client.leaves({ url, range: RANGE, version, lengths: LENGTHS }, signal)) {
      leaves.push(leaf);
    }
    return leaves;
  };

  const refusal = async (url?: string): Promise<OriginError> => {
    try {
      await ask(url);
    } catch (error) {
      return error as OriginError;
    }
    throw new RangeError('nothing was refused');
  };

  it('gives them one after the other', async () => {
    const leaves = await ask();
    expect(leaves.map(({ length }) => length)).to.deep.equal(LENGTHS);
    expect(Buffer.concat(leaves).equals(FILE.subarray(RANGE.start, RANGE.end))).to.equal(true);
  });

  it('follows a redirect', async () => {
    server.misbehaviour = 'redirect';
    expect(await ask()).to.have.length(3);
  });

  const lies: Readonly<Partial<Record<Misbehaviour, string>>> = {
    'whole in place of a part': 'ORIGIN_RANGE_IGNORED',
    'another range': 'ORIGIN_RANGE_WRONG',
    'several ranges': 'ORIGIN_RANGE_WRONG',
    'not satisfiable': 'ORIGIN_RANGE_WRONG',
    'another total': 'ORIGIN_CHANGED',
    'another etag': 'ORIGIN_CHANGED',
    'precondition failed': 'ORIGIN_CHANGED',
    'not modified': 'ORIGIN_STATUS',
    'not found': 'ORIGIN_STATUS',
    'too many requests': 'ORIGIN_STATUS',
    'too long': 'ORIGIN_LENGTH_WRONG',
    'too short': 'ORIGIN_LENGTH_WRONG',
    'announced shorter': 'ORIGIN_LENGTH_WRONG',
    endless: 'ORIGIN_LENGTH_WRONG',
    'silent headers': 'ORIGIN_TIMEOUT',
    'silent body': 'ORIGIN_TIMEOUT',
    dripping: 'ORIGIN_TIMEOUT',
    broken: 'ORIGIN_UNREACHABLE',
    'huge headers': 'ORIGIN_UNREACHABLE',
    compressed: 'ORIGIN_ENCODED',
    'redirect for ever': 'ORIGIN_REDIRECT_REFUSED',
    'redirect to a file': 'ORIGIN_REDIRECT_REFUSED',
  };
  for (const [how, code] of Object.entries(lies)) {
    it(`refuses with ${code}: ${how}`, async () => {
      // Only where waiting is the point does a loaded machine not matter.
      if (code === 'ORIGIN_TIMEOUT') {
        await client.close();
        client = new OriginClient({ allowPrivate: true, ...IMPATIENT });
      }
      server.misbehaviour = how as Misbehaviour;
      const error = await refusal();
      expect(error.code, error.message).to.equal(code);
      expect(JSON.stringify(error.values)).not.to.contain('secret');
    });
  }

  it('says how long an origin asks to be left alone', async () => {
    server.misbehaviour = 'too many requests';
    expect((await refusal()).values).to.deep.include({ status: 429, retryAfterMs: 7_000 });
  });

  it('refuses with ORIGIN_UNREACHABLE where nobody listens', async () => {
    await server.stop();
    expect((await refusal()).code).to.equal('ORIGIN_UNREACHABLE');
    server = await new OriginServer(FILE).start();
  });

  it('ends when it is no longer wanted, with the reason', async () => {
    server.misbehaviour = 'silent body';
    const wanted = new AbortController();
    const asked = ask(server.url, wanted.signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    wanted.abort(new RangeError('no longer'));
    expect(await asked).to.have.property('message', 'no longer');
  });

  it('reads no further than its reader takes', async () => {
    const version = { bytes: FILE.length, etag: server.etag, lastModified: '' };
    const whole = { start: 0, end: FILE.length };
    const asked = { url: server.url, range: whole, version, lengths: [100 * KIB, 900 * KIB] };
    for await (const leaf of client.leaves(asked, NEVER)) {
      expect(leaf).to.have.length(100 * KIB);
      break;
    }
    expect(server.requests).to.equal(1);
  });

  describe('without leave to ask private addresses', () => {
    /** Answers like a name server that has been told what to say. */
    const resolvingTo =
      (...addresses: string[]): LookupFunction =>
      (_name, options, callback) => {
        const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
        if (options.all === true) callback(null, all);
        else callback(null, all[0]?.address ?? '', all[0]?.family);
      };

    const refusedWith = async (url: string, lookup?: LookupFunction): Promise<string> => {
      await client.close();
      client = new OriginClient({ ...(lookup !== undefined && { lookup }), connectTimeoutMs: 500 });
      return (await refusal(url)).code;
    };

    it('refuses addresses in the URL', async () => {
      const port = server.host.split(':')[1];
      for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '2130706433', '0x7f.1']) {
        expect(await refusedWith(`http://${host}:${port}/`), host).to.equal('ORIGIN_ADDRESS_REFUSED');
      }
    });

    it('refuses names that lead there, at the very connection', async () => {
      const url = `http://media.example:${server.host.split(':')[1]}/`;
      expect(await refusedWith(url, resolvingTo('127.0.0.1'))).to.equal('ORIGIN_ADDRESS_REFUSED');
      expect(await refusedWith(url, resolvingTo('::1', '192.168.1.1'))).to.equal('ORIGIN_ADDRESS_REFUSED');
      expect(server.requests).to.equal(0);
    });
  });
});

describe('What is shown of the URL of an origin', () => {
  it('leaves its query out', () => {
    expect(shownUrl('https://host:1/a/b?token=secret')).to.equal('https://host:1/a/b');
  });
});
