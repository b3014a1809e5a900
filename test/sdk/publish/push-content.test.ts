import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';

import { CarReader } from '@ipld/car';
import { expect } from 'chai';

import { systemClock, type Clock } from '../../../sdk/pacing/clock.ts';
import { decodeSignedUpload, uploadDigest } from '../../../sdk/protocol/authorisation.ts';
import { base64UrlDecode } from '../../../sdk/protocol/bytes.ts';
import { contentRootOf } from '../../../sdk/protocol/content.ts';
import { parseAddress, parseDealId } from '../../../sdk/protocol/identifiers.ts';
import { importContent } from '../../../sdk/publish/import-content.ts';
import type { ImportedContent } from '../../../sdk/publish/imported-content.ts';
import { PublishError } from '../../../sdk/publish/publish-error.ts';
import { pushContent, type PushOptions } from '../../../sdk/publish/push-content.ts';
import { nativeSecp256k1 } from '../../../sdk/signing/native-secp256k1.ts';

type Serve = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

const domain = { chainId: 31337n, verifyingContract: parseAddress(`0x${'11'.repeat(20)}`) };
const dealId = parseDealId(`0x${'22'.repeat(32)}`);
const node = parseAddress(`0x${'33'.repeat(20)}`);
const publisherKey = randomBytes(32);

