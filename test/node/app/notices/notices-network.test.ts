import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { encryptKeystoreJson, Wallet } from 'ethers';
import { request } from 'undici';
import { TransactionSender } from '../../../../sdk/chain/transactions.ts';
import { readAllocation } from '../../../../sdk/chain/deals.ts';
import { domainOf } from '../../../../sdk/chain/deployment.ts';
import { fetchContent } from '../../../../sdk/client/fetch-content.ts';
import { hexToBytes } from '../../../../sdk/protocol/bytes.ts';
import {
  contentNoticeDigest,
  encodeSignedNotice,
  type ContentNotice,
} from '../../../../sdk/protocol/content-notice.ts';
import { contentRootOf } from '../../../../sdk/protocol/content.ts';
import { NOTICES_PATH } from '../../../../sdk/protocol/http.ts';
import { parseAddress } from '../../../../sdk/protocol/identifiers.ts';
import { priceWei } from '../../../../sdk/protocol/price.ts';
import { importContent } from '../../../../sdk/publish/import-content.ts';
import { publish, type Publication } from '../../../../sdk/publish/publish.ts';
import { pushContent } from '../../../../sdk/publish/push-content.ts';
import { nativeSecp256k1 } from '../../../../sdk/signing/native-secp256k1.ts';
import type { StatusDocument } from '../../../../node/app/control/documents.ts';
import { eventually } from '../../cli/eventually.ts';
import type { NodeProcess } from '../../cli/node-process.ts';
import { TestNetwork, type InitialisedNode } from '../../cli/test-network.ts';
import { bcdn } from '../../../sdk/cli/bcdn-process.ts';

const CONTENT_BYTES = 300_000;
const CHUNK_BYTES = 65_536;
const EDGES = ['first', 'second', 'third'];

/** A keystore that opens quickly: the test is not about guessing passwords. */
function keystoreOf({ address, privateKey }: Wallet): Promise<string> {
  return encryptKeystoreJson({ address, privateKey }, 'a test password', { scrypt: { N: 2, r: 8, p: 1 } });
}

