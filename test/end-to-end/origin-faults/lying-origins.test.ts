import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'chai';

import { ClientError } from '../../../sdk/client/client-error.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import { openFileSink } from '../../../sdk/client/file-sink.ts';
import type { Publication } from '../../../sdk/publish/publish.ts';
import { OriginServer } from '../../node/adapters/origin/origin-server.ts';
import { eventually } from '../../node/cli/eventually.ts';
import { OriginEdge, type Got } from './origin-edge.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 6 * MIB + 4_321;
/** In the middle of a leaf, over the edge of another. */
const MIDDLE = { from: 2 * MIB + 77, to: 4 * MIB + 1_000 };
/** The longest that an edge rests after wrong bytes, twice, and the way there on a busy machine. */
const RECOVERY_MS = 90_000;

/** What publishers' servers do from the moment on at which the deal is opened, and what the edge says of it. */
const LIES = {
  'wrong bytes': 'ORIGIN_BYTES_WRONG',
  'another range': 'ORIGIN_RANGE_WRONG',
  'too short': 'ORIGIN_LENGTH_WRONG',
  'another etag': 'ORIGIN_CHANGED',
  'whole in place of a part': 'ORIGIN_RANGE_IGNORED',
  'silent body': 'ORIGIN_TIMEOUT',
  broken: 'ORIGIN_UNREACHABLE',
  unavailable: 'ORIGIN_STATUS',
  'not found': 'ORIGIN_STATUS',
} as const;
type Lie = keyof typeof LIES;
const ALL_LIES = Object.keys(LIES) as readonly Lie[];

interface Lied {
  readonly origin: OriginServer;
  readonly publication: Publication;
  readonly path: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a real edge whose origins lie and fail', function () {
  this.timeout(240_000);
  const lied = new Map<Lie, Lied>();
  let at: OriginEdge;

  before(async () => {
    at = await OriginEdge.start();
    for (const lie of ALL_LIES) {
      const origin = await new OriginServer(new Uint8Array(randomBytes(FILE_BYTES))).start();
      const publication = await at.publish(origin.file, {
        origin: origin.url,
        // It was looked at, and was as it should be; now it changes its mind.
        onProgress: ({ phase }) => {
          if (phase === 'quoted') origin.misbehaviour = lie;
        },
      });
      lied.set(lie, { origin, publication, path: `/ipfs/${publication.cid.toString()}` });
    }
  });

  after(async () => {
    await at.stop();
    await Promise.all([...lied.values()].map(async ({ origin }) => origin.stop()));
  });

  function of(lie: Lie): Lied {
    const found = lied.get(lie);
    if (found === undefined) throw new RangeError(`nothing was published of ${lie}`);
    return found;
  }

  /** Every byte that came is right, and what is not whole says so. */
  function expectHonest({ status, bytes, whole, code }: Got, wanted: Uint8Array, lie: Lie): void {
    if (status >= 400) {
      expect(status, lie).to.be.oneOf([404, 502, 503, 504]);
      expect(code, lie).to.match(/^[A-Z_]{4,}$/);
      return;
    }
    expect(Buffer.compare(bytes, wanted.subarray(0, bytes.length)), lie).to.equal(0);
    expect(whole, lie).to.equal(bytes.length === wanted.length);
  }

  /** Ordinary clients and a viewer with grants, who cannot get what nobody has. */
  async function askInVain(lie: Lie): Promise<void> {
    const { origin, path } = of(lie);
    const { from, to } = MIDDLE;
    const [file, part, refusal] = await Promise.all([
      at.get(path),
      at.get(path, { range: `bytes=${from}-${to - 1}` }),
      viewer(lie),
    ]);
    expectHonest(file, origin.file, lie);
    expectHonest(part, origin.file.subarray(from, to), lie);
    expect(file.whole && file.status < 400, `${lie}: nobody has all of it`).to.equal(false);
    expect(refusal?.code, lie).to.be.oneOf(['BLOCK_UNAVAILABLE', 'NO_SOURCES', 'MARKETPLACE_REFUSED']);
    expect(refusal?.remedy, lie).to.not.equal('');
  }

  /** A viewer with grants, as `bcdn fetch` is one. */
  async function viewer(lie: Lie): Promise<ClientError | undefined> {
    const { publication, origin } = of(lie);
    const out = join(at.network.directory, `out-${lie.replaceAll(' ', '-')}`);
    const sink = await openFileSink(out);
    const wish = { cid: publication.cid, marketplaceUrl: at.marketplaceUrl, viewerKey: randomBytes(32) };
    try {
      const { sha256: digest } = await fetchContent({ ...wish, sink }, { sha256: true });
      expect(digest, lie).to.equal(sha256(origin.file));
      return undefined;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const left = await readdir(at.network.directory);
      expect(left.includes(`out-${lie.replaceAll(' ', '-')}`), `${lie}: a file that is not whole`).to.equal(
        false,
      );
      return error;
    } finally {
      await rm(`${out}.part`, { force: true });
    }
  }

  it('gives right bytes or a coded refusal, to whoever asks for the file or a part of it', async () => {
    await Promise.all(ALL_LIES.map(askInVain));
  });

  it('names the origins that fail, with what they do, and goes on', async () => {
    const { origins } = await at.status();
    const told = ALL_LIES.map((lie) => {
      const use = origins.find(({ dealId }) => dealId === of(lie).publication.dealId);
      return [lie, use?.complete, use?.trouble?.code];
    });
    expect(told).to.deep.equal(ALL_LIES.map((lie) => [lie, false, LIES[lie]]));
  });

  it('has every byte right once they are honest again, and nothing wrong was stored', async () => {
    for (const { origin } of lied.values()) origin.misbehaviour = undefined;
    await Promise.all(
      [...lied.values()].map(({ origin, path }) =>
        eventually(async () => {
          const { status, bytes } = await at.get(path);
          expect(status).to.equal(200);
          expect(sha256(bytes)).to.equal(sha256(origin.file));
        }, RECOVERY_MS),
      ),
    );
    await Promise.all(ALL_LIES.map(async (lie) => expect(await viewer(lie), lie).to.equal(undefined)));
    const verified = await at.network.command(at.edge, 'verify', '--json');
    expect(verified.code, verified.stdout + verified.stderr).to.equal(0);
  });
});
