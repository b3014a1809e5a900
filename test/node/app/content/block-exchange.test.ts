import { generateKeyPair } from '@libp2p/crypto/keys';
import { expect } from 'chai';
import { CID } from 'multiformats/cid';
import { createHash } from 'node:crypto';
import { create as createDigest } from 'multiformats/hashes/digest';
import {
  BlockExchangeClient,
  type BlockHolder,
} from '../../../../node/adapters/libp2p/block-exchange-client.ts';
import {
  BlockExchangeError,
  blockExchangeProtocol,
  decodeBlockAnswer,
  decodeBlockRequest,
  encodeBlockRequest,
  encodeOutcome,
} from '../../../../node/adapters/libp2p/block-exchange-protocol.ts';
import { BlockExchangeServer } from '../../../../node/adapters/libp2p/block-exchange-server.ts';
import { createHost, type Host } from '../../../../node/adapters/libp2p/host.ts';
import { parseAddress, parseDealId } from '../../../../sdk/protocol/identifiers.ts';
import { MAX_BLOCK_BYTES } from '../../../../sdk/protocol/limits.ts';
import fc from 'fast-check';

const dealId = parseDealId(`0x${'11'.repeat(32)}`);
const otherDeal = parseDealId(`0x${'22'.repeat(32)}`);
const protocol = blockExchangeProtocol(31_337, parseAddress(`0x${'33'.repeat(20)}`));

function rawCid(bytes: Uint8Array): CID {
  return CID.createV1(0x55, createDigest(0x12, new Uint8Array(createHash('sha256').update(bytes).digest())));
}

async function startHost(): Promise<Host> {
  const privateKey = await generateKeyPair('Ed25519');
  const host = await createHost({ privateKey, listenAddresses: ['/ip4/127.0.0.1/tcp/0'] });
  await host.start();
  return host;
}

async function refusal(promise: Promise<unknown>): Promise<BlockExchangeError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof BlockExchangeError) return error;
    throw error;
  }
  expect.fail('expected a refusal');
}

describe('block exchange', () => {
  const block = new Uint8Array(MAX_BLOCK_BYTES).map((_, index) => index % 251);
  let serving: Host;
  let asking: Host;
  let server: BlockExchangeServer;
  let client: BlockExchangeClient;
  let holder: BlockHolder;
  const { signal } = new AbortController();

  before(async () => {
    [serving, asking] = await Promise.all([startHost(), startHost()]);
    server = new BlockExchangeServer(
      {
        host: serving,
        source: {
          mayFetch: async (key, deal) =>
            deal === dealId && Buffer.compare(key, asking.peerId.publicKey?.raw ?? new Uint8Array()) === 0,
          blockOf: async (_deal, cid) => (cid.equals(rawCid(block)) ? block : undefined),
          onFailure: () => undefined,
        },
      },
      { protocol },
    );
    await server.start();
    client = new BlockExchangeClient({ host: asking }, { protocol });
    holder = {
      peerId: serving.peerId.toString(),
      addresses: ['/ip4/127.0.0.1/tcp/1/http', ...serving.getMultiaddrs().map(String)],
    };
  });

  after(async () => {
    await Promise.all([serving.stop(), asking.stop()]);
  });

  it('gives blocks of the largest size one after the other on a kept stream, and says what is missing', async () => {
    const conversation = await client.open(holder, signal);
    for (let round = 0; round < 5; round++) {
      const got = await conversation.fetch({ dealId, cid: rawCid(block) }, signal);
      expect(got !== undefined && Buffer.compare(got, block) === 0, `round ${round}`).to.equal(true);
    }
    expect(await conversation.fetch({ dealId, cid: rawCid(new Uint8Array(3)) }, signal)).to.equal(undefined);
    await conversation.close();
  });

  it('refuses a node that is not allocated in the deal', async () => {
    const conversation = await client.open(holder, signal);
    const error = await refusal(conversation.fetch({ dealId: otherDeal, cid: rawCid(block) }, signal));
    expect(error.code).to.equal('BLOCK_HOLDER_REFUSED');
    expect(error.values).to.deep.equal({ peerId: holder.peerId });
    await conversation.close();
  });

  it('says when the holder cannot be reached, or when somebody else is at its address', async () => {
    const gone = { peerId: holder.peerId.replace(/.$/, 'x'), addresses: ['/ip4/127.0.0.1/tcp/1'] };
    expect((await refusal(client.open(gone, signal))).code).to.equal('BLOCK_HOLDER_UNREACHABLE');
  });

  it('decodes any bytes to a request or an answer, or refuses with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        for (const decode of [decodeBlockRequest, decodeBlockAnswer]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).to.be.instanceOf(BlockExchangeError);
          }
        }
      }),
    );
    const request = { dealId, cid: rawCid(block) };
    const decoded = decodeBlockRequest(encodeBlockRequest(request));
    expect([decoded.dealId, decoded.cid.toString()]).to.deep.equal([dealId, request.cid.toString()]);
    expect(decodeBlockAnswer(encodeOutcome('missing')).outcome).to.equal('missing');
  });
});