describe('notices of a publisher in a network of real edges', function () {
  this.timeout(240_000);
  const content = randomBytes(CONTENT_BYTES);
  const source = () => ({ kind: 'stream' as const, stream: Readable.from([new Uint8Array(content)]) });
  let network: TestNetwork;
  let marketplaceUrl: string;
  let edges: InitialisedNode[];
  let processes: NodeProcess[];
  let urls: string[];
  let publisher: Wallet;
  let sender: TransactionSender;
  let publication: Publication;
  let keyArguments: string[];

  before(async () => {
    network = await TestNetwork.start();
    ({ url: marketplaceUrl } = await network.marketplace());
    edges = await Promise.all(EDGES.map((name) => network.init(name)));
    // The first one serves with two worker processes: what is purged leaves their memories, too.
    processes = edges.map((edge, i) => network.run(edge, i === 0 ? ['--workers', '2'] : []));
    urls = (await Promise.all(processes.map((node) => node.ready()))).map(({ httpUrl }) => httpUrl);
    publisher = new Wallet(network.chain.privateKeys[3] ?? '');
    await network.fund(publisher.address);
    const { provider, deployment } = network;
    sender = new TransactionSender({ provider, wallet: publisher, deployment });
    const keystore = join(network.directory, 'publisher.json');
    await writeFile(keystore, await keystoreOf(publisher));
    keyArguments = ['--keystore', keystore, '--password-file', network.passwordFile];
    await network.edgesUp(EDGES.length);
    publication = await eventually(() =>
      publish({
        source: source(),
        sender,
        marketplaceUrl,
        replicas: EDGES.length,
        chunkBytes: CHUNK_BYTES,
        tags: ['films'],
      }),
    );
  });

  after(async () => {
    await network.stop();
  });

  /** Status of the content at each edge; nothing is fetched from elsewhere. */
  function stored(): Promise<number[]> {
    const headers = { 'cache-control': 'only-if-cached' };
    return Promise.all(urls.map((url) => statusOf(url, headers)));
  }

  async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
    const { statusCode, body } = await request(`${url}/ipfs/${publication.cid.toString()}?format=raw`, {
      headers,
    });
    await body.dump();
    return statusCode;
  }

  async function purge(...args: string[]): Promise<{ code: number | null; outcomes: string[] }> {
    const place = ['--cid', publication.cid.toString(), '--marketplace', marketplaceUrl];
    const { code, stdout, stderr } = await bcdn(['purge', '--json', ...place, ...keyArguments, ...args]);
    expect(stdout, stderr).to.not.equal('');
    const { notices = [] } = JSON.parse(stdout) as { notices?: { edges: { outcome: string }[] }[] };
    return { code, outcomes: notices.flatMap((notice) => notice.edges.map(({ outcome }) => outcome)) };
  }

  function signed(changes: Partial<ContentNotice>, privateKey: string): Uint8Array {
    const notice: ContentNotice = {
      dealId: publication.dealId,
      kind: 'purge',
      contentRoot: contentRootOf(publication.cid),
      path: '',
      tag: '',
      sequence: BigInt(`0x${randomBytes(8).toString('hex')}`),
      issuedAt: BigInt(Math.floor(Date.now() / 1_000)),
      ...changes,
    };
    const digest = contentNoticeDigest(domainOf(network.deployment), notice);
    return encodeSignedNotice({
      notice,
      signature: nativeSecp256k1.sign(digest, hexToBytes(privateKey, 32)),
    });
  }

  async function post(url: string | undefined, body: Uint8Array): Promise<{ status: number; code?: string }> {
    const answer = await request(`${url ?? ''}${NOTICES_PATH}`, { method: 'POST', body });
    const { error } = (await answer.body.json()) as { error?: { code: string } };
    return { status: answer.statusCode, ...(error !== undefined && { code: error.code }) };
  }

  /** Brings the content back to one edge, as its publisher would. */
  async function pushAgain(to: number): Promise<void> {
    const imported = await importContent(source(), { chunkBytes: CHUNK_BYTES });
    const edge = publication.nodes.find(({ node }) => node === edges[to]?.operator.toLowerCase());
    if (edge === undefined) throw new RangeError('the edge is not in the deal');
    try {
      const sign = (digest: Uint8Array): Uint8Array =>
        nativeSecp256k1.sign(digest, hexToBytes(publisher.privateKey, 32));
      const { dealId } = publication;
      await pushContent({ ...edge, content: imported, dealId, domain: domainOf(network.deployment), sign });
    } finally {
      await imported.carFile.remove();
    }
  }

  it('of which one serves in two worker processes, and says so', async () => {
    const [first] = edges;
    if (first === undefined) expect.fail('there is a first edge');
    const { stdout } = await network.command(first, 'status', '--json');
    const { workers } = JSON.parse(stdout) as StatusDocument;
    expect(workers).to.include({ wanted: 2, serving: 2, restarts: 0 });
  });

  it('refuses what the publisher did not sign, and drops nothing', async () => {
    const stranger = Wallet.createRandom().privateKey;
    for (const kind of ['purge', 'takedown'] as const) {
      expect(await post(urls[0], signed({ kind }, stranger))).to.deep.equal({
        status: 403,
        code: 'NOTICE_BAD_SIGNATURE',
      });
    }
    const other = contentRootOf(publication.cid).replace(/..$/, '00') as ContentNotice['contentRoot'];
    expect(await post(urls[0], signed({ contentRoot: other }, publisher.privateKey))).to.deep.equal({
      status: 403,
      code: 'NOTICE_WRONG_CONTENT',
    });
    expect((await post(urls[0], Buffer.from('no notice'))).status).to.equal(400);
    expect(await stored()).to.deep.equal([200, 200, 200]);
  });

  it('purges at every edge what one edge was told, and the next request fills again', async () => {
    const notice = signed({}, publisher.privateKey);
    expect(await post(urls[0], notice)).to.deep.equal({ status: 202 });
    await eventually(async () => expect(await stored()).to.deep.equal([412, 412, 412]));
    expect(await post(urls[1], notice)).to.deep.equal({ status: 200 });
    await pushAgain(0);
    await eventually(async () => {
      const asked = await Promise.all(urls.map((url) => statusOf(url)));
      expect(asked).to.deep.equal([200, 200, 200]);
    });
  });

  it('purges by tag, at edges that filled the content from others, too', async () => {
    expect(await purge('--tag', 'films')).to.deep.include({ code: 0 });
    await eventually(async () => expect(await stored()).to.deep.equal([412, 412, 412]));
    await pushAgain(1);
    await eventually(async () => {
      const asked = await Promise.all(urls.map((url) => statusOf(url)));
      expect(asked).to.deep.equal([200, 200, 200]);
    });
  });

  it('takes a content down for good, over restarts and at an edge that was away; what was receipted is paid', async () => {
    const earned = await fetchContent({
      cid: publication.cid,
      marketplaceUrl,
      viewerKey: randomBytes(32),
      sink: { write: () => undefined },
    });
    await processes[2]?.end('SIGTERM');
    const { code, outcomes } = await purge('--takedown', '--deal', publication.dealId);
    expect(code).to.equal(0);
    expect(outcomes).to.include('unreachable');
    await eventually(async () => {
      expect([await statusOf(urls[0] ?? ''), await statusOf(urls[1] ?? '')]).to.deep.equal([410, 410]);
    });
    const again = [1, 2].map((i) => network.run(edges[i] as InitialisedNode));
    const restarted = processes[1];
    await restarted?.end('SIGKILL');
    const ready = await Promise.all(again.map((node) => node.ready()));
    urls = [urls[0] ?? '', ...ready.map(({ httpUrl }) => httpUrl)];
    await eventually(async () => {
      const asked = await Promise.all(urls.map((url) => statusOf(url)));
      expect(asked).to.deep.equal([410, 410, 410]);
    });
    let failure: unknown;
    try {
      const sink = { write: () => undefined };
      await fetchContent({ cid: publication.cid, marketplaceUrl, viewerKey: randomBytes(32), sink });
    } catch (error) {
      failure = error;
    }
    expect(failure).to.be.instanceOf(Error);
    let refusal: unknown;
    try {
      await pushAgain(0);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).to.have.nested.property('values.refusal', 'CONTENT_WITHDRAWN');
    for (const edge of edges) {
      const node = parseAddress(edge.operator);
      const bytes = BigInt(earned.bytesByNode.get(node) ?? 0);
      await eventually(async () => {
        await network.command(edge, 'settle', '--yes', '--json');
        const place = { dealId: publication.dealId, node };
        const allocation = await readAllocation(network.provider, network.deployment, place);
        expect(allocation?.paidWei).to.equal(priceWei(bytes, allocation?.ratePerGiB ?? 0n));
      });
    }
  });
});