describe('pushContent', function () {
  let directory: string;
  let content: ImportedContent;
  let server: Server;
  let endpoint: string;
  let serve: Serve;
  let attempts: number;

  /** Waits between attempts are a thing of real time; here they are short. */
  const clock: Clock = { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal) };

  before(async () => {
    directory = await mkdtemp(`${tmpdir()}/bcdn-push-test-`);
    const stream = (async function* () {
      for (let i = 0; i < 50; i++) yield randomBytes(100_000);
    })();
    content = await importContent({ kind: 'stream', stream }, { temporaryDirectory: directory });
  });

  after(() => rm(directory, { recursive: true, force: true }));

  beforeEach(async () => {
    attempts = 0;
    const take = (request: IncomingMessage, response: ServerResponse) => serve(request, response, ++attempts);
    server = createServer(take);
    server.on('checkContinue', take);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    endpoint = `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/http`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function pushed(options: PushOptions = {}, endpoints: readonly string[] = [endpoint]): Promise<void> {
    const sign = (digest: Uint8Array) => nativeSecp256k1.sign(digest, publisherKey);
    return pushContent({ content, dealId, domain, node, endpoints, sign }, { clock, ...options });
  }

  function takeAll(request: IncomingMessage, response: ServerResponse): Promise<Buffer> {
    response.writeContinue();
    return request.toArray().then((parts) => {
      response.statusCode = 201;
      response.end('{}');
      return Buffer.concat(parts as Uint8Array[]);
    });
  }

  function refuse(response: ServerResponse, status: number, code: string): void {
    response.statusCode = status;
    response.end(refusalBody(code));
  }

  function refusalBody(code: string): string {
    return JSON.stringify({ error: { code, message: `${code}.`, values: { need: 5 }, remedy: 'Mend it.' } });
  }

  async function refusal(attempt: Promise<unknown>): Promise<PublishError> {
    try {
      await attempt;
    } catch (error) {
      if (error instanceof PublishError) return error;
      throw error;
    }
    return expect.fail('nothing was refused');
  }

  it('sends the whole archive with an authorisation that the publisher signed', async () => {
    let body: Promise<Buffer> | undefined;
    let request: IncomingMessage | undefined;
    serve = (incoming, response) => {
      request = incoming;
      body = takeAll(incoming, response);
    };
    const progress: number[] = [];
    await pushed({ onProgress: (sent) => progress.push(sent) });
    const sent = (await body) ?? Buffer.alloc(0);
    expect(sent.length).to.equal(content.carFile.bytes);
    expect(progress.at(-1)).to.equal(content.carFile.bytes);
    const roots = await (await CarReader.fromBytes(sent)).getRoots();
    expect(roots.map(String)).to.deep.equal([content.root.toString()]);
    expect(request?.method).to.equal('PUT');
    expect(request?.url).to.equal(`/bcdn/v1/content/${content.root.toString()}`);
    expect(request?.headers['content-length']).to.equal(String(content.carFile.bytes));
    const { upload, signature } = decodeSignedUpload(
      base64UrlDecode(String(request?.headers['bcdn-upload'])),
    );
    expect(nativeSecp256k1.recover(uploadDigest(domain, upload), signature)).to.equal(
      nativeSecp256k1.addressOf(publisherKey),
    );
    expect({ ...upload, expiresAt: 0n }).to.deep.equal({
      ...{ dealId, node, contentRoot: contentRootOf(content.root) },
      ...{ bytes: BigInt(content.carFile.bytes), expiresAt: 0n },
    });
    expect(Number(upload.expiresAt)).to.be.greaterThan(Date.now() / 1000);
  });

  it('sends the same archive to several edges', async () => {
    const hashes: Promise<string>[] = [];
    serve = (request, response) => {
      hashes.push(takeAll(request, response).then((body) => createHash('sha256').update(body).digest('hex')));
    };
    await Promise.all([pushed(), pushed(), pushed()]);
    expect(new Set(await Promise.all(hashes)).size).to.equal(1);
  });

  it('tries again after a cut connection, a busy edge, and an edge whose view of the chain lags', async () => {
    let body: Promise<Buffer> | undefined;
    serve = (request, response, attempt) => {
      if (attempt === 1) request.socket.destroy();
      else if (attempt === 2) refuse(response, 503, 'UPLOADS_BUSY');
      else if (attempt === 3) refuse(response, 403, 'UPLOAD_UNKNOWN_DEAL');
      else body = takeAll(request, response);
    };
    await pushed();
    expect(attempts).to.equal(4);
    expect((await body)?.length).to.equal(content.carFile.bytes);
  });

  it('begins again when the connection is cut in the middle of the body', async () => {
    let body: Promise<Buffer> | undefined;
    serve = (request, response, attempt) => {
      if (attempt > 1) {
        body = takeAll(request, response);
        return;
      }
      response.writeContinue();
      request.once('data', () => request.socket.destroy());
    };
    await pushed();
    expect(attempts).to.equal(2);
    expect((await body)?.length).to.equal(content.carFile.bytes);
  });

  it('takes an answer that comes before the body: the edge has the content already', async () => {
    serve = (_request, response) => {
      response.writeHead(201, { connection: 'close' });
      response.end('{}');
    };
    const progress: number[] = [];
    await pushed({ onProgress: (sent) => progress.push(sent) });
    expect(progress).to.deep.equal([]);
  });

  it('does not repeat what is refused for good, and hands the edge’s code, values and remedy on', async () => {
    serve = (_request, response) => refuse(response, 403, 'UPLOAD_BAD_SIGNATURE');
    const error = await refusal(pushed());
    expect(error.code).to.equal('PUSH_REFUSED');
    expect(error.values).to.include({ refusal: 'UPLOAD_BAD_SIGNATURE', status: 403, need: 5, node });
    expect(error.remedy).to.equal('Mend it.');
    expect(attempts).to.equal(1);
  });

  it('hears a refusal that comes in the middle of the body', async () => {
    serve = (request, response) => {
      response.writeContinue();
      // The answer is whole at once, and the connection lingers until the client has heard it: a server that closes on
      // unread bytes resets the connection, and the answer may be lost with it.
      request.once('data', () => {
        const answer = refusalBody('UPLOAD_TOO_LARGE');
        response.writeHead(413, { 'content-length': Buffer.byteLength(answer) });
        response.write(answer);
        request.resume().once('close', () => response.end());
      });
    };
    const error = await refusal(pushed());
    expect(error.values['refusal']).to.equal('UPLOAD_TOO_LARGE');
  });

  it('gives up after its attempts, naming the node', async () => {
    serve = (request) => request.socket.destroy();
    const error = await refusal(pushed());
    expect(error.code).to.equal('PUSH_FAILED');
    expect(error.values['node']).to.equal(node);
    expect(attempts).to.equal(4);
  });

  it('gives up on an edge that takes no bytes', async () => {
    serve = (_request, response) => response.writeContinue();
    const error = await refusal(pushed({ stallTimeoutMs: 100 }));
    expect(error.code).to.equal('PUSH_FAILED');
  });

  it('refuses a node without an HTTP endpoint', async () => {
    const error = await refusal(pushed({}, ['/ip4/127.0.0.1/tcp/4001', '/ip4/127.0.0.1/udp/4001/quic-v1']));
    expect(error.code).to.equal('ENDPOINT_MISSING');
    expect(error.values).to.deep.equal({ node, endpoints: 2 });
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    serve = (request, response) => {
      response.writeContinue();
      request.once('data', () => controller.abort());
    };
    await pushed({ signal: controller.signal }).then(
      () => expect.fail('it went on'),
      (error: unknown) => expect(error).to.equal(controller.signal.reason),
    );
  });
});
