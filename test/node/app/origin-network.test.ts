import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { expect } from 'chai';
import { encryptKeystoreJson, Wallet, type JsonRpcProvider } from 'ethers';
import { request } from 'undici';

import type { StatusDocument } from '../../../node/app/control/documents.ts';
import { openProvider } from '../../../sdk/chain/provider.ts';
import { TransactionSender } from '../../../sdk/chain/transactions.ts';
import { fetchContent } from '../../../sdk/client/fetch-content.ts';
import type { PublishError } from '../../../sdk/publish/publish-error.ts';
import { publish, type Publication } from '../../../sdk/publish/publish.ts';
import { bcdn } from '../../sdk/cli/bcdn-process.ts';
import { OriginServer } from '../adapters/origin/origin-server.ts';
import { eventually } from '../cli/eventually.ts';
import type { NodeProcess } from '../cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../cli/test-network.ts';

const MIB = 1024 * 1024;
const FILE_BYTES = 24 * MIB + 12_345;
const VIEWERS = 8;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('a real edge and the origin of a publisher', function () {
  this.timeout(180_000);
  const file = new Uint8Array(randomBytes(FILE_BYTES));
  let network: TestNetwork;
  let provider: JsonRpcProvider;
  let marketplaceUrl: string;
  let origin: OriginServer;
  let sender: TransactionSender;
  let edge: InitialisedNode;
  let node: NodeProcess;
  let httpUrl: string;
  let publication: Publication;

  before(async () => {
    origin = await new OriginServer(file).start();
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    provider = openProvider({ url: network.chain.url, chainId: network.chain.chainId });
    const extra = ['--allow-private-origins', 'yes', '--free-allowance', '1GiB'];
    edge = await network.init('edge', { extra });
    node = network.run(edge);
    ({ httpUrl } = await node.ready());
    const wallet = new Wallet(network.chain.privateKeys[5] ?? '');
    await network.fund(wallet.address);
    sender = new TransactionSender({ provider, wallet, deployment: network.deployment });
  });

  after(async () => {
    provider.destroy();
    await network.stop();
    await origin.stop();
  });

  const publishing = (): Promise<Publication> =>
    publish({
      source: { kind: 'stream', stream: Readable.from([file]) },
      origin: { url: origin.url },
      sender,
      marketplaceUrl,
      replicas: 1,
    });

  async function status(): Promise<StatusDocument> {
    const { stdout } = await network.command(edge, 'status', '--json');
    return JSON.parse(stdout) as StatusDocument;
  }

  /** Flags of `bcdn` that open the publisher's key. */
  async function keyFlags(): Promise<string[]> {
    const { privateKey, address } = sender.wallet;
    const [keystore, password] = [join(network.directory, 'publisher.json'), join(network.directory, 'pass')];
    // The cheapest parameters: how slow a keystore is to open is not what is tested here.
    const scrypt = { N: 2, r: 1, p: 1 };
    await writeFile(keystore, await encryptKeystoreJson({ address, privateKey }, 'right', { scrypt }));
    await writeFile(password, 'right\n');
    return ['--keystore', keystore, '--password-file', password];
  }

  async function viewerHash(): Promise<string> {
    const hash = createHash('sha256');
    const viewer = { cid: publication.cid, marketplaceUrl, viewerKey: randomBytes(32) };
    await fetchContent({ ...viewer, sink: { write: (bytes) => void hash.update(bytes) } });
    return hash.digest('hex');
  }

  it('refuses to publish an origin that gives something else, before any money is locked', async () => {
    for (const lie of ['another total', 'whole in place of a part', 'not found'] as const) {
      origin.misbehaviour = lie;
      const error = await publishing().then(
        () => undefined,
        (refusal: unknown) => refusal as PublishError,
      );
      expect(error?.code, lie).to.equal('ORIGIN_UNUSABLE');
    }
    origin.misbehaviour = undefined;
  });

  it('serves the first bytes before it has the others, and asks for no byte twice for all its viewers', async () => {
    const release = Promise.withResolvers<void>();
    origin.hold = { fromByte: 3 * MIB, released: release.promise };
    publication = await eventually(publishing);
    expect(publication.cid.code).to.equal(0x70);
    const download = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`);
    expect(download.statusCode).to.equal(200);
    const whole = createHash('sha256');
    let received = 0;
    let viewers: Promise<string[]> | undefined;
    for await (const chunk of download.body as AsyncIterable<Uint8Array>) {
      whole.update(chunk);
      received += chunk.length;
      if (viewers === undefined && received >= MIB) {
        // The origin holds back what lies behind 3 MiB: these bytes came first.
        expect(received).to.be.at.most(4 * MIB);
        // The coordinator may not have asked the edge yet whether it is ready.
        viewers = Promise.all(Array.from({ length: VIEWERS }, () => eventually(viewerHash)));
        release.resolve();
      }
    }
    expect(received).to.equal(FILE_BYTES);
    expect(whole.digest('hex')).to.equal(sha256(file));
    expect(await viewers).to.deep.equal(Array(VIEWERS).fill(sha256(file)));
  });

  it('fills and announces the content behind that, and tells so', async () => {
    await eventually(async () => {
      const { content, origins, problems } = await status();
      expect(content).to.deep.equal({ complete: 1, incomplete: 0 });
      expect(problems).to.deep.equal([]);
      const url = origin.url.split('?')[0];
      const bytes = String(FILE_BYTES);
      expect(Math.min(...origin.sent)).to.equal(1);
      expect(Math.max(...origin.sent)).to.equal(1);
      expect(origins[0]).to.deep.include({ kind: 'file', url, bytes, fetchedBytes: bytes, complete: true });
    });
  });

  it('fetches it again from there after a purge', async () => {
    const requests = origin.requests;
    const notice = ['--cid', publication.cid.toString(), '--marketplace', marketplaceUrl];
    const purged = await bcdn(['purge', '--json', ...notice, ...(await keyFlags())]);
    expect(purged.code, purged.stdout + purged.stderr).to.equal(0);
    await eventually(async () => {
      const { body } = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`);
      expect(sha256(await body.bytes())).to.equal(sha256(file));
      expect(origin.requests).to.be.greaterThan(requests);
    });
    await eventually(async () => expect((await status()).content.complete).to.equal(1));
  });

  it('is shown, named anew and taken back by the publisher on the command line', async () => {
    const command = async (...args: string[]) => {
      const deal = ['origin', '--json', '--deal', publication.dealId, '--marketplace', marketplaceUrl];
      const result = await bcdn([...deal, ...args]);
      return { code: result.code, document: JSON.parse(result.stdout) as Record<string, unknown> };
    };
    const key = await keyFlags();
    const shown = await command();
    const file = { kind: 'file', url: origin.url, bytes: String(FILE_BYTES), etag: '"v1"' };
    expect(shown.document).to.deep.include({ ...file, dealId: publication.dealId });

    origin.misbehaviour = 'whole in place of a part';
    const refused = await command('--url', origin.url, ...key);
    expect(refused.code).to.equal(3);
    expect(refused.document['error']).to.include({ code: 'ORIGIN_UNUSABLE' });
    origin.misbehaviour = undefined;

    const named = await eventually(async () => {
      // A message must be issued a second later than the one before.
      const result = await command('--url', `${origin.url}&again`, ...key);
      expect(result.code).to.equal(0);
      return result;
    });
    expect(named.document).to.deep.include({ ...file, url: `${origin.url}&again` });
    await eventually(async () => expect((await command('--remove', ...key)).code).to.equal(0));
    expect((await command()).document['error']).to.deep.include({ code: 'MARKETPLACE_REFUSED' });
  });

  it('exports what came from origins', async () => {
    const metrics = await (await request(`${httpUrl}/metrics`)).body.text();
    const fetched = /^bcdn_origin_fetched_bytes_total (\S+)$/m.exec(metrics)?.[1];
    // Once, and once more after the purge.
    expect(Number(fetched)).to.be.at.least(2 * FILE_BYTES);
    expect(metrics).to.contain('bcdn_origins_failing 0');
  });

  it('serves it without the origin from then on, also after SIGKILL', async () => {
    await origin.stop();
    await node.end('SIGKILL');
    node = network.run(edge);
    ({ httpUrl } = await node.ready());
    const { body } = await request(`${httpUrl}/ipfs/${publication.cid.toString()}`, {
      headers: { range: 'bytes=5000000-5999999' },
    });
    const part = await body.bytes();
    expect(Buffer.compare(part, file.subarray(5_000_000, 6_000_000))).to.equal(0);
    origin = await new OriginServer(file).start();
  });
});
